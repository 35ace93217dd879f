// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/stretchr/testify/require"
)

// history is what Prometheus has scraped, once a minute from the hour 0 on.
type history struct{ series []promql.Series }

// scrapedAs reads series as promtool's tests write them: "up{job=\"a\"} 1x9", "sum 0+2x9".
func scrapedAs(t *testing.T, lines ...string) history {
	t.Helper()
	var h history
	for _, line := range lines {
		metric, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(line)
		require.NoError(t, err, line)
		one := promql.Series{Metric: metric}
		for minute, value := range values {
			if !value.Omitted {
				one.Floats = append(one.Floats, promql.FPoint{T: int64(minute) * time.Minute.Milliseconds(), F: value.Value})
			}
		}
		h.series = append(h.series, one)
	}
	return h
}

// Querier gives a reader of the history.
func (h history) Querier(int64, int64) (storage.Querier, error) { return querier{h}, nil }

// querier finds series; nobody asks it for anything else.
type querier struct{ history }

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

// fires gives what an alert fires for at a minute: its expression has held for as
// long as it asks for.
func (h history) fires(t *testing.T, rule alert, minute int) (fires promql.Vector) {
	t.Helper()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute, LookbackDelta: 5 * time.Minute})
	defer func() { require.NoError(t, engine.Close()) }()
	holds := time.Duration(0)
	if rule.For != "" {
		var err error
		holds, err = time.ParseDuration(rule.For)
		require.NoError(t, err)
	}
	at := time.Unix(0, 0).Add(time.Duration(minute) * time.Minute)
	for now := at.Add(-holds); !now.After(at); now = now.Add(time.Minute) {
		query, err := engine.NewInstantQuery(t.Context(), h, nil, rule.Expr, now)
		require.NoError(t, err)
		vector, err := query.Exec(t.Context()).Vector()
		require.NoError(t, err)
		fires = slices.Clone(vector) // the query's own ends with it
		query.Close()
		if len(fires) == 0 {
			return nil
		}
	}
	return fires
}
