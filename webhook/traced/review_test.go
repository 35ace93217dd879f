// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traced

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// A review is a part of the API server's trace, and says what became of it and how
// long its checks took.
func TestTheSpanOfAReview(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	r := httptest.NewRequest(http.MethodPost, "/mutate/deployments", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	r, end := Review(tracer, r, "/mutate/deployments", "error")
	About(r.Context(), "CREATE", "shop", "demo")
	now, besides := time.Unix(0, 0), []string{}
	clock := func() time.Time { return now }
	watch := Checks(r.Context(), clock, func(check string, over bool) { besides = append(besides, fmt.Sprint(check, over)) })
	for _, took := range []struct {
		check   string
		seconds time.Duration
	}{{"pdb", 3}, {"grace", 1}} {
		watch(took.check, false)
		now = now.Add(took.seconds * time.Second)
		watch(took.check, true)
		now = now.Add(time.Hour) // what is between two checks is of none
	}
	end("error")

	require.Len(t, spans.Ended(), 1)
	span := spans.Ended()[0]
	assert.Equal(t, "review /mutate/deployments", span.Name())
	assert.Equal(t, "0af7651916cd43dd8448eb211c80319c", span.SpanContext().TraceID().String())
	assert.Equal(t, codes.Error, span.Status().Code)
	said := map[string]any{}
	for _, one := range span.Attributes() {
		said[string(one.Key)] = one.Value.AsInterface()
	}
	assert.Equal(t, map[string]any{
		"evenkeel.path": "/mutate/deployments", "evenkeel.operation": "CREATE", "k8s.namespace.name": "shop", "evenkeel.name": "demo", "evenkeel.verdict": "error",
		"evenkeel.check.pdb.seconds": 3.0, "evenkeel.check.grace.seconds": 1.0,
	}, said)
	assert.Equal(t, []string{"pdbfalse", "pdbtrue", "gracefalse", "gracetrue"}, besides, "what watched before still does")
}

// Without a tracer nothing is added, and nothing breaks.
func TestWithoutATracer(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/x", nil)
	same, end := Review(nil, r, "/x")
	assert.Same(t, r, same)
	About(r.Context(), "CREATE", "shop", "demo")
	end("allowed")
	assert.Nil(t, Checks(r.Context(), time.Now, nil))
}
