// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package window

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return when
}

func of(t *testing.T, cron string, lasts time.Duration, name string) Window {
	t.Helper()
	starts, err := ParseCron(cron)
	require.NoError(t, err)
	zone, err := ParseZone(name)
	require.NoError(t, err)
	return Window{Starts: starts, Lasts: lasts, Zone: zone}
}

const (
	open   = ""
	monday = "the release window opens (Mon 2026-11-23 09:00 Europe/Berlin)"
	xmas   = "a freeze until 2026-12-27T00:00:00Z is over: Christmas"
	never  = "a release window opens (there is none in the next five years)"
)

func TestCalendar(t *testing.T) {
	work := of(t, "0 9 * * 1-5", 8*time.Hour, "Europe/Berlin")
	night := of(t, "0 22 * * *", 4*time.Hour, "Europe/Berlin")
	gap := of(t, "30 2 * * *", time.Hour, "Europe/Berlin")
	christmas := Freeze{at(t, "2026-12-23T18:00:00+01:00"), at(t, "2026-12-27T00:00:00Z"), "Christmas"}
	for name, row := range map[string]struct {
		calendar Calendar
		now, why string
		until    string // left out: open, or never
	}{
		"nothing closes it":              {Calendar{}, "2026-11-21T12:00:00Z", open, ""},
		"within":                         {Calendar{Windows: []Window{work}}, "2026-11-20T15:59:59Z", open, ""},
		"the first moment":               {Calendar{Windows: []Window{work}}, "2026-11-23T08:00:00Z", open, ""},
		"the last moment is over":        {Calendar{Windows: []Window{work}}, "2026-11-20T16:00:00Z", monday, "2026-11-23T08:00:00Z"},
		"a weekend":                      {Calendar{Windows: []Window{work}}, "2026-11-21T12:00:00Z", monday, "2026-11-23T08:00:00Z"},
		"the moment before":              {Calendar{Windows: []Window{work}}, "2026-11-23T07:59:59.999Z", monday, "2026-11-23T08:00:00Z"},
		"summer opens an hour earlier":   {Calendar{Windows: []Window{work}}, "2026-03-30T07:00:00Z", open, ""},
		"winter does not":                {Calendar{Windows: []Window{work}}, "2026-03-27T07:59:00Z", "the release window opens (Fri 2026-03-27 09:00 Europe/Berlin)", "2026-03-27T08:00:00Z"},
		"over the change of the clocks":  {Calendar{Windows: []Window{work}}, "2026-03-28T12:00:00Z", "the release window opens (Mon 2026-03-30 09:00 Europe/Berlin)", "2026-03-30T07:00:00Z"},
		"an hour that is left out":       {Calendar{Windows: []Window{gap}}, "2026-03-29T00:59:00Z", "the release window opens (Sun 2026-03-29 03:00 Europe/Berlin)", "2026-03-29T01:00:00Z"},
		"and comes all the same":         {Calendar{Windows: []Window{gap}}, "2026-03-29T01:15:00Z", open, ""},
		"an hour that comes twice":       {Calendar{Windows: []Window{gap}}, "2026-10-25T00:45:00Z", open, ""},
		"opens once":                     {Calendar{Windows: []Window{gap}}, "2026-10-25T01:45:00Z", "the release window opens (Mon 2026-10-26 02:30 Europe/Berlin)", "2026-10-26T01:30:00Z"},
		"west of Greenwich, left out":    {Calendar{Windows: []Window{of(t, "30 2 * * *", time.Hour, "America/New_York")}}, "2026-03-08T06:59:00Z", "the release window opens (Sun 2026-03-08 03:00 America/New_York)", "2026-03-08T07:00:00Z"},
		"west of Greenwich, twice":       {Calendar{Windows: []Window{of(t, "30 1 * * *", time.Hour, "America/New_York")}}, "2026-11-01T05:45:00Z", open, ""},
		"west of Greenwich, once":        {Calendar{Windows: []Window{of(t, "30 1 * * *", time.Hour, "America/New_York")}}, "2026-11-01T06:45:00Z", "the release window opens (Mon 2026-11-02 01:30 America/New_York)", "2026-11-02T06:30:00Z"},
		"over midnight":                  {Calendar{Windows: []Window{night}}, "2026-11-21T00:30:00Z", open, ""},
		"over midnight, and done":        {Calendar{Windows: []Window{night}}, "2026-11-21T01:00:00Z", "the release window opens (Sat 2026-11-21 22:00 Europe/Berlin)", "2026-11-21T21:00:00Z"},
		"overlapping: the longer counts": {Calendar{Windows: []Window{work, of(t, "0 16 * * 5", 3*time.Hour, "Europe/Berlin")}}, "2026-11-20T17:30:00Z", open, ""},
		"the sooner of two":              {Calendar{Windows: []Window{work, night}}, "2026-11-21T12:00:00Z", "the release window opens (Sat 2026-11-21 22:00 Europe/Berlin)", "2026-11-21T21:00:00Z"},
		"longer than its own period":     {Calendar{Windows: []Window{of(t, "0 9 * * *", 30*time.Hour, "UTC")}}, "2026-11-21T08:59:00Z", open, ""},
		"a freeze within a window":       {Calendar{Windows: []Window{work}, Freezes: []Freeze{christmas}}, "2026-12-24T10:00:00Z", xmas, "2026-12-27T00:00:00Z"},
		"a freeze alone, and before it":  {Calendar{Freezes: []Freeze{christmas}}, "2026-12-23T16:59:59Z", open, ""},
		"a freeze alone, and after it":   {Calendar{Freezes: []Freeze{christmas}}, "2026-12-27T00:00:00Z", open, ""},
		"the freeze that ends last":      {Calendar{Freezes: []Freeze{{at(t, "2026-12-24T00:00:00Z"), at(t, "2026-12-25T00:00:00Z"), "short"}, christmas}}, "2026-12-24T12:00:00Z", xmas, "2026-12-27T00:00:00Z"},
		"a window that is frozen is none": {
			Calendar{Windows: []Window{work}, Freezes: []Freeze{{at(t, "2026-11-23T00:00:00Z"), at(t, "2026-11-24T11:30:00Z"), "an audit"}}}, "2026-11-21T12:00:00Z",
			"the release window opens (Tue 2026-11-24 12:30 Europe/Berlin)", "2026-11-24T11:30:00Z",
		},
		"far away":                 {Calendar{Windows: []Window{of(t, "0 0 29 2 *", time.Hour, "")}}, "2026-11-21T12:00:00Z", "the release window opens (Tue 2028-02-29 00:00 UTC)", "2028-02-29T00:00:00Z"},
		"too far away":             {Calendar{Windows: []Window{of(t, "0 0 29 2 *", time.Hour, "")}}, "2097-01-01T00:00:00Z", never, ""},
		"a freeze that ends never": {Calendar{Windows: []Window{work}, Freezes: []Freeze{{at(t, "2026-11-23T00:00:00Z"), at(t, "2099-01-01T00:00:00Z"), "sold"}}}, "2026-11-21T12:00:00Z", "the release window opens (Thu 2099-01-01 09:00 Europe/Berlin)", "2099-01-01T08:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			closed, isOpen := row.calendar.Look(at(t, row.now))
			assert.Equal(t, row.why == open, isOpen)
			assert.Equal(t, row.why, closed.Why)
			if row.until == "" {
				assert.True(t, closed.Until.IsZero())
				return
			}
			assert.Equal(t, at(t, row.until).UTC(), closed.Until.UTC())
			then, isOpen := row.calendar.Look(closed.Until)
			assert.True(t, isOpen || then.By != closed.By, "that is over when it says")
			again, _ := row.calendar.Look(closed.Until.Add(-time.Millisecond))
			if again.By == closed.By {
				assert.Equal(t, closed.Why, again.Why, "what is said stays the same until then")
			}
		})
	}
}

