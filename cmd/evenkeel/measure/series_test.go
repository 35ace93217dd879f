// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/scrape"
)

// fires gives what an alert fires for at a minute: its expression has held for as
// long as it asks for.
func fires(t *testing.T, h scrape.History, rule alert, minute int) (fires promql.Vector) {
	t.Helper()
	holds := time.Duration(0)
	if rule.For != "" {
		var err error
		holds, err = time.ParseDuration(rule.For)
		require.NoError(t, err)
	}
	at := time.Duration(minute) * time.Minute
	for now := at - holds; now <= at; now += time.Minute {
		fires = slices.Clone(h.Ask(t, rule.Expr, now))
		if len(fires) == 0 {
			return nil
		}
	}
	return fires
}
