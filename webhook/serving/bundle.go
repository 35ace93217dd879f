// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"time"
)

const (
	// caKey is the key of the Secret under which the CA stands.
	caKey = "ca.crt"
	// overlap is how long the CA before stays trusted beside a new one: long
	// enough for every replica to change over, and short, since a CA may be
	// replaced because its key leaked.
	overlap = time.Hour
	// mostBefore bounds a caBundle where CAs are replaced in a hurry.
	mostBefore = 3
)

// ca is the authority that callers are to trust.
type ca struct {
	pem  []byte
	cert *x509.Certificate
}

func parseCA(data []byte) (ca, error) {
	found := certificates(data)
	if len(found) != 1 || !found[0].IsCA {
		return ca{}, errors.New("not one CA certificate")
	}
	return ca{pem: encode(found[0]), cert: found[0]}, nil
}

// bundle gives the caBundle that follows a live one: the CA first, then those
// that came before it, while they overlap.
func (c ca) bundle(live []byte, now time.Time) []byte {
	out := bytes.Clone(c.pem)
	if c.rest(now) <= 0 {
		return out
	}
	before := 0
	for _, cert := range certificates(live) {
		if before < mostBefore && c.follows(cert) && now.Before(cert.NotAfter) {
			out, before = append(out, encode(cert)...), before+1
		}
	}
	return out
}

// rest is how long the overlap still lasts.
func (c ca) rest(now time.Time) time.Duration {
	return c.cert.NotBefore.Add(overlap).Sub(now)
}

// follows tells a CA that was ours from whatever else stands in a caBundle.
func (c ca) follows(cert *x509.Certificate) bool {
	return cert.IsCA && !cert.Equal(c.cert) && cert.Subject.String() == c.cert.Subject.String()
}

// certificates reads what there is to read of a PEM bundle.
func certificates(data []byte) []*x509.Certificate {
	var out []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return out
		}
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			out = append(out, cert)
		}
	}
}

func encode(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