// What an emergency takes away leaves the other cause.
func TestWithout(t *testing.T) {
	both := Calendar{Windows: []Window{of(t, "0 9 * * *", time.Hour, "")}, Freezes: []Freeze{{at(t, "2026-01-01T00:00:00Z"), at(t, "2026-01-02T00:00:00Z"), "new year"}}}
	now := at(t, "2026-01-01T12:00:00Z")
	closed, _ := both.Without(ByWindow).Look(now)
	assert.Equal(t, ByFreeze, closed.By)
	closed, _ = both.Without(ByFreeze).Look(now)
	assert.Equal(t, ByWindow, closed.By)
	_, isOpen := both.Without(ByFreeze).Without(ByWindow).Look(now)
	assert.True(t, isOpen)
}

func TestWhatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"TZ=UTC 0 9 * * *": "a time zone stands in the field timeZone, not here",
		"TZ=":              "a time zone stands in the field timeZone, not here",
		"0 9 * *":          `expected exactly 5 fields, found 4: [0 9 * *]; write for example "0 9 * * 1-5"`,
		"0 25 * * *":       `end of range (25) above maximum (23): 25; write for example "0 9 * * 1-5"`,
		"@every 1h":        `parser does not accept descriptors: @every 1h; write for example "0 9 * * 1-5"`,
		"0 9 30 2 *":       "there is no such day",
		"":                 `empty spec string; write for example "0 9 * * 1-5"`,
	} {
		_, err := ParseCron(text)
		require.EqualError(t, err, want, text)
	}
	for _, name := range []string{"Local", "Europe/Bonn", "../etc"} {
		_, err := ParseZone(name)
		require.ErrorContains(t, err, "is not a time zone; write for example \"Europe/Berlin\"")
	}
}

// Whatever a person writes is read, or refused, and a look at it ends.
func FuzzParseCron(f *testing.F) {
	for _, text := range []string{"0 9 * * 1-5", "TZ=", "*/0 * * * *", "@every", "59 23 31 12 0", "* * * * *"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		starts, err := ParseCron(text)
		if err != nil {
			return
		}
		now := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
		zone, _ := ParseZone("Europe/Berlin")
		closed, isOpen := Calendar{Windows: []Window{{starts, time.Minute, zone}}}.Look(now)
		assert.True(t, isOpen || closed.Until.IsZero() || closed.Until.After(now))
	})
}
