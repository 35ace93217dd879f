// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func files(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pki")
	require.NoError(t, Write(dir, "https://192.0.2.1:6443", []Identity{
		{Name: "server", User: "kube-apiserver", Hosts: []string{"192.0.2.1", "kubernetes.default.svc"}},
		{Name: "admin", User: "admin", Group: "system:masters"},
	}))
	return dir
}

func read(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".crt"))
	require.NoError(t, err)
	block, rest := pem.Decode(text)
	require.NotNil(t, block)
	require.Empty(t, rest)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return cert
}

func TestCertificatesVerify(t *testing.T) {
	dir := files(t)
	roots := x509.NewCertPool()
	roots.AddCert(read(t, dir, "ca"))
	for _, test := range []struct {
		name, host string
		usage      x509.ExtKeyUsage
		ok         bool
	}{
		{"server", "192.0.2.1", x509.ExtKeyUsageServerAuth, true},
		{"server", "kubernetes.default.svc", x509.ExtKeyUsageServerAuth, true},
		{"server", "192.0.2.2", x509.ExtKeyUsageServerAuth, false},
		{"admin", "", x509.ExtKeyUsageClientAuth, true},
	} {
		_, err := read(t, dir, test.name).Verify(x509.VerifyOptions{Roots: roots, DNSName: test.host, KeyUsages: []x509.ExtKeyUsage{test.usage}})
		assert.Equal(t, test.ok, err == nil, "%s for %q: %v", test.name, test.host, err)
	}
	admin := read(t, dir, "admin")
	assert.Equal(t, "admin", admin.Subject.CommonName)
	assert.Equal(t, []string{"system:masters"}, admin.Subject.Organization)
	assert.False(t, admin.IsCA)
	assert.NotEqual(t, admin.SerialNumber, read(t, dir, "server").SerialNumber)
}

func TestEachKeyFitsItsCertificateAndIsPrivate(t *testing.T) {
	dir := files(t)
	for _, name := range []string{"ca", "server", "admin"} {
		_, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key"))
		require.NoError(t, err, name)
	}
	for _, name := range []string{"ca.key", "sa.key", "admin.kubeconfig"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestTokenKeysAreAPair(t *testing.T) {
	dir := files(t)
	decode := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		block, _ := pem.Decode(text)
		require.NotNil(t, block)
		return block.Bytes
	}
	private, err := x509.ParseECPrivateKey(decode("sa.key"))
	require.NoError(t, err)
	public, err := x509.ParsePKIXPublicKey(decode("sa.pub"))
	require.NoError(t, err)
	assert.True(t, private.PublicKey.Equal(public))
}

func TestKubeconfigNamesServerAndFiles(t *testing.T) {
	dir := files(t)
	text, err := os.ReadFile(filepath.Join(dir, "admin.kubeconfig"))
	require.NoError(t, err)
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string
				CA     string `json:"certificate-authority"`
			}
		}
		Users []struct {
			User struct {
				Certificate string `json:"client-certificate"`
				Key         string `json:"client-key"`
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &config))
	assert.Equal(t, "https://192.0.2.1:6443", config.Clusters[0].Cluster.Server)
	for _, file := range []string{config.Clusters[0].Cluster.CA, config.Users[0].User.Certificate, config.Users[0].User.Key} {
		assert.FileExists(t, file)
	}
}
