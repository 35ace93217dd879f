// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chromium

package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/traffic/page/serve"
)

// looked shows the first page in Chromium for ten seconds of its time, and gives
// what is on it then. Looks after the first one get what answer makes of them.
func looked(t *testing.T, answer http.HandlerFunc) (dom, said string) {
	t.Helper()
	program, err := exec.LookPath("chromium")
	require.NoError(t, err)
	pages := serve.Handler(usual, clock)
	var looks atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && looks.Add(1) > 1 {
			answer(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom", server.URL)
	var told bytes.Buffer
	cmd.Stderr = &told
	out, err := cmd.Output()
	require.NoError(t, err)
	assert.Greater(t, looks.Load(), int32(1), "the script looks again")
	return string(out), told.String()
}

func TestTheScriptBringsThePageUpToDate(t *testing.T) {
	dom, said := looked(t, func(w http.ResponseWriter, r *http.Request) {
		serve.Handler(quiet, clock).ServeHTTP(w, r)
	})
	assert.Contains(t, dom, "Nothing is in flight.")
	assert.NotContains(t, dom, "ledger-api")
	assert.Contains(t, dom, `class="stale" role="status" hidden`)
	assert.NotContains(t, said, "Content Security Policy")
}

func TestTheScriptSaysWhenNobodyAnswers(t *testing.T) {
	dom, _ := looked(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "gone", http.StatusBadGateway)
	})
	assert.Contains(t, dom, "ledger-api", "what was seen last stays")
	assert.Regexp(t, `class="stale" role="status">Not reached since <span>\d\d:\d\d:\d\d UTC</span>`, dom)
}
