// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// drain is the time between the signal to end and the end: the replica is no
// longer ready, still answers those who have not heard of it, and takes leave of
// each of them with its answer.
type drain struct {
	delay time.Duration
	begun atomic.Bool
	// ask asks for the end, as the signal does.
	ask context.CancelFunc
}

// after gives a context that ends the delay after the one given.
func (d *drain) after(ctx context.Context) context.Context {
	late, end := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		d.begun.Store(true)
		time.AfterFunc(d.delay, end)
	})
	return late
}

func (d *drain) ready(*http.Request) error {
	if d.begun.Load() {
		return errors.New("draining: about to end")
	}
	return nil
}

// leaving serves paths so that every answer of the drain is the last one of its
// connection.
//
// API servers call webhooks by HTTP/1.1, over connections that they keep, and to
// which the Service is no longer asked anything. A server that ends closes them
// without a word; a review that is on its way then fails, since a client may not
// send a POST twice. Told with an answer that nothing follows it, the client opens
// its next connection, which leads to another replica. Only a connection that is
// silent for the whole drain is closed without a word.
func (d *drain) leaving(serve func(path string, handler http.Handler)) func(string, http.Handler) {
	return func(path string, handler http.Handler) {
		serve(path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if d.begun.Load() {
				w.Header().Set("Connection", "close")
			}
			handler.ServeHTTP(w, r)
		}))
	}
}
