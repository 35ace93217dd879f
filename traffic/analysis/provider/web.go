// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxBody bounds an answer, in bytes: one number does not take more.
const maxBody = 1 << 20

// newWeb gives the client by which others are asked. Time is bounded by each
// question's context.
func newWeb() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.IdleConnTimeout = 2, time.Minute
	return &http.Client{Transport: bounded{transport}, CheckRedirect: sameHost}
}

// sameHost lets nobody send a question, and the token or the signature with it,
// to another host.
func sameHost(next *http.Request, before []*http.Request) error {
	if first := before[0].URL; next.URL.Host != first.Host || next.URL.Scheme != first.Scheme {
		return fmt.Errorf("it redirects to another host, %q, which is not followed", next.URL.Host)
	}
	if len(before) >= 3 {
		return fmt.Errorf("it redirects more than %d times", len(before))
	}
	return nil
}

// bounded cuts what answers hold.
type bounded struct{ next http.RoundTripper }

// RoundTrip is an http.RoundTripper's.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(r)
	if err == nil {
		response.Body = cut{io.LimitReader(response.Body, maxBody), response.Body}
	}
	return response, err
}

type cut struct {
	io.Reader
	io.Closer
}

// token sends a bearer token with each request.
type token struct {
	next  http.RoundTripper
	value string
}

// RoundTrip is an http.RoundTripper's.
func (t token) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+t.value)
	return t.next.RoundTrip(r)
}
