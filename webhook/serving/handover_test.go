// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"crypto/tls"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHandover(t *testing.T) {
	first, second := newCA(t, caName, born), newCA(t, caName, born)
	const day = 24 * time.Hour
	old, renewed, next := first.leaf(t, born, 7*day), first.leaf(t, born.Add(time.Second), 7*day), second.leaf(t, born, 7*day)
	short := first.leaf(t, born, 5*time.Second)
	type step struct {
		after       time.Duration // since born
		given, want *tls.Certificate
	}
	for _, row := range []struct {
		name  string
		steps []step
	}{
		{"the first leaf is served at once", []step{{0, old, old}}},
		{"a leaf of the same CA too", []step{{0, old, old}, {1, renewed, renewed}}},
		{"one of a new CA waits", []step{
			{0, old, old}, {time.Second, next, old}, {time.Second + handoverDelay - 1, next, old}, {time.Second + handoverDelay, next, next},
		}},
		{"but not past the end of the old one", []step{{0, short, short}, {time.Second, next, short}, {6 * time.Second, next, next}}},
		{"one that is taken back is forgotten", []step{
			{0, old, old}, {time.Second, next, old}, {2 * time.Second, old, old}, {time.Minute, next, old}, {time.Minute + handoverDelay, next, next},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var given *tls.Certificate
			var now time.Time
			h := &handover{
				delay: handoverDelay, now: func() time.Time { return now },
				next: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return given, nil },
			}
			for i, s := range row.steps {
				given, now = s.given, born.Add(s.after)
				got, err := h.GetCertificate(nil)
				require.NoError(t, err)
				assert.Same(t, s.want, got, "step %d", i)
			}
		})
	}
}

func TestHandoverWithoutCertificate(t *testing.T) {
	none := errors.New("none yet")
	h := &handover{now: time.Now, next: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, none }}
	_, err := h.GetCertificate(nil)
	assert.ErrorIs(t, err, none)
}
