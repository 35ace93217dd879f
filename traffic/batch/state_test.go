// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// The user's own strategy is JSON here, so that what comes back is compared byte
// for byte.
func TestRender(t *testing.T) {
	percent := ptr.To(intstr.FromString("20%"))
	for name, row := range map[string]struct {
		given                      given
		gate, flight, restore, end string
	}{
		"nothing written": {
			given{bare: true},
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":2147483647}}}`,
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":7}}}`,
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{}}}`,
			`{"statefulSet":{"type":"RollingUpdate"}}`,
		},
		"maxUnavailable stays": {
			given{unavailable: percent, partition: ptr.To(int32(0))},
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":2147483647,"maxUnavailable":"20%"}}}`,
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":7,"maxUnavailable":"20%"}}}`,
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":0,"maxUnavailable":"20%"}}}`,
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":0,"maxUnavailable":"20%"}}}`,
		},
		"a partition of their own is the lower bound": {
			given{partition: ptr.To(int32(8))},
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":2147483647}}}`,
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":8}}}`,
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":8}}}`,
			`{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":8}}}`,
		},
		"a DaemonSet": {
			given{daemon: true, unavailable: percent},
			`{"daemonSet":{"type":"OnDelete","rollingUpdate":{"maxUnavailable":"20%"}}}`,
			`{"daemonSet":{"type":"OnDelete","rollingUpdate":{"maxUnavailable":"20%"}}}`,
			`{"daemonSet":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"20%"}}}`,
			`{"daemonSet":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"20%"}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			row.given.replicas, row.given.steps, row.given.services = 10, "30%,100%", true
			w := newWorld(row.given)
			assert.JSONEq(t, row.gate, text(Render(w.state)))
			state := w.state.enter(rollout.Stepping, StageBatch, w.now)
			state.Partition, state.Serve = 7, New
			assert.JSONEq(t, row.flight, text(Render(state)))
			back := RollBack(state, "", w.now)
			assert.True(t, back.HoldsTemplate())
			assert.Equal(t, row.gate, text(Render(back)), "nothing moves until the traffic has left")
			back = back.enter(rollout.RollingBack, StageRestore, w.now)
			assert.True(t, back.WantsStable())
			assert.Equal(t, row.restore, text(Render(back)))
			assert.Equal(t, row.end, text(Render(back.widen(w.now))))
			assert.Equal(t, row.end, text(Render(state.enter(rollout.Promoting, StageRelease, w.now))))
			assert.Equal(t, row.end, w.user)
		})
	}
	assert.Equal(t, Knobs{}, Render(State{}))
}

// A user who turns to OnDelete in flight gets it back at the end, but the way back
// is still gone by the stock controller.
func TestAWishIsWhatDiffersFromTheLiveObject(t *testing.T) {
	w := newWorld(given{replicas: 5, steps: "40%,100%", partition: ptr.To(int32(1))})
	live, incoming := Render(w.state), Render(w.state)
	incoming.StatefulSet.RollingUpdate.MaxUnavailable = ptr.To(intstr.FromInt32(2))
	assert.JSONEq(t, `{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":1,"maxUnavailable":2}}}`, text(w.state.Wish(live, incoming)))
	assert.Equal(t, w.user, text(w.state.Wish(live, live)), "carried along: the user's own stays")

	onDelete := Knobs{StatefulSet: &appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}}
	w.state.User = ptr.To(w.state.Wish(live, onDelete))
	assert.JSONEq(t, `{"statefulSet":{"type":"OnDelete"}}`, text(w.state.User))
	assert.JSONEq(t, `{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":2147483647}}}`, text(Render(w.state)))
	assert.JSONEq(t, `{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{}}}`, text(Render(RollBack(w.state, "", w.now))))

	d := newWorld(given{replicas: 5, steps: "40%,100%", daemon: true})
	live, incoming = Render(d.state), Render(d.state)
	incoming.DaemonSet.Type = appsv1.RollingUpdateDaemonSetStrategyType
	incoming.DaemonSet.RollingUpdate.MaxSurge = ptr.To(intstr.FromInt32(1))
	assert.JSONEq(t, `{"daemonSet":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}`, text(d.state.Wish(live, incoming)))
}

