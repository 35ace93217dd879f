// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func at(seconds int) time.Time {
	return time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

var demo = Workload{Kind: "Deployment", Namespace: "shop", Name: "demo", UID: "u"}

// flown is the last state in flight of a canary of two steps.
func flown() rollout.State {
	return rollout.State{
		Phase: rollout.Promoting, Stage: rollout.StageWiden, Strategy: rollout.Canary, Steps: "20%:10m,100%", Services: []string{"demo"},
		Timing: rollout.Timing{Settle: rollout.Duration(5 * time.Second)},
		Stable: rollout.Version{ReplicaSet: "demo-1", Hash: "1", Revision: "1"}, Canary: rollout.Version{ReplicaSet: "demo-2", Hash: "2", Revision: "2"},
		Log: rollout.Log{
			Began: at(0), By: "jane", Ready: &rollout.Count{Ready: 10, Of: 10},
			Steps: []rollout.StepLog{
				{Step: 0, Asked: at(10), Given: at(20), Accepted: at(21), Left: at(621)},
				{Step: 1, Asked: at(621), Given: at(630), Accepted: at(632), Left: at(634)},
			},
			Told: []rollout.Word{{Who: "joe", What: "continue", When: at(600)}},
		},
	}
}

func ended(phase rollout.Phase, reason string) rollout.State {
	last := flown()
	return rollout.State{Phase: phase, Reason: reason, Stable: last.Stable, Canary: last.Canary, Since: at(723)}
}

func TestOf(t *testing.T) {
	r := Of(demo, flown(), ended(rollout.Completed, ""))
	assert.Equal(t, Record{
		APIVersion: "ledger.evenkeel.dev/v1", ID: "u/2/20261121T020000.000Z", Workload: demo, Strategy: "canary", Plan: "20%:10m,100%",
		From: flown().Stable, To: flown().Canary, Result: "Completed", Started: at(0), Ended: at(723), AppliedBy: "jane",
		Steps: []Step{
			{Number: 1, Step: "20%:10m", Asked: at(10), Given: at(20), Accepted: at(21), Settled: at(26), Left: at(621)},
			{Number: 2, Step: "100%", Asked: at(621), Given: at(630), Accepted: at(632), Left: at(634)}, // left before it had settled
		},
		Told: flown().Log.Told, Ready: &rollout.Count{Ready: 10, Of: 10},
	}, r)
}

func TestSummary(t *testing.T) {
	rolling := flown()
	rolling.Strategy, rolling.Steps, rolling.Log.Steps = rollout.Rolling, "", nil
	noted := flown()
	noted.Log = rollout.Log{}
	unknown := ended(rollout.RolledBack, "x")
	unknown.Canary = rollout.Version{}
	for _, row := range []struct {
		name string
		of   Record
		want string
	}{
		{"completed", Of(demo, flown(), ended(rollout.Completed, "")), "canary to demo-2 completed, 2 of 2 steps in 12m3s, at worst 10 of 10 pods ready"},
		{"rolled back", Of(demo, flown(), ended(rollout.RolledBack, "x")), "canary to demo-2 rolled back, 2 of 2 steps in 12m3s, at worst 10 of 10 pods ready"},
		{"before the first pod", Of(demo, flown(), unknown), "canary to a template without pods rolled back, 2 of 2 steps in 12m3s, at worst 10 of 10 pods ready"},
		{"watched", Of(demo, rolling, ended(rollout.Completed, "")), "rolling to demo-2 completed in 12m3s, at worst 10 of 10 pods ready"},
		{"begun before there was a log", Of(demo, noted, ended(rollout.Completed, "")), "canary to demo-2 completed"},
		{"replaced", OfReplaced(demo, flown(), rollout.Replaced{Canary: flown().Canary, Steps: "20%:10m,100%", At: at(60), Log: flown().Log}),
			"canary to demo-2 was replaced, 2 of 2 steps in 1m0s, at worst 10 of 10 pods ready"},
	} {
		t.Run(row.name, func(t *testing.T) { assert.Equal(t, row.want, row.of.Summary()) })
	}
}

