// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chromium

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
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
	program := chromium(t)
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
	cmd := exec.CommandContext(ctx, program, flags(t.TempDir(), "--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom", server.URL)...)
	var told bytes.Buffer
	cmd.Stderr = &told
	out, err := cmd.Output()
	require.NoError(t, err)
	assert.Greater(t, looks.Load(), int32(1), "the script looks again")
	return string(out), told.String()
}

// framed serves a page in a frame as wide as is asked for, since a browser's window is
// never as narrow as a phone; the frame tells the page around it what it is like.
func framed(of examples, path string) http.Handler {
	const tell = `<script>parent.document.documentElement.dataset.seen = [innerWidth, document.documentElement.scrollWidth,
		getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color].join(" ")</script></body>`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if width := r.FormValue("width"); width != "" {
			_, _ = fmt.Fprintf(w, `<!doctype html><iframe style="border: 0" width="%s" height="900" src="%s"></iframe>`, width, path)
			return
		}
		answer := httptest.NewRecorder()
		serve.Handler(of, clock).ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type")) // and not what forbids the frame, and its script
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, strings.Replace(answer.Body.String(), "</body>", tell, 1))
	})
}

// No page is wider than its window, whatever stands on it; and whoever wants it dark
// gets it dark.
func TestEveryPageFitsItsWindow(t *testing.T) {
	program, seen := chromium(t), regexp.MustCompile(`data-seen="([^"]*)"`)
	for _, one := range pictures {
		server := httptest.NewServer(framed(one.of, one.path))
		for _, row := range []struct{ scheme, width, shown string }{
			{"1", "390", "390 390 rgb(244, 246, 248) rgb(22, 32, 44)"},
			{"0", "1280", "1280 1280 rgb(15, 21, 28) rgb(232, 237, 243)"},
		} {
			out, err := exec.CommandContext(t.Context(), program, flags(t.TempDir(), "--window-size=1400,1000", "--hide-scrollbars",
				"--blink-settings=preferredColorScheme="+row.scheme, "--dump-dom", server.URL+"/?width="+row.width)...).Output()
			require.NoError(t, err)
			found := seen.FindStringSubmatch(string(out))
			require.NotNil(t, found, "%s, %s", one.name, row.width)
			assert.Equal(t, row.shown, found[1], "%s, %s", one.name, row.width)
		}
		server.Close()
	}
}

// chromium finds the browser.
func chromium(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("chromium")
	require.NoError(t, err)
	return program
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
