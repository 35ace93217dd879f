// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	// scope is how spans name who made them.
	scope = "github.com/evenkeel-dev/evenkeel"
	// flush is how long what is not sent yet may take at the end.
	flush = 5 * time.Second
)

// Tracing is what makes spans; the zero value makes none.
type Tracing struct{ provider *sdktrace.TracerProvider }

// New reads the environment by OpenTelemetry's own names. It traces where
// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, and
// OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER do not say otherwise. It waits for
// nobody: a collector that does not answer costs spans, which the log says.
func New(ctx context.Context, get func(string) string, version string, log logr.Logger) (Tracing, error) {
	if !wanted(get) {
		return Tracing{}, nil
	}
	client, err := clientFor(cmp.Or(get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), get("OTEL_EXPORTER_OTLP_PROTOCOL"), protocolHTTP))
	if err != nil {
		return Tracing{}, err
	}
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return Tracing{}, fmt.Errorf("cannot send traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Info("cannot send traces", "cause", err.Error()) }))
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "evenkeel"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return Tracing{}, fmt.Errorf("cannot read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return Tracing{provider: sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))}, nil
}

// The protocols, as OTEL_EXPORTER_OTLP_PROTOCOL names them.
const (
	protocolHTTP = "http/protobuf"
	protocolGRPC = "grpc"
)

func wanted(get func(string) string) bool {
	if strings.EqualFold(get("OTEL_SDK_DISABLED"), "true") || get("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return get("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

func clientFor(protocol string) (otlptrace.Client, error) {
	switch protocol {
	case protocolGRPC:
		return otlptracegrpc.NewClient(), nil
	case protocolHTTP:
		return otlptracehttp.NewClient(), nil
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=%q is not known: use %s or %s", protocol, protocolGRPC, protocolHTTP)
	}
}

// Tracer makes spans; nil where nothing is traced.
func (t Tracing) Tracer() trace.Tracer {
	if t.provider == nil {
		return nil
	}
	return t.provider.Tracer(scope)
}

// NeedLeaderElection tells that every replica traces.
func (Tracing) NeedLeaderElection() bool { return false }

// Start waits for the end, and sends then what is left.
func (t Tracing) Start(ctx context.Context) error {
	<-ctx.Done()
	if t.provider == nil {
		return nil
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), flush)
	defer cancel()
	if err := t.provider.Shutdown(ending); err != nil {
		otel.Handle(err) // what is lost is no reason to end with an error
	}
	return nil
}