func TestManageable(t *testing.T) {
	user := given{}.user()
	require.NoError(t, Manageable(user, nil))
	require.NoError(t, Manageable(given{daemon: true}.user(), ptr.To(int32(1))))
	require.EqualError(t, Manageable(user, ptr.To(int32(0))), "cannot change the pods in batches: revisionHistoryLimit 0 keeps no revision to go back to; write:\n  revisionHistoryLimit: 1")
	for _, user := range []Knobs{
		{StatefulSet: &appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}},
		{DaemonSet: &appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType}},
	} {
		require.EqualError(t, Manageable(user, nil), "cannot change the pods in batches: updateStrategy OnDelete says that you delete the pods yourself; write:\n  updateStrategy: {type: RollingUpdate}")
	}
}

// What a hold changed is no gate any more; the rest was never its own.
func TestReleased(t *testing.T) {
	two := ptr.To(intstr.FromInt32(2))
	for _, row := range []struct{ held, want Knobs }{
		{
			Knobs{StatefulSet: &appsv1.StatefulSetUpdateStrategy{Type: "RollingUpdate", RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To(shut), MaxUnavailable: two}}},
			Knobs{StatefulSet: &appsv1.StatefulSetUpdateStrategy{Type: "RollingUpdate", RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{MaxUnavailable: two}}},
		},
		{
			Knobs{DaemonSet: &appsv1.DaemonSetUpdateStrategy{Type: "OnDelete", RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: two}}},
			Knobs{DaemonSet: &appsv1.DaemonSetUpdateStrategy{Type: "RollingUpdate", RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: two}}},
		},
	} {
		assert.Equal(t, row.want, row.held.Released())
		assert.NotEqual(t, row.want, row.held, "what was given is not changed")
	}
}

// A percent rounds up, and a maxSurge is said to rest.
func TestMaxUnavailableOfADaemonSet(t *testing.T) {
	value := func(text string) *intstr.IntOrString {
		if text == "" {
			return nil
		}
		return ptr.To(intstr.Parse(text))
	}
	for _, row := range []struct {
		unavailable, surge string
		nodes, most        int32
		note               string
	}{
		{"", "", 10, 1, ""},
		{"3", "", 10, 3, ""},
		{"25%", "", 10, 3, ""},
		{"1%", "", 10, 1, ""},
		{"0", "1", 10, 1, "maxSurge 1 rests until the end: a batch of a DaemonSet deletes a node's pod before the new one starts, 1 at a time"},
		{"0%", "10%", 10, 1, "maxSurge 10% rests until the end: a batch of a DaemonSet deletes a node's pod before the new one starts, 1 at a time"},
		{"2", "0", 10, 2, ""},
	} {
		user := given{daemon: true, unavailable: value(row.unavailable), surge: value(row.surge)}.user()
		assert.Equal(t, row.most, user.unavailable(row.nodes), row)
		assert.Equal(t, row.note, Note(user))
	}
	assert.Empty(t, Note(given{}.user()))
}

