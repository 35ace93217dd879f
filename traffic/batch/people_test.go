// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"encoding/json"
	"math/rand/v2"
	"slices"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// apply is a person's other template.
func (w *world) apply(template string) {
	switch {
	case template == w.template || !w.state.InFlight() || w.state.Stable.Hash != "old":
	case template == "old":
		if w.state.Reversible() {
			w.write(RollBack(w.state, "undo", w.now))
		}
	case w.down && w.state.Serve != New && w.state.Phase == rollout.Stepping: // kubectl set image, and no webhook
		w.template, w.observed = template, false
	default:
		w.template, w.observed = template, false
		w.write(Again(w.state, w.state, w.now))
	}
}

// scale is what a person, or an autoscaler, or a node that comes or goes does. It
// does not pass the webhook that renders.
func (w *world) scale(replicas int32) {
	deserts := func(hash string) bool {
		return hash != "" && w.count(func(p *Pod) bool { return p.Ordinal < replicas && p.Hash == hash && p.Ready }) == 0
	}
	switch {
	case w.state.RefuseScale(w.replicas, replicas) != nil:
		w.refused++
		return
	case replicas == w.replicas:
		return
	case w.replicas == 0 && (w.served != "" || w.selected != "" || w.knobs.StatefulSet != nil && w.current != w.update):
		return // the controllers have had a moment
	case replicas > 0 && slices.ContainsFunc([]string{w.served, w.selected, w.state.Target().Select}, deserts):
		return // the nodes' own mercy; of a StatefulSet, pods that are not ready yet
	}
	w.replicas, w.observed, w.past = replicas, false, nil // no cache is behind a lost node
	if w.state.User == nil || w.state.User.DaemonSet != nil {
		w.pods = slices.DeleteFunc(w.pods, func(p *Pod) bool { return p.Ordinal >= replicas })
	}
}

// wish is a person who applies another maxUnavailable.
func (w *world) wish(n intstr.IntOrString) {
	if !w.state.InFlight() {
		return
	}
	incoming := w.knobs.copy()
	var user Knobs
	if err := json.Unmarshal([]byte(w.user), &user); err != nil {
		panic(err)
	}
	user = user.rolling()
	switch {
	case user.StatefulSet != nil:
		incoming = incoming.rolling()
		incoming.StatefulSet.RollingUpdate.MaxUnavailable, user.StatefulSet.RollingUpdate.MaxUnavailable = &n, &n
	case user.DaemonSet != nil:
		incoming.DaemonSet.RollingUpdate.MaxUnavailable, user.DaemonSet.RollingUpdate.MaxUnavailable = &n, &n
	}
	next := w.state
	next.User = ptr.To(next.Wish(w.knobs, incoming))
	w.user = text(user)
	w.write(next)
}

// please is a person who does what the rollout waits for.
func (w *world) please() {
	w.down = false
	if w.state.Phase == rollout.Stepping || w.state.Held {
		if next, err := Act(w.state, rollout.ActionContinue, w.now); err == nil {
			w.write(next)
		}
	}
	if w.state.Reversible() && w.replicas > 0 && w.state.bound() >= w.replicas {
		next := w.state
		next.User = ptr.To(next.User.copy())
		next.User.StatefulSet.RollingUpdate.Partition = ptr.To(int32(0))
		w.user = text(next.User)
		w.write(next)
	}
}

func (w *world) disturb(event int, random *rand.Rand) {
	rare := func(n int) bool { return random.IntN(n) == 0 }
	switch {
	case event == 17 && (rare(60) || w.state.Serve == New && rare(6)):
		w.apply("old")
	case event == 18 && rare(80):
		w.apply("third")
	case event == 19 && rare(15):
		w.act(ActionHold)
	case event == 19:
		w.act(rollout.ActionContinue)
	case event == 20 && rare(20):
		w.scale(int32(random.IntN(10)))
	case event == 21 && len(w.past) > 0 && !w.crashes():
		w.late(w.past[len(w.past)-1-random.IntN(min(len(w.past), 6))])
	case event == 22 && rare(10) && w.crashes():
		w.crash(random)
	case event == 22 && rare(10):
		w.down = !w.down
	case event == 23 && rare(60):
		w.act(rollout.ActionSkip)
	case event == 23 && rare(20):
		w.wish(intstr.FromInt32(int32(1 + random.IntN(2))))
	}
}

// crashes tells whether pods crash in this world. A late controller cannot know
// of a crash, so there is none in a world that has one.
func (w *world) crashes() bool { return w.sick["crashes"] }

func (w *world) act(action rollout.Action) {
	if next, err := Act(w.state, action, w.now); err == nil {
		w.guarded = w.guarded && action != rollout.ActionSkip
		w.write(next)
	}
}
