// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
)

// maxBody bounds what is read of an answer.
const maxBody = 64 << 10

// web is a client of HTTP.
type web struct {
	config Config
	client *http.Client
}

// newWeb gives a client with a transport of its own, so that a kept connection
// belongs to one client.
func newWeb(config Config, keeps bool) client {
	transport := &http.Transport{DisableKeepAlives: !keeps}
	return &web{config, &http.Client{Timeout: config.Timeout, Transport: transport, CheckRedirect: asItIs}}
}

// asItIs follows no redirect: whoever asks for the application wants its answer.
func asItIs(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (w *web) close() { w.client.CloseIdleConnections() }

func (w *web) ask() (seen answer) {
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			seen.reused = info.Reused
			seen.attempts++
		},
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.config.URL, nil)
	if err != nil {
		seen.err = err
		return seen
	}
	if w.config.Header != nil {
		request.Header = w.config.Header.Clone()
	}
	if w.config.Host != "" {
		request.Host = w.config.Host
	}
	response, err := w.client.Do(request)
	if err != nil {
		seen.err = err
		return seen
	}
	defer func() { _ = response.Body.Close() }()
	seen.version, seen.pod, seen.err = read(response)
	return seen
}

// read takes version and pod from an answer. Any other answer is a failure.
func read(response *http.Response) (version, pod string, err error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return "", "", fmt.Errorf("cannot read the answer: %w", err)
	}
	words := strings.Fields(string(body))
	if response.StatusCode != http.StatusOK || len(words) != 2 {
		return "", "", fmt.Errorf("%s: %.80q", response.Status, body)
	}
	return words[0], words[1], nil
}
