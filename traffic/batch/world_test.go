// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// world is a small cluster: one StatefulSet or DaemonSet with its pods, one
// Service, and a data plane that follows it late. Admission renders a state in the
// write that carries it, as it does in the real one. The stock controllers are in
// stock_test.go.
type world struct {
	now      time.Time
	parallel bool // podManagementPolicy of a StatefulSet
	replicas int32
	state    State
	// what the object shows.
	template string
	knobs    Knobs
	observed bool // by the stock controller
	// what the stock controller counts.
	current, update string
	pods            []*Pod
	made            int
	sick            map[string]bool
	selected        string // by the Service; "" is the user's own
	served          string // by the data plane, some time behind
	shownAt         time.Time
	down            bool // the webhook is away from the controller's writes
	// says is what the analysis says when it is measured, each ten seconds of a
	// batch that stays; nil where there is none.
	says func() rollout.Verdict
	last rollout.Measurement
	// for the checks.
	user    string // the user's own updateStrategy, as JSON
	sized   int32  // the replicas that the partition was decided for
	cruel   bool   // pods crash whatever they serve
	past    []Snapshot
	broken  []string
	bug     string
	deleted int // pods by the controller itself
	refused int // scalings
	stages  map[rollout.Stage]bool
	told    []string
	guarded bool // nobody has skipped
}

const (
	settle   = 5 * time.Second
	lag      = 2 * time.Second // less than settle
	deadline = time.Minute
	interval = 2 * time.Second // of the analysis
)

// given is what a walk starts with.
type given struct {
	replicas           int32
	daemon, parallel   bool
	steps              string
	turn               int
	services           bool
	partition          *int32
	unavailable, surge *intstr.IntOrString
	bare               bool // no rollingUpdate at all
	onFailure          string
	analysis           *rollout.Analysis
}

func (g given) user() Knobs {
	if g.daemon {
		return Knobs{DaemonSet: &appsv1.DaemonSetUpdateStrategy{Type: appsv1.RollingUpdateDaemonSetStrategyType, RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: g.unavailable, MaxSurge: g.surge}}}
	}
	user := Knobs{StatefulSet: &appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType}}
	if !g.bare {
		user.StatefulSet.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: g.partition, MaxUnavailable: g.unavailable}
	}
	return user
}

func newWorld(g given) *world {
	user := g.user()
	w := &world{
		now: time.Unix(1_800_000_000, 0), parallel: g.parallel, replicas: g.replicas, sized: g.replicas, template: "new", knobs: user.copy(),
		current: "old", update: "old", sick: map[string]bool{}, user: text(user), stages: map[rollout.Stage]bool{},
	}
	for i := range g.replicas {
		pod := w.create(i, "old")
		pod.Ready, pod.Available = true, true
	}
	plan := State{
		Steps: g.steps, Turn: g.turn, OnFailure: g.onFailure, Stable: version("old"), User: &user,
		Timing: rollout.Timing{Settle: rollout.Duration(settle), StepDeadline: rollout.Duration(deadline)},
	}
	if g.services {
		plan.Services = []string{"demo"}
	}
	if g.analysis != nil {
		plan.Analyses = rollout.Evidence{*g.analysis}
		w.says = func() rollout.Verdict { return rollout.Passed }
	}
	w.write(Begin(plan, w.now))
	return w
}

func version(hash string) Version { return Version{Name: "demo-" + hash, Hash: hash} }

func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// create makes a pod for an ordinal, or for the node of that number.
func (w *world) create(i int32, hash string) *Pod {
	w.made++
	pod := &Pod{Name: fmt.Sprintf("demo-%d", i), UID: fmt.Sprint(w.made), Ordinal: i, Hash: hash}
	if w.state.User != nil && w.state.User.DaemonSet != nil {
		pod.Node = fmt.Sprintf("node-%02d", i)
	}
	w.pods = append(w.pods, pod)
	return pod
}

func (w *world) pod(i int32) *Pod {
	at := slices.IndexFunc(w.pods, func(p *Pod) bool { return p.Ordinal == i })
	if at < 0 {
		return nil
	}
	return w.pods[at]
}

func (w *world) count(fits func(*Pod) bool) (n int32) {
	for _, pod := range w.pods {
		if fits(pod) {
			n++
		}
	}
	return n
}

func (w *world) ready(hash string) int32 {
	return w.count(func(p *Pod) bool { return p.Hash == hash && p.Ready && !p.Leaving })
}

// snapshot is what observe would read.
func (w *world) snapshot() Snapshot {
	s := Snapshot{State: w.state, Replicas: w.replicas, Rendered: w.rendered(), Observed: w.observed}
	if w.observed {
		s.Newest = version(w.update)
	}
	s.Measurements = w.measure()
	for _, pod := range w.pods {
		s.Pods = append(s.Pods, *pod)
		if pod.Hash == w.update && !pod.Leaving {
			s.Updated++
		}
	}
	if w.state.Divides() {
		s.Services = []Service{{Name: "demo", Exists: true, InPlace: w.selected == w.state.Target().Select}}
	}
	return s
}