// A step that was under way when the release ended was left then.
func TestAStepThatWasCutShort(t *testing.T) {
	last := flown()
	last.Log.Steps[1].Left = time.Time{}
	r := Of(demo, last, ended(rollout.RolledBack, strings.Repeat("long ", 1000)))
	assert.Equal(t, at(723), r.Steps[1].Left)
	assert.Equal(t, at(637), r.Steps[1].Settled)
	assert.Less(t, len(r.Reason), maxReason+10)
}

func TestMeasured(t *testing.T) {
	r := Of(demo, flown(), ended(rollout.Completed, ""))
	var all []Measurement
	for i := range 20 {
		all = append(all, Measurement{Analysis: "errors", At: at(30 + i), Verdict: "ok", Text: fmt.Sprint(i)})
	}
	all = append(all, Measurement{Analysis: "latency", At: at(633), Verdict: "failed", Text: strings.Repeat("x", 900)}, Measurement{Analysis: "late", At: at(700)})
	got := r.Measured(all...)
	assert.Len(t, got.Steps[0].Measurements, maxMeasurements)
	assert.Equal(t, "19", got.Steps[0].Measurements[maxMeasurements-1].Text, "the latest stay")
	require.Len(t, got.Steps[1].Measurements, 1, "what is outside of every step is left out")
	assert.Len(t, got.Steps[1].Measurements[0].Text, maxText+len("…"))
	assert.Empty(t, r.Steps[0].Measurements, "the first record is as it was")
}

// numbered is the record of the release that began at some second.
func numbered(n int) Record {
	last := flown()
	last.Log.Began = at(n)
	return Of(demo, last, ended(rollout.Completed, ""))
}

func read(t *testing.T, data map[string]string) (began []time.Time) {
	t.Helper()
	all, err := Read(&corev1.ConfigMap{Data: data})
	require.NoError(t, err)
	for _, one := range all {
		began = append(began, one.Started)
	}
	return began
}

// The last ten are kept, whatever order they come in; the same release again is
// no other record.
func TestTheOldestGoFirst(t *testing.T) {
	var data map[string]string
	for n := range Most + 3 {
		var err error
		before := maps.Clone(data)
		data, err = Append(data, numbered(n))
		require.NoError(t, err)
		twice, err := Append(data, numbered(n))
		require.NoError(t, err)
		assert.Equal(t, data, twice)
		if n > 0 {
			assert.NotContains(t, before, numbered(n).key(), "what was given is not changed")
		}
	}
	began := read(t, data)
	require.Len(t, began, Most)
	assert.Equal(t, at(3), began[0])
	assert.Equal(t, at(Most+2), began[Most-1])

	again := numbered(Most + 2)
	again.Ended = at(5000)
	data, err := Append(data, again)
	require.NoError(t, err)
	assert.Len(t, read(t, data), Most)
	assert.Contains(t, data[again.key()], `"ended": "2026-11-21T03:23:20Z"`, "the last word counts")
}

// Large records push old ones out, and one alone is always kept.
func TestTheBytesAreBounded(t *testing.T) {
	var data map[string]string
	for n := range Most {
		r := numbered(n)
		r.Reason = strings.Repeat("x", MaxBytes/4)
		var err error
		data, err = Append(data, r)
		require.NoError(t, err)
		total := 0
		for _, text := range data {
			total += len(text)
		}
		assert.LessOrEqual(t, total, MaxBytes)
	}
	assert.Equal(t, []time.Time{at(7), at(8), at(9)}, read(t, data))
	huge := numbered(99)
	huge.Reason = strings.Repeat("x", 2*MaxBytes)
	data, err := Append(data, huge)
	require.NoError(t, err)
	assert.Equal(t, []time.Time{at(99)}, read(t, data))
}

