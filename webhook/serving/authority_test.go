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
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// born is when the first CA of these tests was made.
var born = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// testCA is a CA that lasts a year.
type testCA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newCA(t *testing.T, name string, made time.Time) testCA {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(made.UnixNano()), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: made, NotAfter: made.Add(caDuration), KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	return testCA{cert: cert, key: key, pem: encode(cert)}
}

// leaf signs a serving certificate.
func (c testCA) leaf(t *testing.T, made time.Time, lasts time.Duration) *tls.Certificate {
	t.Helper()
	certPEM, keyPEM := c.leafPEM(t, made, lasts)
	leaf, err := tls.X509KeyPair(certPEM, keyPEM)
	require.NoError(t, err)
	return &leaf
}

func (c testCA) leafPEM(t *testing.T, made time.Time, lasts time.Duration) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(made.UnixNano()), DNSNames: []string{"evenkeel-webhook.evenkeel-system.svc"},
		NotBefore: made, NotAfter: made.Add(lasts), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, c.cert, private.Public(), c.key)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
