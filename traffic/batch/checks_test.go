// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func (w *world) fail(format string, args ...any) {
	w.broken = append(w.broken, fmt.Sprintf(format, args...)+" in "+w.String())
}

// check looks at the invariants that no state of the world may break.
func (w *world) check() {
	turned := w.state.Phase == rollout.RollingBack && w.state.Seen.IsZero() // in admission; the next look tells it
	if w.state.InFlight() && w.state.Wait == "" && w.state.Stage != StagePrepare && !turned {
		w.fail("it waits without saying so")
	}
	if !w.state.InFlight() {
		if text(w.knobs) != w.user || w.selected != "" {
			w.fail("ended is not restored: the user's own is %s", w.user)
		}
		if w.state.Phase == rollout.RolledBack && w.template != "old" {
			w.fail("rolled back is not stable's template")
		}
	}
	anybody := w.count(func(p *Pod) bool { return p.Ready && !p.Leaving }) > 0
	if !w.cruel && w.replicas > 0 && w.served != "" && anybody && w.ready(w.served) == 0 {
		w.fail("traffic goes to no pod")
	}
}

// checkWords looks at what a decision says.
func (w *world) checkWords(s Snapshot, d Decision) {
	waits := d.State.Stage == s.State.Stage && d.State.Wait != s.State.Wait
	if waits && d.Event == nil {
		w.fail("a wait without an Event: %s", d.State.Wait)
	}
	on := d.State.Phase == rollout.Promoting || (d.State.Phase == rollout.Stepping && d.State.Step > s.State.Step)
	for _, a := range s.State.Measured() {
		if on && w.guarded && (a.Passed == 0 || a.Last.Verdict != rollout.Passed || a.Failed > a.FailureLimit) {
			w.fail("a batch is left without evidence")
		}
	}
	if !d.State.Equal(s.State) && len(d.Delete) > 0 {
		w.fail("two writes in one decision")
	}
	patient := slices.Contains([]string{waitHeld, waitPerson, waitReplicas, waitServices, waitPartition(s.State.bound(), s.Replicas)}, d.State.Wait) ||
		strings.HasPrefix(d.State.Wait, "a person ")
	if d.State.Equal(s.State) && s.State.InFlight() && d.After == 0 && !patient {
		w.fail("a wait without an end: %s", d.State.Wait)
	}
}

// checkTaken looks at the invariants that taking a pod may break.
func (w *world) checkTaken(pod *Pod, by string) {
	if !w.cruel && pod.Ready && (pod.Hash == w.served || pod.Hash == w.selected) && w.ready(pod.Hash) == 1 {
		w.fail("%s takes %s, the last pod that traffic goes to,", by, pod.Name)
	}
	if pod.Hash != w.state.Stable.Hash || !w.rendered() { // what was rendered before goes on
		return
	}
	if w.state.Phase != rollout.Stepping {
		w.fail("%s takes %s of stable outside of a batch", by, pod.Name)
		return
	}
	weight := int32(w.state.Current().Room())
	stays := func(n int32) int32 { return n - (n*weight+99)/100 }
	if w.state.ordinal() {
		if pod.Ordinal < max(min(stays(w.replicas), stays(w.sized)), w.state.bound()) {
			w.fail("%s takes %s, which the batch leaves alone,", by, pod.Name)
		}
		return
	}
	if kept := w.count(func(p *Pod) bool { return p.Hash != w.state.Canary.Hash && !p.Leaving }) - 1; kept < stays(w.replicas) {
		w.fail("%s takes %s: only %d old pods stay", by, pod.Name, kept)
	}
	down := w.replicas - w.count(func(p *Pod) bool { return p.Available && !p.Leaving }) + 1
	most, err := intstr.GetScaledValueFromIntOrPercent(w.state.User.most(), int(w.replicas), true)
	if pod.Available && (err != nil || int(down) > max(most, 1)) {
		w.fail("%s takes %s: %d pods are down", by, pod.Name, down)
	}
}
