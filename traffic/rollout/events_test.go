// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told walks a world to its end, and gives the reasons of all Events.
func told(t *testing.T, w *world) []string {
	t.Helper()
	var reasons []string
	for range 1000 {
		decision := Decide(w.snapshot(), w.now)
		if decision.Event != nil {
			reasons = append(reasons, decision.Event.Reason)
		}
		w.reconcile(all)
		w.stock()
		w.becomeReady()
		w.pass(time.Second)
		if w.state.Held {
			w.write(Hold(w.state, false, w.now))
		}
		if !w.state.InFlight() {
			return reasons
		}
	}
	require.Fail(t, "it does not end", w.state)
	return nil
}

// Every release tells first that it has started, once, also where there is
// nothing to wait for.
func TestEveryReleaseTellsThatItStarts(t *testing.T) {
	pods := func(w *world) { w.state.Services, w.state.Backends, w.state.Routes = nil, nil, nil }
	byService := func(w *world) { w.state.Routes = nil }
	for name, row := range map[string]struct {
		strategy string
		edit     func(*world)
	}{
		"canary":                       {Canary, func(*world) {}},
		"canary of pods alone":         {Canary, pods},
		"canary without a settle time": {Canary, func(w *world) { w.state.Timing.Settle = 0 }},
		"blue-green":                   {BlueGreen, func(*world) {}},
		"blue-green by a Service":      {BlueGreen, byService},
		"batch":                        {Batch, func(*world) {}},
		"batch, held at its beginning": {Batch, func(w *world) { w.state.Held = true }},
		"batch of no replicas":         {Batch, func(w *world) { w.replicas = 0 }},
		"rolling":                      {Rolling, func(*world) {}},
		"rolling, finished at once":    {Rolling, func(w *world) { w.pods, w.ready = map[string]int32{"canary": 4}, map[string]int32{"canary": 4} }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(given{replicas: 4, strategy: row.strategy, capacity: Surge, steps: "50%,100%", surge: "25%", unavailable: "0"})
			if row.strategy == BlueGreen {
				w.state.Steps = "0%/100%,100%"
			}
			row.edit(w)
			reasons := told(t, w)
			assert.Equal(t, "RolloutStarted", reasons[0])
			assert.NotContains(t, reasons[1:], "RolloutStarted")
		})
	}
}

// Whoever has to do something sees a Warning, also where the release waits for it
// from its beginning.
func TestAWaitThatNeedsSomebodyIsAWarning(t *testing.T) {
	none := Snapshot{Services: []Service{{Name: "demo"}}}
	for wait, needed := range map[string]bool{
		waitRefused("exceeded quota"): true, waitDecision(stageWaits[StageScale]): true, waitOthers("demo"): true, waitForeign(`Service "demo-canary"`): true, waitPort("stable's", "demo", "http"): true, waitLost("demo"): true, waitOverdue("x", Duration(time.Minute)): true, none.missing(): true,
		Snapshot{Routes: []Route{{Name: `HTTPRoute "demo"`}}}.missing(): true, waitUnknownStage: true,
		waitProblem("no class"): true, waitFailed("latency"): true, waitUnclear("latency"): true, "HTTPRoute \"demo\" leads to \"demo\" again": true,
		waitEvidence("latency"): false, waitTaken("demo", "x"): false,
		waitPerson: false, waitHeld: false, waitStable: false, waitCanaryCarries: false, waitRendering: false, stageWaits[StageScale]: false,
		stageWaits[StagePrepare]: false, "": false,
	} {
		assert.Equal(t, needed, eventWaiting(State{Wait: wait}).Warning, wait)
	}

	w := canaryWorld(4, "50%,100%")
	w.write(Decide(w.snapshot(), w.now).State) // it has started
	s := w.snapshot()
	s.Services[0].Other = 1
	assert.Equal(t, &Event{Reason: "RolloutWaiting", Warning: true, Wait: WaitServices, Message: "Preparing until " + waitOthers("demo")}, Decide(s, w.now).Event)
}

// Every way back is told once, whoever began it: admission tells nobody itself.
func TestEveryWayBackIsTold(t *testing.T) {
	for name, turn := range map[string]func(*world){
		"a person, in admission": func(w *world) {
			back, err := Act(w.state, ActionRollback, w.now)
			require.NoError(t, err)
			w.state = back
		},
		"a rule": func(w *world) { w.replicas = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(given{replicas: 4, strategy: Canary, capacity: Surge, steps: "50%,100%", surge: "25%", unavailable: "0"})
			w.state.Wait = stageWaits[w.state.Stage]
			turn(w)
			reasons := told(t, w)
			assert.Equal(t, "RolloutRollingBack", reasons[0])
			assert.NotContains(t, reasons[1:], "RolloutRollingBack")
		})
	}
}
