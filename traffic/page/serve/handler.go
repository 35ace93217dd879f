// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"path"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/page"
)

// patience is how long a page may take to read what it shows.
const patience = 5 * time.Second

// Source is where pages have their data from; Cluster is the one in use.
type Source interface {
	All(ctx context.Context) ([]page.Seen, error)
	One(ctx context.Context, kind, namespace, name string) (seen page.Seen, found bool, err error)
	Past(ctx context.Context, s page.Seen) page.Past
}

// Handler answers with pages of what the source has.
func Handler(source Source, now func() time.Time) http.Handler {
	h := &handler{source: source, now: now}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.overview)
	mux.HandleFunc("GET /{namespace}/{kind}/{name}", h.detail)
	for _, name := range []string{"page.css", "page.js", "icon.svg"} {
		mux.HandleFunc("GET /"+name, asset(name))
	}
	return guard(mux)
}

type handler struct {
	source Source
	now    func() time.Time
}

func (h *handler) overview(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	all, err := h.source.All(ctx)
	if err != nil {
		unread(w, err)
		return
	}
	send(w, http.StatusOK, func(to io.Writer) error { return page.WriteOverview(to, page.Over(all, h.now())) })
}

func (h *handler) detail(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	kind, namespace, name := r.PathValue("kind"), r.PathValue("namespace"), r.PathValue("name")
	seen, found, err := h.source.One(ctx, kind, namespace, name)
	switch {
	case err != nil:
		unread(w, err)
	case !found:
		missing(w, http.StatusNotFound, fmt.Sprintf("There is no %s %q in the namespace %q, or it was deleted.", kind, name, namespace))
	default:
		past := h.source.Past(ctx, seen)
		send(w, http.StatusOK, func(to io.Writer) error { return page.WriteDetail(to, page.Of(seen, past, h.now())) })
	}
}

// unread says that the cluster cannot be read, or not yet.
func unread(w http.ResponseWriter, err error) {
	missing(w, http.StatusServiceUnavailable, "This manager cannot read the cluster, or not yet: "+brief(err)+". Try again in a few seconds.")
}

func missing(w http.ResponseWriter, code int, why string) {
	send(w, code, func(to io.Writer) error { return page.WriteMissing(to, why) })
}

// send writes a page as a whole or not at all.
func send(w http.ResponseWriter, code int, write func(io.Writer) error) {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = text.WriteTo(w) // whoever asked is gone
}

func asset(name string) http.HandlerFunc {
	text, kind := page.Asset(name), mime.TypeByExtension(path.Ext(name))
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(text) // whoever asked is gone
	}
}

// headers are those of every answer: nothing from elsewhere is loaded, nobody
// else's page may frame or read it, and nothing of it is kept.
var headers = map[string]string{
	"Content-Security-Policy":      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Cache-Control":                "no-store",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
}

// guard answers only who speaks to a loopback name: a page of another host whose
// name was bent to 127.0.0.1 does not.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if !loopback(r.Host) {
			http.Error(w, "This page is for localhost and 127.0.0.1 alone: open it by kubectl evenkeel dashboard.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopback tells whether a Host header, with a port or without, names this host.
func loopback(host string) bool {
	name := host
	if alone, _, err := net.SplitHostPort(host); err == nil {
		name = alone
	}
	return name == "localhost" || name == "127.0.0.1" || name == "::1" || name == "[::1]"
}
