// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
)

// tokenKey is where a Secret has the bearer token.
const tokenKey = "token"

// prometheus asks a server that speaks Prometheus' HTTP API.
type prometheus struct {
	cluster
	web *http.Client
}

// queries are those of one version.
type queries struct{ value, samples string }

// Measure asks for the value of each version, and for what it was made of.
func (p prometheus) Measure(ctx context.Context, q analysis.Question) (analysis.Reading, error) {
	server, err := p.server(ctx, q.Spec.Prometheus)
	if err != nil {
		return analysis.Reading{}, err
	}
	around := analysis.Around{}
	if q.Spec.Prometheus.BuiltIn != "" {
		if around, err = p.around(ctx, q); err != nil {
			return analysis.Reading{}, err
		}
	}
	out := analysis.Reading{Samples: map[analysis.Version]analysis.Sample{}}
	for _, version := range q.Both() {
		if out.Samples[version], err = p.sample(ctx, server, q, version, around); err != nil {
			return analysis.Reading{}, err
		}
	}
	return out, nil
}

// server is the client of an analysis's server.
func (p prometheus) server(ctx context.Context, spec *analysis.Prometheus) (promv1.API, error) {
	web := *p.web
	if spec.TokenSecret != "" {
		value, err := p.secret(ctx, spec.TokenSecret, tokenKey)
		if err != nil {
			return nil, err
		}
		web.Transport = token{p.web.Transport, strings.TrimSpace(string(value))}
	}
	client, err := api.NewClient(api.Config{Address: spec.Address, Client: &web})
	if err != nil {
		return nil, fmt.Errorf("cannot ask %s: %w", spec.Address, err)
	}
	return promv1.NewAPI(client), nil
}

func (p prometheus) sample(ctx context.Context, server promv1.API, q analysis.Question, v analysis.Version, around analysis.Around) (s analysis.Sample, err error) {
	asked, err := written(q, v, around)
	if err != nil {
		return s, err
	}
	if s.Value, s.Known, err = number(ctx, server, asked.value, q.Spec.Prometheus.Timeout); err != nil || asked.samples == "" {
		return s, err
	}
	s.Count, s.Counted, err = number(ctx, server, asked.samples, q.Spec.Prometheus.Timeout)
	return s, err
}

// written are the queries of a version, built in or of the policy's templates.
func written(q analysis.Question, v analysis.Version, around analysis.Around) (out queries, err error) {
	spec := q.Spec.Prometheus
	if spec.BuiltIn != "" {
		out.value, out.samples, err = analysis.BuiltInFor(q, v, around)
		return out, err
	}
	if out.value, err = analysis.Fill(spec.Query, q.Vars(v)); err != nil {
		return out, fmt.Errorf("query: %w", err)
	}
	if out.samples, err = analysis.Fill(spec.Samples, q.Vars(v)); err != nil {
		return out, fmt.Errorf("samples: %w", err)
	}
	return out, nil
}

// number asks for one number, as of the server's own time. What is not there, or
// is none, is not known.
func number(ctx context.Context, server promv1.API, query string, timeout time.Duration) (float64, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result, _, err := server.Query(ctx, query, time.Time{})
	if err != nil {
		return 0, false, fmt.Errorf("the server does not answer: %w", err)
	}
	var value float64
	switch result := result.(type) {
	case *model.Scalar:
		value = float64(result.Value)
	case model.Vector:
		switch len(result) {
		case 0:
			return 0, false, nil
		case 1:
			value = float64(result[0].Value)
		default:
			return 0, false, fmt.Errorf("the query gives %d numbers, and one is needed: put sum() or max() around it", len(result))
		}
	default:
		return 0, false, errors.New("the query gives no number: a vector with one element, or a scalar, is needed")
	}
	return value, !math.IsNaN(value) && !math.IsInf(value, 0), nil
}
