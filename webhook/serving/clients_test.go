// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// issuer is a CA that makes certificates of clients.
type issuer struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return issuer{t, cert, key}
}

func (i issuer) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw})
}

func (i issuer) client(name string) *tls.Certificate {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(i.t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, i.cert, key.Public(), i.key)
	require.NoError(i.t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestOnlyClientsOfTheCAAreLetIn(t *testing.T) {
	ours, other := newIssuer(t), newIssuer(t)
	file := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(file, ours.pem(), 0o600))
	clients, err := TrustClients(file, []string{"kube-apiserver"})
	require.NoError(t, err)

	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") }))
	server.StartTLS() // makes a certificate
	certificate := server.TLS.Certificates[0]
	server.Close()
	server = httptest.NewUnstartedServer(server.Config.Handler)
	server.Config.ErrorLog = nil
	config := &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &certificate, nil }}
	clients.Configure(config)
	server.TLS = config
	server.StartTLS()
	defer server.Close()

	in := func(certificate *tls.Certificate) bool {
		config := &tls.Config{InsecureSkipVerify: true}
		if certificate != nil {
			config.Certificates = []tls.Certificate{*certificate}
		}
		client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}, Timeout: 5 * time.Second}
		response, err := client.Get(server.URL)
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	}
	assert.True(t, in(ours.client("kube-apiserver")))
	assert.False(t, in(nil), "no certificate")
	assert.False(t, in(ours.client("somebody")), "another name")
	assert.False(t, in(other.client("kube-apiserver")), "another CA")

	require.NoError(t, os.WriteFile(file, other.pem(), 0o600))
	assert.True(t, in(other.client("kube-apiserver")), "the CA changed")
	assert.False(t, in(ours.client("kube-apiserver")))
	require.NoError(t, os.WriteFile(file, []byte("half"), 0o600))
	assert.True(t, in(other.client("kube-apiserver")), "in the middle of a change the last good one stays")

	_, err = TrustClients(file, nil)
	require.ErrorContains(t, err, "it holds no certificate")
	_, err = TrustClients(file+"x", nil)
	require.ErrorContains(t, err, "no such file")
}
