// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
)

// TestFiles serves a certificate of files, with TLS 1.3 and nothing older.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	source := Files(dir)
	assert.ErrorContains(t, source.Ready(nil), "no serving certificate yet")

	authority := newCA(t, caName, time.Now().Add(-time.Minute))
	cert, key := authority.leafPEM(t, time.Now().Add(-time.Minute), time.Hour)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tls.crt"), cert, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tls.key"), key, 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- source.Start(ctx) }()
	require.Eventually(t, func() bool { return source.Ready(nil) == nil }, 5*time.Second, 10*time.Millisecond)

	server := &tls.Config{}
	source.Configure(server)
	pool := x509.NewCertPool()
	pool.AddCert(authority.cert)
	trusting := func(most uint16) *tls.Config {
		return &tls.Config{RootCAs: pool, ServerName: "evenkeel-webhook.evenkeel-system.svc", MaxVersion: most}
	}
	assert.NoError(t, handshake(t, server, trusting(tls.VersionTLS13)))
	assert.ErrorContains(t, handshake(t, server, trusting(tls.VersionTLS12)), "protocol version")

	cancel()
	assert.NoError(t, <-done, "a source that is told to end has not failed")
	assert.False(t, source.NeedLeaderElection())
}

func handshake(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	near, far := net.Pipe()
	defer func() { _ = near.Close() }()
	defer func() { _ = far.Close() }()
	go func() { _ = tls.Server(far, server).HandshakeContext(t.Context()) }()
	return tls.Client(near, client).HandshakeContext(t.Context())
}

// TestSelfKeptWithoutCluster waits for the API server, and ends without an error.
func TestSelfKeptWithoutCluster(t *testing.T) {
	source := SelfKept(&rest.Config{Host: "127.0.0.1:1"}, "evenkeel-system", "evenkeel-ca", "evenkeel-webhook")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	assert.NoError(t, source.Start(ctx))
	assert.ErrorContains(t, source.Ready(nil), "no serving certificate yet")
}
