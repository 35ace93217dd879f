// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scrape

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/stretchr/testify/require"
)

// History is what Prometheus has scraped, from the hour 0 on.
type History struct{ series []promql.Series }

// Of reads series as promtool's tests write them: "up{job=\"a\"} 1x9", "sum 0+2x9".
// Their values have the given time between them.
func Of(t *testing.T, every time.Duration, lines ...string) History {
	t.Helper()
	var h History
	for _, line := range lines {
		metric, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(line)
		require.NoError(t, err, line)
		one := promql.Series{Metric: metric}
		for i, value := range values {
			if !value.Omitted {
				one.Floats = append(one.Floats, promql.FPoint{T: int64(i) * every.Milliseconds(), F: value.Value})
			}
		}
		h.series = append(h.series, one)
	}
	return h
}

// Ask gives what Prometheus' own engine answers to a query, so long after the hour 0.
func (h History) Ask(t *testing.T, query string, at time.Duration) promql.Vector {
	t.Helper()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute, LookbackDelta: 5 * time.Minute})
	defer func() { require.NoError(t, engine.Close()) }()
	asked, err := engine.NewInstantQuery(t.Context(), h, nil, query, time.Unix(0, 0).Add(at))
	require.NoError(t, err, query)
	defer asked.Close()
	vector, err := asked.Exec(t.Context()).Vector()
	require.NoError(t, err, query)
	return append(promql.Vector(nil), vector...) // the engine's own is used again
}

// Querier gives a reader of the history.
func (h History) Querier(int64, int64) (storage.Querier, error) { return querier{h}, nil }

// querier finds series; nobody asks it for anything else.
type querier struct{ History }

func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	set := &found{}
	for _, one := range q.series {
		fits := true
		for _, matcher := range matchers {
			fits = fits && matcher.Matches(one.Metric.Get(matcher.Name))
		}
		if fits {
			set.left = append(set.left, one)
		}
	}
	return set
}

func (querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (querier) Close() error { return nil }

// found are series, one after the other.
type found struct {
	now  promql.Series
	left []promql.Series
}

func (f *found) Next() bool {
	if len(f.left) == 0 {
		return false
	}
	f.now, f.left = f.left[0], f.left[1:]
	return true
}

func (f *found) At() storage.Series              { return promql.NewStorageSeries(f.now) }
func (*found) Err() error                        { return nil }
func (*found) Warnings() annotations.Annotations { return nil }
