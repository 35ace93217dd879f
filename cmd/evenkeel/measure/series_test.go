// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/scrape"
)

// fires tells whether an alert fires at a minute: its expression has held for as
// long as it asks for.
func fires(t *testing.T, h scrape.History, rule alert, minute int) bool {
	t.Helper()
	holds := time.Duration(0)
	if rule.For != "" {
		var err error
		holds, err = time.ParseDuration(rule.For)
		require.NoError(t, err)
	}
	at := time.Duration(minute) * time.Minute
	for now := at - holds; now <= at; now += time.Minute {
		if len(h.Ask(t, rule.Expr, now)) == 0 {
			return false
		}
	}
	return true
}
