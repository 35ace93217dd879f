// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDrain(t *testing.T) {
	for _, row := range []struct {
		name  string
		delay time.Duration
	}{
		{"serves on, unready, for the delay", 5 * time.Second},
		{"ends at once where something else has waited", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				signal, send := context.WithCancel(t.Context())
				d := &drain{delay: row.delay}
				serving := d.after(signal)
				require.NoError(t, d.ready(nil))
				require.NoError(t, serving.Err())

				begun := time.Now()
				send()
				synctest.Wait()
				assert.EqualError(t, d.ready(nil), "draining: about to end")
				<-serving.Done()
				assert.Equal(t, row.delay, time.Since(begun))
			})
		})
	}
}

// In the drain each connection ends with its next answer, by the word of the
// server, as API servers (HTTP/1.1) and others (HTTP/2) keep it.
func TestLeaving(t *testing.T) {
	for _, row := range []struct {
		name string
		two  bool
	}{{"HTTP/1.1", false}, {"HTTP/2.0", true}} {
		t.Run(row.name, func(t *testing.T) {
			d := &drain{}
			mux := http.NewServeMux()
			d.leaving(mux.Handle)("/review", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(w, r.Body)
			}))
			server := httptest.NewUnstartedServer(mux)
			server.EnableHTTP2 = row.two
			server.StartTLS()
			t.Cleanup(server.Close)

			// ask tells whether the connection was one that was there.
			ask := func() bool {
				t.Helper()
				kept := false
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { kept = got.Reused }})
				request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/review", strings.NewReader("a review"))
				require.NoError(t, err)
				answer, err := server.Client().Do(request)
				require.NoError(t, err)
				body, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				require.NoError(t, answer.Body.Close())
				require.Equal(t, "a review", string(body))
				require.Equal(t, row.name, answer.Proto)
				return kept
			}
			assert.False(t, ask(), "the first connection")
			assert.True(t, ask(), "kept")
			d.begun.Store(true)
			assert.True(t, ask(), "served on")
			require.Eventually(t, func() bool { return !ask() }, 10*time.Second, 10*time.Millisecond, "and left")
			if !row.two {
				assert.False(t, ask(), "as is each one after it")
			}
		})
	}
}