func TestActions(t *testing.T) {
	w := newWorld(given{replicas: 4, steps: "50%:pause,100%", services: true})
	waiting := w.state.enter(rollout.Stepping, StageDwell, w.now)
	turned := waiting
	turned.Serve = New
	ended := State{Phase: rollout.Completed}
	for _, row := range []struct {
		state  State
		action rollout.Action
		says   string
		check  func(State) bool
	}{
		{waiting, rollout.ActionContinue, "", func(s State) bool { return s.Told }},
		{w.state, rollout.ActionContinue, `action "continue": no step waits for a person now (the rollout is Preparing, prepare)`, nil},
		{waiting, rollout.ActionSkip, "", func(s State) bool { return s.Step == 1 && s.Stage == StageClear }},
		{w.state, rollout.ActionSkip, `action "skip": there is no step to skip now (the rollout is Preparing, prepare)`, nil},
		{waiting, ActionHold, "", func(s State) bool { return s.Held }},
		{ended, ActionHold, `action "hold": there is nothing to hold now (the rollout is Completed)`, nil},
		{waiting, rollout.ActionRollback, "", func(s State) bool { return s.Stage == StageRestore && s.WantsStable() }},
		{turned, rollout.ActionRollback, "", func(s State) bool { return s.Stage == StageReturn && !s.WantsStable() }},
		{State{}, rollout.ActionRollback, `action "rollback": there is nothing to roll back now (no rollout is in flight); kubectl rollout undo starts a new rollout`, nil},
		{State{Phase: rollout.RolledBack}, rollout.ActionRetry, "", func(s State) bool { return s.Phase == rollout.RolledBack }},
		{ended, rollout.ActionRetry, `action "retry": no rollout was rolled back (the rollout is Completed)`, nil},
		{ended, "jump", `action "jump" is not known: use continue, hold, skip, rollback or retry`, nil},
	} {
		next, err := Act(row.state, row.action, w.now)
		if row.says != "" {
			require.EqualError(t, err, row.says)
			assert.True(t, next.Equal(row.state))
			continue
		}
		require.NoError(t, err)
		assert.True(t, row.check(next), "%s: %s", row.action, next)
	}
	last := waiting
	last.Step = 1
	skipped, err := Act(last, rollout.ActionSkip, w.now)
	require.NoError(t, err)
	assert.True(t, skipped.Told, "the last step is only confirmed")
	waiting.Held = true
	let, err := Act(waiting, rollout.ActionContinue, w.now.Add(time.Hour))
	require.NoError(t, err)
	assert.False(t, let.Held || let.Told, "continue lets a held rollout go on, and confirms nothing")
	assert.Equal(t, w.now.Add(time.Hour).UTC(), let.Since, "no wait is counted while a person holds it")
}

func TestRefuseScale(t *testing.T) {
	w := newWorld(given{replicas: 6, steps: "33%,66%,100%", services: true})
	state := w.state.enter(rollout.Stepping, StageDwell, w.now)
	state.Partition, state.Serve = 4, New
	says := "cannot scale to 4 replicas: the Services lead to the new pods alone, from ordinal 4 on, and those would be the first to go; finish first, or go back:\n  kubectl annotate statefulset NAME evenkeel.dev/action=rollback"
	require.EqualError(t, state.RefuseScale(6, 4), says)
	require.NoError(t, state.RefuseScale(6, 5))
	require.NoError(t, state.RefuseScale(6, 0), "nobody is to serve")
	batch := state.enter(rollout.Stepping, StageBatch, w.now)
	batch.Step, batch.Partition = 1, 2
	require.EqualError(t, batch.RefuseScale(6, 4), says, "the batch's own pods are not ready yet")
	require.EqualError(t, RollBack(state, "", w.now).RefuseScale(6, 4), says, "the traffic has not left yet")
	state.Serve = Old
	require.NoError(t, state.RefuseScale(6, 1))
}

