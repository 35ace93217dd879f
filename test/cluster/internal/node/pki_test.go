// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryCertificateIsTrustedByTheCA(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, writePKI(dir))
	ca, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca))
	for _, id := range identities {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, id.name+".crt"), filepath.Join(dir, id.name+".key"))
		require.NoError(t, err)
		_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		require.NoError(t, err, id.name)
		assert.Equal(t, id.user, pair.Leaf.Subject.CommonName)
		for _, host := range id.hosts {
			require.NoError(t, pair.Leaf.VerifyHostname(host))
		}
		if id.kubeconfig {
			assert.FileExists(t, filepath.Join(dir, id.name+".kubeconfig"))
		}
	}
}
