// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/policy/window"
)

// What an override names is open; what else is closed still closes the way.
func TestAnOverrideOpensWhatItNames(t *testing.T) {
	starts, err := window.ParseCron("0 9 * * *")
	require.NoError(t, err)
	now := time.Date(2026, 12, 24, 20, 0, 0, 0, time.UTC)
	windows := []window.Window{{Starts: starts, Lasts: time.Hour, Zone: time.UTC}}
	freezes := []window.Freeze{{From: now.Add(-time.Hour), Until: now.Add(time.Hour), Reason: "Christmas"}}
	for name, row := range map[string]struct {
		calendar   window.Calendar
		annotation string
		by         window.Cause
		passed     string
	}{
		"open":                        {window.Calendar{}, "until=2026-12-24T21:00:00Z; reason=r", "", ""},
		"closed":                      {window.Calendar{Windows: windows}, "", window.ByWindow, ""},
		"its own":                     {window.Calendar{Windows: windows}, "checks=window; until=2026-12-24T21:00:00Z; reason=r", "", "window"},
		"all of them":                 {window.Calendar{Windows: windows, Freezes: freezes}, "until=2026-12-24T21:00:00Z; reason=r", "", "freeze"},
		"another":                     {window.Calendar{Windows: windows}, "checks=budget,freeze; until=2026-12-24T21:00:00Z; reason=r", window.ByWindow, ""},
		"one of two":                  {window.Calendar{Windows: windows, Freezes: freezes}, "checks=freeze; until=2026-12-24T21:00:00Z; reason=r", window.ByWindow, ""},
		"an override that has ended":  {window.Calendar{Windows: windows}, "until=2026-12-24T20:00:00Z; reason=r", window.ByWindow, ""},
		"one that lasts too long":     {window.Calendar{Windows: windows}, "until=2026-12-28T20:00:00Z; reason=r", window.ByWindow, ""},
		"one that cannot be followed": {window.Calendar{Windows: windows}, "until=2026-12-24T21:00:00Z", window.ByWindow, ""},
	} {
		t.Run(name, func(t *testing.T) {
			emergency := Emergency{Enabled: true, MaxDuration: 24 * time.Hour}
			closed, passed := Rollout{Calendar: row.calendar}.Look(emergency.Override(row.annotation, now), now)
			assert.Equal(t, row.by, closed.By)
			assert.Equal(t, row.passed, passed)
			assert.Equal(t, Override{}, Emergency{}.Override(row.annotation, now), "the policy lets nobody")
		})
	}
}