func TestAgain(t *testing.T) {
	w := newWorld(given{replicas: 4, steps: "50%,100%", services: true})
	state := w.state.enter(rollout.Stepping, StageDwell, w.now)
	state.Canary, state.Serve, state.Partition = version("new"), New, 2
	again := Again(state, State{Steps: "100%"}, w.now)
	assert.Equal(t, rollout.Preparing, again.Phase)
	assert.Equal(t, []string{"new"}, again.Dropped)
	assert.Equal(t, "demo-old", again.Stable.Name)
	assert.Equal(t, Target{}, again.Target(), "whoever is ready serves")
	assert.Equal(t, "100%", again.Steps)
	require.Len(t, again.Log.Replaced, 1)
	assert.Equal(t, rollout.Version{ReplicaSet: "demo-new", Hash: "new"}, again.Log.Replaced[0].Canary)
	assert.Equal(t, "50%,100%", again.Log.Replaced[0].Steps)
	assert.Equal(t, shut, *Render(again).StatefulSet.RollingUpdate.Partition)
	promoted := Again(state.enter(rollout.Promoting, StageRelease, w.now), State{Steps: "100%"}, w.now)
	assert.Equal(t, "demo-new", promoted.Stable.Name, "every batch was confirmed")
	assert.Empty(t, promoted.Dropped)
	for i := range 20 {
		state.Canary = version(strings.Repeat("x", i+1))
		state = state.drop().drop()
	}
	assert.Len(t, state.Dropped, maxDropped)
}

func TestParseState(t *testing.T) {
	w := newWorld(given{replicas: 2, steps: "50%:1m,100%", daemon: true})
	again, err := ParseState(w.state.String())
	require.NoError(t, err)
	assert.True(t, again.Equal(w.state))
	empty, err := ParseState("")
	require.NoError(t, err)
	assert.False(t, empty.InFlight())
	for text, says := range map[string]string{
		"{":                              "cannot read annotation evenkeel.dev/rollout: unexpected end of JSON input",
		`{"phase":"Stepping"}`:           "cannot read annotation evenkeel.dev/rollout: a rollout in flight lacks the user's own updateStrategy",
		`{"phase":"Stepping","user":{}}`: "cannot read annotation evenkeel.dev/rollout: a rollout in flight lacks the user's own updateStrategy",
		strings.Repeat(" ", 16<<10+1):    "cannot read annotation evenkeel.dev/rollout: 16385 bytes are more than 16384",
	} {
		state, err := ParseState(text)
		require.EqualError(t, err, says)
		assert.False(t, state.InFlight())
	}
}

// Whatever an annotation says, nothing panics, and what is read is written again.
func FuzzParseState(f *testing.F) {
	for _, g := range []given{{replicas: 3, steps: "33%,100%", services: true}, {replicas: 2, steps: "100%", daemon: true}} {
		w := newWorld(g)
		f.Add(w.state.String(), int32(3))
		f.Add(w.state.enter(rollout.Stepping, StageBatch, w.now).String(), int32(0))
		f.Add(RollBack(w.state, "a reason", w.now).String(), int32(1))
	}
	f.Fuzz(func(t *testing.T, text string, replicas int32) {
		state, err := ParseState(text)
		if err != nil {
			return
		}
		again, err := ParseState(state.String())
		if err != nil { // it grew beyond the bound
			return
		}
		require.True(t, again.Equal(state))
		pods := []Pod{{Hash: "old", Ready: true, Available: true}, {Hash: "new", Ordinal: 1}}
		decision := Decide(Snapshot{State: state, Replicas: replicas, Rendered: true, Observed: true, Newest: version("new"), Pods: pods}, time.Unix(1_800_000_000, 0))
		Render(decision.State)
		_ = decision.State.RefuseScale(replicas, 1)
	})
}

func TestTemplate(t *testing.T) {
	template, err := Template([]byte(`{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"demo"}},"spec":{"terminationGracePeriodSeconds":9007199254740993,"containers":[]}}}}`))
	require.NoError(t, err)
	assert.JSONEq(t, `{"metadata":{"labels":{"app":"demo"}},"spec":{"terminationGracePeriodSeconds":9007199254740993,"containers":[]}}`, string(template))
	assert.Contains(t, string(template), "9007199254740993", "numbers are not read")
	_, err = Template([]byte(`{"spec":{}}`))
	require.EqualError(t, err, "cannot read the revision: its data have no spec.template")
	_, err = Template([]byte(`{`))
	require.EqualError(t, err, "cannot read the revision: unexpected end of JSON input")
}
