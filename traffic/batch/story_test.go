// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// run lets everybody do their work until something is so, second by second.
func (w *world) run(t *testing.T, until func() bool) {
	t.Helper()
	for range 600 {
		if until() {
			return
		}
		w.reconcile(9)
		w.stock()
		w.pods = slices.DeleteFunc(w.pods, func(p *Pod) bool { return p.Leaving })
		for _, pod := range w.pods {
			pod.Ready = !w.sick[pod.Hash]
			pod.Available = pod.Ready
		}
		w.pass(time.Second)
		w.check()
		require.Empty(t, w.broken)
	}
	require.Fail(t, "it never came to that", w.String())
}

func (w *world) waits(wait string) func() bool { return func() bool { return w.state.Wait == wait } }
func (w *world) ended() bool                   { return !w.state.InFlight() }

// images lists the pods' versions by ordinal.
func (w *world) images() (out string) {
	for i := range w.replicas {
		out += fmt.Sprint(w.pod(i).Hash, " ")
	}
	return out
}

// Three replicas in two batches: the new pod gets the traffic first, a person
// looks, and then the others follow.
func TestTheNewPodFirst(t *testing.T) {
	w := newWorld(given{replicas: 3, steps: "33%:pause,100%", services: true})
	w.run(t, w.waits(waitPerson))
	assert.Equal(t, "old old new ", w.images())
	assert.Equal(t, "new", w.served)
	w.act(rollout.ActionContinue)
	w.run(t, w.ended)
	assert.Equal(t, rollout.Completed, w.state.Phase)
	assert.Equal(t, "new new new ", w.images())
	assert.Empty(t, w.selected)
	assert.Equal(t, []string{
		"batches 33%:pause,100%; stable is demo-old",
		"step 1 of 2 (33%:pause): the Services lead to demo-old alone",
		"step 1 of 2 (33%:pause): 1 of 3 pods become demo-new",
		"step 1 of 2 (33%:pause): the Services lead to demo-new alone",
		"step 1 of 2 (33%:pause): 1 of 3 pods are demo-new",
		"step 1 of 2 (33%:pause) until a person says so (annotation evenkeel.dev/action: continue, skip or rollback)",
		"step 2 of 2 (100%): 3 of 3 pods become demo-new",
		"step 2 of 2 (100%): 3 of 3 pods are demo-new",
		"demo-new becomes stable",
		"the pods are demo-new",
	}, w.told)
}

// The same, and the person goes back: the old image is there again, and no moment
// without a pod that serves.
func TestTheOldImageAgain(t *testing.T) {
	w := newWorld(given{replicas: 3, steps: "33%:pause,100%", services: true})
	w.run(t, w.waits(waitPerson))
	w.told = nil
	w.act(rollout.ActionRollback)
	w.run(t, w.ended)
	assert.Equal(t, "old old old ", w.images())
	assert.Equal(t, "old", w.template)
	assert.Equal(t, []string{
		"going back to demo-old: a person asked for it",
		"RollingBack: the Services lead to demo-old alone",
		"the template of demo-old is restored",
		"RollingBack until stable's pods are ready",
		"back on demo-old: a person asked for it",
	}, w.told)
}

// A pod that never becomes ready is in the way of the stock controller, whatever
// the policy: without its deletion the old image does not come back.
func TestABrokenPodIsInTheWay(t *testing.T) {
	for _, parallel := range []bool{false, true} {
		t.Run(fmt.Sprintf("parallel %v", parallel), func(t *testing.T) {
			w := newWorld(given{replicas: 3, steps: "33%,100%", parallel: parallel})
			w.sick["new"] = true
			other := newWorld(given{replicas: 3, steps: "33%,100%", parallel: parallel})
			other.sick["new"], other.bug = true, "broken pods stay"
			w.run(t, w.ended)
			assert.Equal(t, "old old old ", w.images())
			reason := "waited 1m0s for this to happen: the batch's pods are new and ready"
			end := []string{
				"going back to demo-old: " + reason,
				"RollingBack: delete pod demo-2, not ready and in the stock controller's way",
				"RollingBack until stable's pods are ready",
				"back on demo-old: " + reason,
			}
			assert.Equal(t, end, w.told[len(w.told)-4:])
			assert.Equal(t, 1, w.deleted)
			other.run(t, func() bool {
				return other.state.Phase == rollout.RollingBack && other.now.Sub(other.state.Since) > 5*time.Minute
			})
			assert.Equal(t, "a person looks: for longer than 1m0s it waits until the new pods are gone", other.state.Wait)
		})
	}
}

