// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traced

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func TestTheSpanOfALook(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	fails := errors.New("no answer")
	traced := Reconciler(tracer, "Deployment", reconcile.Func(func(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
		assert.True(t, trace.SpanFromContext(ctx).IsRecording())
		return reconcile.Result{RequeueAfter: 3 * time.Second}, fails
	}))
	request := reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: "demo"}}
	result, err := traced.Reconcile(t.Context(), request)
	require.ErrorIs(t, err, fails)
	assert.Equal(t, 3*time.Second, result.RequeueAfter)
	require.Len(t, spans.Ended(), 1)
	span := spans.Ended()[0]
	assert.Equal(t, "reconcile Deployment", span.Name())
	assert.Equal(t, codes.Error, span.Status().Code)
	said := map[string]any{}
	for _, one := range span.Attributes() {
		said[string(one.Key)] = one.Value.AsInterface()
	}
	assert.Equal(t, map[string]any{"k8s.namespace.name": "shop", "evenkeel.kind": "Deployment", "evenkeel.name": "demo", "evenkeel.again_after.seconds": 3.0}, said)

	fails = nil
	_, err = traced.Reconcile(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, codes.Unset, spans.Ended()[1].Status().Code)
}

type plain struct{ reconcile.Reconciler }

func TestWithoutATracer(t *testing.T) {
	assert.Equal(t, plain{}, Reconciler(nil, "Deployment", plain{}))
}
