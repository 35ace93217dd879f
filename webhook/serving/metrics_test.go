// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// What ends is shown from when it is known.
func TestExpiries(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	authority := newCA(t, caName, born)
	var served *tls.Certificate
	source := Source{get: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if served == nil {
			return nil, errors.New("not yet")
		}
		return served, nil
	}}
	keeper := newKeeper(caSecret(authority.pem))
	require.NoError(t, RegisterMetrics(registry, source, keeper.Keeper))
	require.ErrorContains(t, RegisterMetrics(registry, source, nil), "cannot register the metrics of certificates")
	const head = `
# HELP evenkeel_certificate_expiry_timestamp_seconds When a certificate ends, in seconds since 1970: the one that is served, and the CA where Evenkeel keeps it (which: serving or ca).
# TYPE evenkeel_certificate_expiry_timestamp_seconds gauge
`
	count, err := testutil.GatherAndCount(registry)
	require.NoError(t, err)
	require.Zero(t, count)

	served = authority.leaf(t, born, time.Hour)
	_, err = keeper.Reconcile(t.Context(), reconcile.Request{})
	require.NoError(t, err)
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(head+fmt.Sprintf(
		"evenkeel_certificate_expiry_timestamp_seconds{which=\"ca\"} %d\nevenkeel_certificate_expiry_timestamp_seconds{which=\"serving\"} %d\n",
		authority.cert.NotAfter.Unix(), served.Leaf.NotAfter.Unix(),
	))))
}