// What somebody broke is kept, and told, and in nobody's way.
func TestWhatCannotBeRead(t *testing.T) {
	data, err := Append(map[string]string{"note": "a person's"}, numbered(1))
	require.NoError(t, err)
	broken := numbered(1).key()
	data[broken] = "{"
	newer := numbered(2).key()
	data[newer] = `{"apiVersion": "ledger.evenkeel.dev/v2"}`

	all, err := Read(&corev1.ConfigMap{Data: data})
	require.ErrorContains(t, err, `cannot read the record "20261121T020001.000Z-2.json": unexpected end of JSON input`)
	require.ErrorContains(t, err, `cannot read the record "20261121T020002.000Z-2.json" of apiVersion "ledger.evenkeel.dev/v2": this version of Evenkeel reads ledger.evenkeel.dev/v1`)
	assert.Empty(t, all)

	for _, text := range []string{"{", "{{"} { // twice, under the same name
		data[broken] = text
		data, err = Append(data, numbered(3))
		require.EqualError(t, err, map[string]string{
			"{":  `cannot read the record "20261121T020001.000Z-2.json": unexpected end of JSON input`,
			"{{": `cannot read the record "20261121T020001.000Z-2.json": invalid character '{' looking for beginning of object key string`,
		}[text])
	}
	assert.Equal(t, []string{"20261121T020002.000Z-2.json", "20261121T020003.000Z-2.json", "note", "unreadable-" + broken, "unreadable-" + broken + "-2"}, slices.Sorted(maps.Keys(data)))
	assert.Equal(t, "{", data["unreadable-"+broken])

	data[numbered(3).key()] = "also broken" // that very release's
	data, err = Append(data, numbered(3))
	require.Error(t, err)
	assert.Equal(t, "also broken", data["unreadable-"+numbered(3).key()])
	assert.Equal(t, numbered(3).String(), data[numbered(3).key()])
}

// Whatever stands in a ledger, nothing of it is lost by writing another record.
func FuzzAppend(f *testing.F) {
	f.Add(numbered(1).key(), "{")
	f.Add(numbered(1).key(), numbered(1).String())
	f.Add(numbered(9).key(), `{"apiVersion":"ledger.evenkeel.dev/v2"}`)
	f.Add("note", "a person's")
	f.Fuzz(func(t *testing.T, key, text string) {
		data, err := Append(map[string]string{key: text}, numbered(9))
		before, unread := Read(&corev1.ConfigMap{Data: map[string]string{key: text}})
		after, _ := Read(&corev1.ConfigMap{Data: data})
		assert.Contains(t, data, numbered(9).key())
		if err != nil {
			require.Error(t, unread)
			assert.Equal(t, text, data["unreadable-"+key])
		} else if key != numbered(9).key() {
			assert.Equal(t, text, data[key])
			assert.Len(t, after, len(before)+1)
		}
	})
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	r := Of(demo, flown(), ended(rollout.RolledBack, "why")).Measured(Measurement{Analysis: "errors", At: at(30), Verdict: "ok", Text: "0.1"})
	data, err := Append(nil, r)
	require.NoError(t, err)
	all, err := Read(&corev1.ConfigMap{Data: data})
	require.NoError(t, err)
	assert.Equal(t, []Record{r}, all)
}

func TestName(t *testing.T) {
	assert.Equal(t, "demo-releases", Name("Deployment", "demo"))
	assert.Equal(t, "demo-statefulset-releases", Name("StatefulSet", "demo"), "a Deployment may have the same name")
	a, b := Name("Deployment", strings.Repeat("a", 252)+"b"), Name("Deployment", strings.Repeat("a", 252)+"c")
	assert.NotEqual(t, a, b)
	assert.Len(t, a, maxName)
	assert.Len(t, Name("Deployment", strings.Repeat("a", maxName-len(suffix))), maxName)
	assert.NotContains(t, Name("Deployment", strings.Repeat("a", 234)+".."+strings.Repeat("a", 17)), ".-")
}

// The page's example is a record as it is written, and its line what it says.
func TestThePagesExample(t *testing.T) {
	page, err := os.ReadFile("../../docs/ledger.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(page), "```json\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "\n```")
	r, err := parse("example", example)
	require.NoError(t, err)
	assert.Equal(t, r.String(), example)
	assert.Contains(t, string(page), r.Summary()+`; the record is in ConfigMap "demo-releases"`)
	assert.Equal(t, newRecord(r.Workload, rollout.Log{Began: r.Started}, r.From, r.To, r.Ended).ID, r.ID)
}
