// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var noon = time.Unix(1_800_000_000, 0)

// seen is a snapshot of four replicas in the first of two batches, with as many
// pods as the text has words: "old", "new", "third"; "-" is not ready, "~" not yet
// available, "x" leaves.
func seen(stage rollout.Stage, pods string, edits ...func(*Snapshot)) Snapshot {
	user := given{}.user()
	state := State{
		Phase: rollout.Stepping, Stage: stage, Steps: "50%:pause,100%", Stable: version("old"), Canary: version("new"), User: &user,
		Partition: 2, Since: noon.UTC(), Wait: stageWaits[stage], Timing: rollout.Timing{Settle: rollout.Duration(settle), StepDeadline: rollout.Duration(deadline)},
	}
	switch stage {
	case StagePrepare:
		state.Phase, state.Partition = rollout.Preparing, shut
	case StageRelease:
		state.Phase = rollout.Promoting
	case StageReturn, StageRestore, StageWiden:
		state.Phase, state.Reason = rollout.RollingBack, "a reason"
	}
	s := Snapshot{State: state, Replicas: 4, Rendered: true, Observed: true, Newest: version("new"), Updated: 4}
	for i, word := range strings.Fields(pods) {
		p := Pod{Name: fmt.Sprintf("demo-%d", i), Ordinal: int32(i), Node: fmt.Sprintf("node-%d", i), Ready: true, Available: true}
		p.Hash = strings.TrimRight(word, "-~x")
		switch strings.TrimPrefix(word, p.Hash) {
		case "-":
			p.Ready, p.Available = false, false
		case "~":
			p.Available = false
		case "x":
			p.Ready, p.Available, p.Leaving = false, false, true
		}
		s.Pods = append(s.Pods, p)
	}
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

// The edits of a snapshot.
func serving(role Role) func(*Snapshot) {
	return func(s *Snapshot) {
		s.State.Services, s.State.Serve = []string{"demo"}, role
		s.Services = []Service{{Name: "demo", Exists: true, InPlace: true}}
	}
}

func service(edit func(*Service)) func(*Snapshot) {
	return func(s *Snapshot) { edit(&s.Services[0]) }
}

func state(edit func(*State)) func(*Snapshot) { return func(s *Snapshot) { edit(&s.State) } }

func daemon(unavailable string) func(*Snapshot) {
	return func(s *Snapshot) {
		user := given{daemon: true, unavailable: ptr.To(intstr.Parse(unavailable))}.user()
		s.State.User, s.State.Partition = &user, 0
	}
}

func newest(hash string) func(*Snapshot) { return func(s *Snapshot) { s.Newest = version(hash) } }
func replicas(n int32) func(*Snapshot)   { return func(s *Snapshot) { s.Replicas = n } }
func refused(why string) func(*Snapshot) { return func(s *Snapshot) { s.Refused = why } }
func unrendered(s *Snapshot)             { s.Rendered = false }
func unobserved(s *Snapshot)             { s.Observed = false }
func updated(n int32) func(*Snapshot)    { return func(s *Snapshot) { s.Updated = n } }
func since(d time.Duration) func(*Snapshot) {
	return state(func(s *State) { s.Since = noon.Add(-d).UTC() })
}
func looked(d time.Duration) func(*Snapshot) {
	return state(func(s *State) { s.Seen = noon.Add(-d).UTC() })
}
func onStep(i int) func(*Snapshot) { return state(func(s *State) { s.Step = i }) }

// Each row is a world and what follows from it: where the rollout is afterwards,
// what it says, and whom the Services lead to. What is left out is as it was.
func TestDecide(t *testing.T) {
	for _, row := range []struct {
		name    string
		s       Snapshot
		stage   rollout.Stage
		says    string
		wait    string
		after   time.Duration
		serve   Role
		deletes string
		check   func(State) bool
	}{
		// Preparing.
		{name: "the first look", s: seen(StagePrepare, "old old old old", state(func(s *State) { s.Wait = "" })), says: "batches 50%:pause,100%; stable is demo-old"},
		{name: "no webhook", s: seen(StagePrepare, "old old old old", unrendered), says: "Preparing until the admission webhook renders the workload's fields", wait: waitRendering, after: rollout.AskAgain},
		{name: "not observed", s: seen(StagePrepare, "old old old old", unobserved), says: "Preparing until the stock controller has seen the workload", wait: waitObserved, after: time.Minute},
		{name: "no revision yet", s: seen(StagePrepare, "old old old old", newest(""), state(func(s *State) { s.Canary = Version{} })), says: "Preparing until the stock controller has made a revision of the template", wait: waitRevision, after: time.Minute},
		{name: "the revision is there", s: seen(StagePrepare, "old old old old", state(func(s *State) { s.Canary = Version{} })), check: func(s State) bool { return s.Canary == version("new") }},
		{name: "the same template", s: seen(StagePrepare, "old old old old", newest("old")), stage: StageRestore, says: "going back to demo-old: the new template is the stable one"},
		{name: "no Service", s: seen(StagePrepare, "old old old old", serving(Everyone), service(func(s *Service) { s.Exists = false })), says: `Preparing until Service "demo" exists`, wait: `Service "demo" exists`, after: time.Minute},
		{name: "a shared Service", s: seen(StagePrepare, "old old old old", serving(Everyone), service(func(s *Service) { s.Other = 1 })), says: `Preparing until Service "demo" leads to this workload's pods alone: it also selects pods of another one`, wait: waitOthers("demo"), after: time.Minute},
		{name: "another's Service", s: seen(StagePrepare, "old old old old", serving(Everyone), service(func(s *Service) { s.By, s.Other = `StatefulSet "other"`, 3 })), says: `Preparing until Service "demo" is free: the rollout of StatefulSet "other" has it`, wait: waitTaken("demo", `StatefulSet "other"`), after: time.Minute},
		{name: "all there", s: seen(StagePrepare, "old old old old"), stage: StageClear},
		{name: "a broken pod of a dropped version", s: seen(StagePrepare, "old old old- third-", state(func(s *State) { s.Dropped = []string{"third"} }), unchecked), wait: waitExists("demo"), after: time.Minute, says: "Preparing: delete pod demo-3, not ready and in the stock controller's way", deletes: "demo-3", stage: StagePrepare},

		// Clear.
		{name: "no Services, no clearing", s: seen(StageClear, "old old old old"), stage: StageBatch, says: "step 1 of 2 (50%:pause): 2 of 4 pods become demo-new", check: func(s State) bool { return s.Partition == 2 }},
		{name: "the old ones are enough", s: seen(StageClear, "old old old old", serving(Everyone)), serve: Old, says: "step 1 of 2 (50%:pause): the Services lead to demo-old alone"},
		{name: "an old one that stays is broken", s: seen(StageClear, "old old- old old", serving(Old)), serve: Old, says: "step 1 of 2 (50%:pause) until the old pods that the Services lead to are ready", wait: waitStays, after: time.Minute},
		{name: "an old one that goes is broken", s: seen(StageClear, "old old old old-", serving(Old)), serve: Old, check: func(s State) bool { return !s.Seen.IsZero() }},
		{name: "the Service is not there yet", s: seen(StageClear, "old old old old", serving(Old), service(func(s *Service) { s.InPlace = false })), serve: Old, wait: stageWaits[StageClear], after: time.Minute},
		{name: "it settles", s: seen(StageClear, "old old old old", serving(Old), looked(2*time.Second)), serve: Old, wait: stageWaits[StageClear], after: 3 * time.Second},
		{name: "it has settled", s: seen(StageClear, "old old old old", serving(Old), looked(settle)), serve: Old, stage: StageBatch, says: "step 1 of 2 (50%:pause): 2 of 4 pods become demo-new"},
		{name: "the last batch takes who serves", s: seen(StageClear, "old old new new", serving(Old), onStep(1)), serve: New, says: "step 2 of 2 (100%): the Services lead to demo-new alone"},
		{name: "the only batch takes who serves", s: seen(StageClear, "old old old old", serving(Old), state(func(s *State) { s.Steps, s.Partition = "100%", shut })), serve: Everyone, says: "step 1 of 1 (100%): the Services lead to every ready pod"},
		{name: "the new ones keep what they have", s: seen(StageClear, "old old new new", serving(New), looked(settle), onStep(1)), serve: New, stage: StageBatch, says: "step 2 of 2 (100%): 4 of 4 pods become demo-new", check: func(s State) bool { return s.Partition == 0 && s.Ready == 2 }},

		// Batch.
		{name: "the pods are awaited", s: seen(StageBatch, "old old old new-"), wait: stageWaits[StageBatch], after: time.Minute},
		{name: "ready is not available", s: seen(StageBatch, "old old new~ new~"), wait: stageWaits[StageBatch], after: time.Minute},
		{name: "one more is ready", s: seen(StageBatch, "old old old new", since(50*time.Second)), check: func(s State) bool { return s.Ready == 1 && s.Since.Equal(noon) }},
		{name: "none more", s: seen(StageBatch, "old old old new", since(50*time.Second), state(func(s *State) { s.Ready = 2 })), wait: stageWaits[StageBatch], after: 10 * time.Second},
		{name: "the stock controller counts fewer", s: seen(StageBatch, "old old new new", updated(1), state(func(s *State) { s.Ready = 2 })), wait: stageWaits[StageBatch], after: time.Minute},
		{name: "a quota", s: seen(StageBatch, "old old old", refused("exceeded quota: pods")), says: "step 1 of 2 (50%:pause) until pods can be made: exceeded quota: pods", wait: "pods can be made: exceeded quota: pods", after: time.Minute},
		{name: "the deadline", s: seen(StageBatch, "old old old new-", since(deadline)), stage: StageRestore, says: "going back to demo-old: waited 1m0s for this to happen: the batch's pods are new and ready"},
		{name: "the deadline, on hold", s: seen(StageBatch, "old old old new-", since(deadline), state(func(s *State) { s.OnFailure = rollout.OnFailureHold })), says: "step 1 of 2 (50%:pause) until a person decides (annotation evenkeel.dev/action: skip or rollback): no longer waiting until the batch's pods are new and ready", wait: waitDecision(stageWaits[StageBatch])},
		{name: "all ready", s: seen(StageBatch, "old old new new", state(func(s *State) { s.Ready = 2 })), stage: StageDwell, says: "step 1 of 2 (50%:pause): 2 of 4 pods are demo-new"},
		{name: "all ready, and not for long", s: seen(StageBatch, "old old new new", serving(Old), looked(time.Second), state(func(s *State) { s.Ready = 2 })), serve: Old, wait: stageWaits[StageBatch], after: 4 * time.Second},
		{name: "one is not ready any more", s: seen(StageBatch, "old old new new-", serving(Old), looked(time.Second), state(func(s *State) { s.Ready = 2 })), serve: Old, check: func(s State) bool { return s.Seen.IsZero() }},
		{name: "the traffic turns", s: seen(StageBatch, "old old new new", serving(Old), looked(settle), state(func(s *State) { s.Ready = 2 })), serve: New, stage: StageTurn, says: "step 1 of 2 (50%:pause): the Services lead to demo-new alone"},
		{name: "the traffic turns later", s: seen(StageBatch, "old old new new", serving(Old), looked(settle), state(func(s *State) { s.Ready, s.Turn = 2, 51 })), serve: Old, stage: StageDwell, says: "step 1 of 2 (50%:pause): 2 of 4 pods are demo-new"},
		{name: "an old pod in the way", s: seen(StageBatch, "old old- old- old"), wait: stageWaits[StageBatch], after: time.Minute, says: "step 1 of 2 (50%:pause): delete pod demo-2, not ready and in the stock controller's way", deletes: "demo-2"},
		{name: "nothing is deleted without the webhook", s: seen(StageBatch, "old old old- old", unrendered), says: "step 1 of 2 (50%:pause) until the admission webhook renders the workload's fields", wait: waitRendering, after: rollout.AskAgain},

		// A batch of a DaemonSet.
		{name: "the first node", s: seen(StageBatch, "old old old old", daemon("1")), wait: stageWaits[StageBatch], after: time.Minute, says: "step 1 of 2 (50%:pause): delete pod demo-0", deletes: "demo-0"},
		{name: "as many as may be missing", s: seen(StageBatch, "old old old old", daemon("26%")), wait: stageWaits[StageBatch], after: time.Minute, says: "step 1 of 2 (50%:pause): delete pod demo-0, demo-1", deletes: "demo-0 demo-1"},
		{name: "no more than the batch", s: seen(StageBatch, "old old old old", daemon("100%")), wait: stageWaits[StageBatch], after: time.Minute, says: "step 1 of 2 (50%:pause): delete pod demo-0, demo-1", deletes: "demo-0 demo-1"},
		{name: "one is missing already", s: seen(StageBatch, "oldx old old old", daemon("1")), wait: stageWaits[StageBatch], after: time.Minute},
		{name: "one is not available yet", s: seen(StageBatch, "new~ old old old", daemon("1")), wait: stageWaits[StageBatch], after: time.Minute},
		{name: "the broken one first", s: seen(StageBatch, "old old old old-", daemon("1")), wait: stageWaits[StageBatch], after: time.Minute, says: "step 1 of 2 (50%:pause): delete pod demo-3", deletes: "demo-3"},
		{name: "never the last that serves", s: seen(StageBatch, "old old- old- old-", daemon("4"), serving(Old), state(func(s *State) { s.Steps = "75%,100%" })), serve: Old, wait: stageWaits[StageBatch], after: time.Minute, says: "step 1 of 2 (75%): delete pod demo-1, demo-2, demo-3", deletes: "demo-1 demo-2 demo-3"},
		{name: "the Services first", s: seen(StageBatch, "old old old old", daemon("1"), serving(Old), service(func(s *Service) { s.InPlace = false })), serve: Old, wait: stageWaits[StageBatch], after: time.Minute},

		// Turn and dwell.
		{name: "turning", s: seen(StageTurn, "old old new new", serving(New), service(func(s *Service) { s.InPlace = false })), serve: New, wait: stageWaits[StageTurn], after: time.Minute},
		{name: "turned", s: seen(StageTurn, "old old new new", serving(New), looked(settle)), serve: New, stage: StageDwell, says: "step 1 of 2 (50%:pause): 2 of 4 pods are demo-new"},
		{name: "a person is asked", s: seen(StageDwell, "old old new new"), says: "step 1 of 2 (50%:pause) until a person says so (annotation evenkeel.dev/action: continue, skip or rollback)", wait: waitPerson},
		{name: "a person said so", s: seen(StageDwell, "old old new new", state(func(s *State) { s.Told = true })), stage: StageClear, check: func(s State) bool { return s.Step == 1 && !s.Told }},
		{name: "the step's time", s: seen(StageDwell, "old old new new", since(time.Minute), state(func(s *State) { s.Steps = "50%:3m,100%" })), wait: stageWaits[StageDwell], after: 2 * time.Minute},
		{name: "a pod breaks", s: seen(StageDwell, "old old new new-"), stage: StageBatch, says: "step 1 of 2 (50%:pause): 1 of the batch's 2 pods are ready"},
		{name: "somebody wrote the Service", s: seen(StageDwell, "old old new new", serving(New), service(func(s *Service) { s.InPlace = false })), serve: New, says: "step 1 of 2 (50%:pause) until the Services select again what the rollout wrote", wait: waitServices},
		{name: "all new", s: seen(StageDwell, "new new new new", onStep(1), state(func(s *State) { s.Partition = 0 })), stage: StageRelease, says: "demo-new becomes stable"},

		// The guards.
		{name: "no replicas", s: seen(StageDwell, "", replicas(0), serving(New)), serve: Everyone, stage: StageClear, says: "step 1 of 2 (50%:pause) until there are replicas again (their pods come as new ones)", wait: waitReplicas},
		{name: "another template without the webhook", s: seen(StageDwell, "old old new new", newest("third"), serving(New)), serve: Everyone, stage: StageClear, says: "step 1 of 2 (50%:pause): the template is now demo-third; its batch starts again", check: func(s State) bool { return s.Dropped[0] == "new" }},
		{name: "the new ones are gone", s: seen(StageDwell, "old old new- new-", serving(New)), serve: Old, stage: StageReturn, says: "going back to demo-old: no new pod is ready while the Services lead to them alone"},
		{name: "the new ones are gone, and most old ones", s: seen(StageBatch, "old new- new- new-", serving(New)), serve: Everyone, stage: StageReturn, says: "going back to demo-old: no new pod is ready while the Services lead to them alone"},
		{name: "the old ones that stay are gone", s: seen(StageBatch, "old- old- old new", serving(Old)), serve: Everyone, says: "step 1 of 2 (50%:pause): the Services lead to every ready pod"},
		{name: "held in a batch", s: seen(StageBatch, "old old old new", state(func(s *State) { s.Held = true })), says: "step 1 of 2 (50%:pause) until a person lets it go on (annotation evenkeel.dev/action: continue)", wait: waitHeld, check: func(s State) bool { return s.Partition == 3 }},
		{name: "held, of a DaemonSet", s: seen(StageBatch, "old old old new", daemon("1"), state(func(s *State) { s.Held, s.Wait = true, waitHeld })), wait: waitHeld},
		{name: "scaled up", s: seen(StageDwell, "old old new new", replicas(8)), says: "step 1 of 2 (50%:pause): of now 8 pods those from ordinal 4 on are new", check: func(s State) bool { return s.Partition == 4 }},
		{name: "scaled down", s: seen(StageDwell, "old old new", replicas(3), state(func(s *State) { s.Steps = "67%,100%" })), stage: StageClear},
		{name: "their own partition", s: seen(StagePrepare, "old old old old", state(func(s *State) {
			user := given{partition: ptr.To(int32(9))}.user()
			s.User = &user
		})), says: "Preparing until updateStrategy.rollingUpdate.partition (9) is below the replicas (4)", wait: waitPartition(9, 4)},
		{name: "a stage of another Evenkeel", s: seen("polish", "old old new new"), says: "step 1 of 2 (50%:pause) until a version of Evenkeel that knows this stage", wait: waitUnknownStage},

		// The end, and the way back.
		{name: "an old pod is left", s: seen(StageRelease, "old new new new"), wait: stageWaits[StageRelease], after: time.Minute},
		{name: "an old pod is left for long", s: seen(StageRelease, "old new new new", since(deadline)), says: "Promoting until a person looks: for longer than 1m0s it waits until the old pods are gone", wait: waitLong(stageWaits[StageRelease], rollout.Duration(deadline))},
		{name: "another template past the webhook", s: seen(StageRelease, "new new new third", newest("third")), stage: StageWiden, says: "Promoting: the template is now demo-third, which the stock controller rolls out by itself"},
		{name: "no old pod", s: seen(StageRelease, "new new new new", serving(New)), serve: Everyone, stage: StageWiden},
		{name: "away from the new pods", s: seen(StageReturn, "old old new new", serving(New)), serve: Old, says: "RollingBack: the Services lead to demo-old alone"},
		{name: "to all of them", s: seen(StageReturn, "old new new new", serving(New)), serve: Everyone, says: "RollingBack: the Services lead to every ready pod"},
		{name: "away, and settled", s: seen(StageReturn, "old old new new", serving(Old), looked(settle)), serve: Old, stage: StageRestore, says: "the template of demo-old is restored"},
		{name: "the template is not there yet", s: seen(StageRestore, "old old new- new-"), wait: stageWaits[StageRestore], after: time.Minute},
		{name: "broken pods in the way", s: seen(StageRestore, "old old new- new-", newest("old")), wait: stageWaits[StageRestore], after: time.Minute, says: "RollingBack: delete pod demo-3, demo-2, not ready and in the stock controller's way", deletes: "demo-3 demo-2"},
		{name: "those that serve are the stock controller's", s: seen(StageRestore, "old old new new~", newest("old")), wait: stageWaits[StageRestore], after: time.Minute},
		{name: "all old, one not ready", s: seen(StageRestore, "old old old old-", newest("old")), says: "RollingBack until stable's pods are ready", wait: waitWhole, after: time.Minute},
		{name: "all old, one not ready for long", s: seen(StageRestore, "old old old old-", newest("old"), since(deadline)), stage: StageWiden},
		{name: "back", s: seen(StageWiden, "old old old old", newest("old")), stage: "", says: "back on demo-old: a reason", check: func(s State) bool { return s.Phase == rollout.RolledBack && !s.InFlight() }},
		{name: "promoted", s: seen(StageWiden, "new new new new", state(func(s *State) { s.Phase = rollout.Promoting })), says: "the pods are demo-new", check: func(s State) bool { return s.Phase == rollout.Completed }},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := Decide(row.s, noon)
			says := ""
			if d.Event != nil {
				says = d.Event.Message
			}
			assert.Equal(t, row.says, says)
			if row.stage == "" && d.State.InFlight() {
				row.stage = row.s.State.Stage
			}
			assert.Equal(t, row.stage, d.State.Stage)
			if row.wait != "" {
				assert.Equal(t, row.wait, d.State.Wait)
			}
			assert.Equal(t, row.after, d.After)
			if d.State.InFlight() {
				assert.Equal(t, row.serve, d.State.Serve)
			}
			var names []string
			for _, pod := range d.Delete {
				names = append(names, pod.Name)
			}
			assert.Equal(t, row.deletes, strings.Join(names, " "))
			assert.True(t, row.check == nil || row.check(d.State), d.State)
			again := Decide(row.s, noon)
			assert.Equal(t, d, again, "a decision depends on nothing else")
		})
	}
}

// unchecked waits for a Service, so that the rollout stays where it is.
func unchecked(s *Snapshot) {
	serving(Everyone)(s)
	s.Services[0].Exists, s.State.Wait = false, waitExists("demo")
}

func TestManyDeletionsAreNamedShortly(t *testing.T) {
	pods := make([]Pod, 7)
	for i := range pods {
		pods[i].Name = fmt.Sprint("p", i)
	}
	assert.Equal(t, "Promoting: delete pod p0, p1, p2, p3, p4 and 2 more", eventDeleting(State{Phase: rollout.Promoting}, pods).Message)
}