// measure gives the newest measurement of the state's analysis.
func (w *world) measure() map[string]rollout.Measurement {
	if w.says == nil {
		return nil
	}
	due := max(w.state.Since.UnixMilli(), w.last.At.UnixMilli()) + interval.Milliseconds()
	if len(w.state.Measured()) > 0 && w.now.UnixMilli() >= due {
		w.last = rollout.Measurement{At: w.now, Verdict: w.says(), Says: "7 of 10"}
	}
	return map[string]rollout.Measurement{"smoke": w.last}
}

func (w *world) rendered() bool {
	want := Render(w.state)
	return text(want) == text(w.knobs) && (!w.state.WantsStable() || w.template == w.state.Stable.Hash)
}

// write is a state's write, rendered by admission.
func (w *world) write(next State) {
	if next.Partition != w.state.Partition || next.Partition == (Snapshot{State: next, Replicas: w.replicas}).left() {
		w.sized = w.replicas
	}
	w.state = next
	w.render()
}

func (w *world) render() {
	before := text(w.knobs) + w.template
	if knobs := Render(w.state); w.state.InFlight() {
		w.knobs = knobs
	}
	if w.state.WantsStable() {
		w.template = w.state.Stable.Hash
	}
	if text(w.knobs)+w.template != before {
		w.observed = false
	}
}

// reconcile does what the controller does: one write of the state, or what the
// state promises. With a crash it ends after so many writes.
func (w *world) reconcile(writes int) {
	s := w.snapshot()
	w.past = append(w.past, s)
	decision := w.plant(Decide(s, w.now), s)
	w.checkWords(s, decision)
	w.stages[decision.State.Stage] = true
	if decision.Event != nil {
		w.told = append(w.told, decision.Event.Message)
	}
	if w.down && (!decision.State.Equal(w.state) || !s.Rendered) {
		w.state = decision.State // the webhook is away, and fails open
		return
	}
	if !decision.State.Equal(w.state) || !s.Rendered {
		w.write(decision.State)
		return
	}
	if target := w.state.Target().Select; w.selected != target && w.state.Divides() {
		w.selected, w.shownAt = target, w.now
		writes--
	}
	for _, pod := range decision.Delete[:min(max(writes, 0), len(decision.Delete))] {
		w.remove(pod, "the controller")
	}
}

// late does what a controller does whose cache of pods is behind: it reads the
// state past the cache, and a deletion finds the pod of that UID, or none.
func (w *world) late(s Snapshot) {
	decision := Decide(s, w.now)
	if !decision.State.Equal(s.State) || !s.State.Equal(w.state) {
		return
	}
	for _, pod := range decision.Delete {
		w.remove(pod, "the late controller")
	}
}

// plant changes a decision as a bug would.
func (w *world) plant(d Decision, s Snapshot) Decision {
	switch {
	case w.bug == "no settle" && s.State.Seen.IsZero() && !d.State.Seen.IsZero():
		d.State.Seen = d.State.Seen.Add(-time.Hour)
	case w.bug == "template first" && d.State.Stage == StageReturn:
		d.State = d.State.enter(rollout.RollingBack, StageRestore, w.now)
	case w.bug == "all at once" && len(d.Delete) > 0:
		d.Delete = slices.DeleteFunc(slices.Clone(s.Pods), func(p Pod) bool { return p.Hash != "old" })
	case w.bug == "rounds the wrong way" && d.State.Stage == StageBatch && d.State.Partition > 0 && s.State.Stage == StageClear:
		d.State.Partition--
	case w.bug == "not clear" && s.State.Stage == StageClear && s.State.Serve == Old && d.State.Serve != Old:
		d.State = s.State.enter(rollout.Stepping, StageBatch, w.now)
		d.State.Partition = s.left()
	case w.bug == "broken pods stay" && s.State.ordinal():
		d.Delete = nil
	case w.bug == "no evidence" && s.State.Stage == StageDwell && d.State.Stage == StageDwell && len(d.State.Analyses) > 0:
		d.State.Analyses = d.State.Analyses.Waived()
	case w.bug == "own strategy lost" && d.State.Stage == StageRelease:
		d.State.User = &Knobs{StatefulSet: &appsv1.StatefulSetUpdateStrategy{}}
	}
	return d
}

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	if w.now.Sub(w.shownAt) >= lag {
		w.served = w.selected
	}
}

// String shows the world in one line.
func (w *world) String() string {
	var pods []string
	for _, p := range w.pods {
		mark := map[bool]string{true: "+", false: "-"}[p.Ready] + map[bool]string{true: "x", false: ""}[p.Leaving]
		pods = append(pods, fmt.Sprintf("%d:%s%s", p.Ordinal, p.Hash, mark))
	}
	return fmt.Sprintf("%s replicas %d parallel %v pods %s selected %q served %q current %s update %s knobs %s", w.state, w.replicas, w.parallel, strings.Join(pods, " "), w.selected, w.served, w.current, w.update, text(w.knobs))
}

// remove begins a pod's deletion, if it is still the one that was meant.
func (w *world) remove(meant Pod, by string) {
	pod := w.pod(meant.Ordinal)
	if pod == nil || pod.UID != meant.UID || pod.Leaving {
		return
	}
	if by != "the stock controller" {
		w.deleted++
	}
	w.checkTaken(pod, by)
	pod.Leaving, pod.Ready, pod.Available = true, false, false
}
