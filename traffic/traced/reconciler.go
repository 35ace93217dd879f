// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traced

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Reconciler makes a span of each call of another one; without a tracer it is that
// one.
func Reconciler(tracer trace.Tracer, kind string, next reconcile.Reconciler) reconcile.Reconciler {
	if tracer == nil {
		return next
	}
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		ctx, span := tracer.Start(ctx, "reconcile "+kind, trace.WithAttributes(
			attribute.String("k8s.namespace.name", request.Namespace), attribute.String("evenkeel.kind", kind), attribute.String("evenkeel.name", request.Name),
		))
		defer span.End()
		result, err := next.Reconcile(ctx, request)
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, "it is tried again")
		}
		span.SetAttributes(attribute.Float64("evenkeel.again_after.seconds", result.RequeueAfter.Seconds()))
		return result, err
	})
}
