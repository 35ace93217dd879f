// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
)

// Clients lets in only who has a certificate of a CA, and where names are given,
// one of them.
type Clients struct {
	file  string
	names []string
	mu    sync.Mutex
	text  []byte
	pool  *x509.CertPool
}

// TrustClients reads the CA of clients out of a file, which may change: each
// handshake sees it as it is. Names are common names or DNS names; none lets in
// whoever has a certificate.
func TrustClients(file string, names []string) (*Clients, error) {
	c := &Clients{file: file, names: names}
	_, err := c.authorities()
	return c, err
}

// authorities is the CA as the file has it. A file that cannot be read, as in the
// middle of a change, leaves the last good one.
func (c *Clients) authorities() (*x509.CertPool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, err := os.ReadFile(c.file)
	if err == nil && (c.pool == nil || !bytes.Equal(text, c.text)) {
		pool := x509.NewCertPool()
		if pool.AppendCertsFromPEM(text) {
			c.text, c.pool = text, pool
		} else {
			err = errors.New("it holds no certificate")
		}
	}
	if c.pool == nil {
		return nil, fmt.Errorf("cannot read the CA of clients %s: %w", c.file, err)
	}
	return c.pool, nil
}

// Configure makes a server ask clients for their certificates.
func (c *Clients) Configure(config *tls.Config) {
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.VerifyConnection = c.verify
	base := config.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		pool, err := c.authorities()
		if err != nil {
			return nil, err
		}
		this := base.Clone()
		this.GetCertificate, this.ClientCAs = config.GetCertificate, pool
		return this, nil
	}
}

// verify looks at the name of a client whose certificate is one of the CA.
func (c *Clients) verify(state tls.ConnectionState) error {
	if len(c.names) == 0 {
		return nil
	}
	leaf := state.PeerCertificates[0]
	if slices.Contains(c.names, leaf.Subject.CommonName) || slices.ContainsFunc(leaf.DNSNames, func(n string) bool { return slices.Contains(c.names, n) }) {
		return nil
	}
	return fmt.Errorf("client %q is none of those that are let in", leaf.Subject.CommonName)
}
