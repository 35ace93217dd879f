// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"crypto/tls"
	"sync"
	"time"
)

// handoverDelay is how long a leaf of a new CA waits: the caBundle is written
// within a second, and an API server takes it from its watch.
const handoverDelay = 10 * time.Second

// handover keeps serving the leaf of the old CA until callers can trust the new
// one. A leaf that the same CA renewed is served at once.
type handover struct {
	next  func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	delay time.Duration
	now   func() time.Time

	mu     sync.Mutex
	served *tls.Certificate
	since  time.Time // when the new CA was first seen; zero when there is none
}

// GetCertificate gives the leaf to serve now.
func (h *handover) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	next, err := h.next(hello)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	switch {
	case h.served == nil, sameCA(h.served, next), now.After(h.served.Leaf.NotAfter):
		h.served, h.since = next, time.Time{}
	case h.since.IsZero():
		h.since = now
	case now.Sub(h.since) >= h.delay:
		h.served, h.since = next, time.Time{}
	}
	return h.served, nil
}

func sameCA(a, b *tls.Certificate) bool {
	return bytes.Equal(a.Leaf.AuthorityKeyId, b.Leaf.AuthorityKeyId)
}