// The fix of a broken template is not kept out by the broken pod.
func TestTheFixGetsPastABrokenPod(t *testing.T) {
	w := newWorld(given{replicas: 3, steps: "33%,100%", services: true})
	w.sick["new"] = true
	w.run(t, func() bool { return w.pod(2) != nil && w.pod(2).Hash == "new" })
	w.apply("fix")
	w.run(t, w.ended)
	assert.Equal(t, "fix fix fix ", w.images())
	assert.Equal(t, rollout.Completed, w.state.Phase)
	assert.Contains(t, w.told, "step 1 of 2 (33%): delete pod demo-2, not ready and in the stock controller's way")
}

// A user's own partition is where the batches end.
func TestTheUsersOwnPartition(t *testing.T) {
	w := newWorld(given{replicas: 5, steps: "20%,100%", partition: ptr.To(int32(3)), services: true})
	w.run(t, w.ended)
	assert.Equal(t, "old old old new new ", w.images())
	assert.Contains(t, w.told, "step 2 of 2 (100%): 2 of 5 pods become demo-new")
	assert.Equal(t, `{"statefulSet":{"type":"RollingUpdate","rollingUpdate":{"partition":3}}}`, text(w.knobs))

	all := newWorld(given{replicas: 3, steps: "100%", partition: ptr.To(int32(3))})
	wait := "updateStrategy.rollingUpdate.partition (3) is below the replicas (3)"
	all.run(t, all.waits(wait))
	all.please()
	all.run(t, all.ended)
	assert.Equal(t, "new new new ", all.images())
	assert.Contains(t, all.told, "Preparing until "+wait)
}

// The pods of a DaemonSet go by the names of their nodes, as many at a time as the
// user said.
func TestADaemonSet(t *testing.T) {
	w := newWorld(given{replicas: 5, steps: "40%:pause,100%", daemon: true, unavailable: ptr.To(intstr.FromString("21%")), services: true})
	w.run(t, w.waits(waitPerson))
	assert.Equal(t, "new new old old old ", w.images())
	w.act(rollout.ActionContinue)
	w.run(t, w.ended)
	assert.Equal(t, "new new new new new ", w.images())
	assert.Equal(t, `{"daemonSet":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"21%"}}}`, text(w.knobs))
	assert.Contains(t, w.told, "step 1 of 2 (40%:pause): delete pod demo-0, demo-1")
	assert.Contains(t, w.told, "step 2 of 2 (100%): delete pod demo-2, demo-3")
	assert.Contains(t, w.told, "step 2 of 2 (100%): delete pod demo-4")

	surge := newWorld(given{replicas: 2, steps: "100%", daemon: true, unavailable: ptr.To(intstr.FromInt32(0)), surge: ptr.To(intstr.FromInt32(1))})
	surge.run(t, surge.ended)
	assert.Equal(t, "batches 100%; stable is demo-old; maxSurge 1 rests until the end: a batch of a DaemonSet deletes a node's pod before the new one starts, 1 at a time", surge.told[0])
}

// A held batch stops where it is, and pods that are added while in flight are of
// the versions that the step asks for.
func TestHeldAndScaled(t *testing.T) {
	w := newWorld(given{replicas: 6, steps: "50%:pause,100%"})
	w.run(t, func() bool { return w.ready("new") == 1 })
	w.act(ActionHold)
	for range 30 {
		w.reconcile(9)
		w.stock()
		w.pass(time.Second)
	}
	assert.Equal(t, waitHeld, w.state.Wait)
	assert.LessOrEqual(t, 6-w.count(func(p *Pod) bool { return p.Hash == "old" && !p.Leaving }), int32(2), "no third pod is taken")
	w.act(rollout.ActionContinue)
	w.run(t, w.waits(waitPerson))
	assert.Equal(t, "old old old new new new ", w.images())
	w.scale(8)
	w.run(t, func() bool { return w.state.Partition == 4 && len(w.pods) == 8 && w.state.Wait == waitPerson })
	assert.Contains(t, w.told, "step 1 of 2 (50%:pause): of now 8 pods those from ordinal 4 on are new")
	w.act(rollout.ActionContinue)
	w.run(t, w.ended)
	assert.Equal(t, "new new new new new new new new ", w.images())
}

// A preview has pods and no traffic, and the traffic turns when it is due.
func TestPreviewAndTurn(t *testing.T) {
	w := newWorld(given{replicas: 4, steps: "0%/25%:pause,50%:pause,75%:pause,100%", turn: 60, services: true})
	for _, row := range []struct{ images, served string }{
		{"old old old new ", "old"}, {"old old new new ", "old"}, {"old new new new ", "new"},
	} {
		w.run(t, w.waits(waitPerson))
		assert.Equal(t, row.images, w.images())
		assert.Equal(t, row.served, w.served)
		w.act(rollout.ActionContinue)
		w.reconcile(9)
		require.NotEqual(t, waitPerson, w.state.Wait)
	}
	w.run(t, w.ended)
	assert.Equal(t, rollout.Completed, w.state.Phase)
}
