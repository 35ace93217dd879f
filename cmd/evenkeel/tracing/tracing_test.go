// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

func of(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

// Nothing is traced where nobody asked for it.
func TestOffByDefault(t *testing.T) {
	for _, env := range []map[string]string{
		nil,
		{"OTEL_SERVICE_NAME": "x"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
	} {
		traces, err := New(t.Context(), of(env), "v1", logr.Discard())
		require.NoError(t, err)
		assert.Nil(t, traces.Tracer(), env)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		assert.NoError(t, traces.Start(ended))
	}
}

func TestAProtocolThatIsNotKnown(t *testing.T) {
	_, err := New(t.Context(), of(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "thrift"}), "v1", logr.Discard())
	assert.EqualError(t, err, `OTEL_EXPORTER_OTLP_PROTOCOL="thrift" is not known: use grpc or http/protobuf`)
}

// What was traced has reached the collector when the manager ends.
func TestSpansReachTheCollector(t *testing.T) {
	got := make(chan *collector.ExportTraceServiceRequest, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := &collector.ExportTraceServiceRequest{}
		assert.NoError(t, proto.Unmarshal(body, request))
		assert.Equal(t, "/v1/traces", r.URL.Path)
		got <- request
	}))
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL) // the library reads it by itself
	traces, err := New(t.Context(), of(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}), "v1", logr.Discard())
	require.NoError(t, err)
	_, span := traces.Tracer().Start(t.Context(), "review /mutate/deployments")
	span.End()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, traces.Start(ended))
	select {
	case request := <-got:
		require.Len(t, request.ResourceSpans, 1)
		assert.Equal(t, "review /mutate/deployments", request.ResourceSpans[0].ScopeSpans[0].Spans[0].Name)
		assert.Contains(t, request.ResourceSpans[0].Resource.String(), "evenkeel")
	case <-time.After(5 * time.Second):
		t.Fatal("nothing came")
	}
}

// A collector that is gone holds up nobody.
func TestACollectorThatIsGone(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	for _, protocol := range []string{protocolGRPC, protocolHTTP} {
		traces, err := New(t.Context(), of(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}), "v1", logr.Discard())
		require.NoError(t, err)
		_, span := traces.Tracer().Start(t.Context(), "x")
		span.End()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		before := time.Now()
		assert.NoError(t, traces.Start(ended))
		assert.Less(t, time.Since(before), flush+5*time.Second)
	}
}
