// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traced

import (
	"context"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Review begins the span of a review, and gives the request that carries it. The
// function ends it with the review's verdict; those in bad are failures.
func Review(tracer trace.Tracer, r *http.Request, path string, bad ...string) (*http.Request, func(verdict string)) {
	if tracer == nil {
		return r, func(string) {}
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := tracer.Start(ctx, "review "+path, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("evenkeel.path", path)))
	return r.WithContext(ctx), func(verdict string) {
		span.SetAttributes(attribute.String("evenkeel.verdict", verdict))
		if slices.Contains(bad, verdict) {
			span.SetStatus(codes.Error, verdict)
		}
		span.End()
	}
}

// About says in the span of a review whose object it is about.
func About(ctx context.Context, operation, namespace, name string) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(
			attribute.String("evenkeel.operation", operation), attribute.String("k8s.namespace.name", namespace), attribute.String("evenkeel.name", name),
		)
	}
}

// Checks says in the span of a review how long each of its checks took, which come
// one after the other. What watches them already, if anything does, still does.
func Checks(ctx context.Context, now func() time.Time, besides func(check string, over bool)) func(check string, over bool) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return besides
	}
	var start time.Time
	return func(check string, over bool) {
		if besides != nil {
			besides(check, over)
		}
		if !over {
			start = now()
			return
		}
		span.SetAttributes(attribute.Float64("evenkeel.check."+check+".seconds", now().Sub(start).Seconds()))
	}
}
