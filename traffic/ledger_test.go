// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/traffic/archive"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// flight is a Deployment of two pods in flight, with the bare essentials of its
// stock controller and of admission.
type flight struct {
	t      *testing.T
	client client.Client
	r      *Reconciler
	told   *events.FakeRecorder
	now    time.Time
	// fewer is how many pods of stable are not ready at the first look.
	fewer int32
}

// newFlight begins a release in batches. Each write is told to wrote, which may
// refuse it.
func newFlight(t *testing.T, wrote func(client.Object) error) *flight {
	t.Helper()
	f := &flight{t: t, told: events.NewFakeRecorder(100), now: morning}
	begun := rollout.Begin(rollout.State{
		Strategy: rollout.Batch, Capacity: rollout.Surge, Steps: "50%:1m,100%", User: &rollout.Knobs{},
		Stable: rollout.Version{ReplicaSet: "demo-1", Hash: "1", Revision: "1"},
		Timing: rollout.Timing{Settle: rollout.Duration(time.Second), StepDeadline: rollout.Duration(time.Hour)},
		Log:    rollout.Log{By: "jane"},
	}, morning)
	f.client = cluster(t, begun, wrote)
	f.r = reconciler(f.client, f.told)
	f.r.now = func() time.Time { return f.now }
	f.r.ledger = &archive.Keeper{Live: f.client, Writer: f.client, Events: f.told}
	return f
}

func (f *flight) deployment() *appsv1.Deployment {
	f.t.Helper()
	var d appsv1.Deployment
	require.NoError(f.t, f.client.Get(f.t.Context(), demo, &d))
	return &d
}

func (f *flight) state() rollout.State {
	f.t.Helper()
	state, err := rollout.ParseState(f.deployment().Annotations[rollout.StateAnnotation])
	require.NoError(f.t, err)
	return state
}

// write is a person's word, through admission.
func (f *flight) write(state rollout.State) {
	f.t.Helper()
	d := f.deployment()
	d.Annotations[rollout.StateAnnotation] = state.String()
	require.NoError(f.t, f.client.Update(f.t.Context(), d))
}

// stock renders what the state asks for, and makes the pods that it leads to.
func (f *flight) stock() {
	f.t.Helper()
	d, state := f.deployment(), f.state()
	old, wanted := int32(2), int32(0)
	switch {
	case state.Stage == rollout.StageScale || state.Stage == rollout.StageShift || state.Stage == rollout.StageDwell:
		wanted = int32(state.Surge+49) / 50
	case state.Phase == rollout.Promoting || state.Phase == rollout.Completed:
		old, wanted = 0, 2
	}
	if state.InFlight() {
		state.Render().Put(d)
	}
	if state.Phase == rollout.RollingBack {
		d.Spec.Template.Spec.Containers[0].Image = "demo:v1"
	}
	require.NoError(f.t, f.client.Update(f.t.Context(), d))
	for name, pods := range map[string]int32{"demo-1": old, "demo-2": wanted} {
		var rs appsv1.ReplicaSet
		require.NoError(f.t, f.client.Get(f.t.Context(), client.ObjectKey{Namespace: "shop", Name: name}, &rs))
		rs.Spec.Replicas = ptr.To(pods)
		require.NoError(f.t, f.client.Update(f.t.Context(), &rs))
		rs.Status.Replicas, rs.Status.ReadyReplicas = pods, pods
		if name == "demo-1" {
			rs.Status.ReadyReplicas = max(pods-f.fewer, 0)
			f.fewer = 0
		}
		require.NoError(f.t, f.client.Status().Update(f.t.Context(), &rs))
	}
}

// untilTheEnd lets time pass; what the controller meets on its way it tries again.
func (f *flight) untilTheEnd() rollout.Phase {
	f.t.Helper()
	for range 200 {
		f.stock()
		if state := f.state(); !state.InFlight() {
			return state.Phase
		}
		_, _ = f.r.Reconcile(f.t.Context(), reconcile.Request{NamespacedName: demo})
		f.now = f.now.Add(10 * time.Second)
	}
	require.Failf(f.t, "waited in vain", "%s", f.state())
	return ""
}

func (f *flight) records() []ledger.Record {
	f.t.Helper()
	var object corev1.ConfigMap
	require.NoError(f.t, f.client.Get(f.t.Context(), client.ObjectKey{Namespace: "shop", Name: "demo-releases"}, &object))
	all, err := ledger.Read(&object)
	require.NoError(f.t, err)
	return all
}

// said are the Events about the ledger.
func (f *flight) said() (out []string) {
	for {
		select {
		case event := <-f.told.Events:
			if strings.Contains(event, "Ledger") || strings.Contains(event, "Recorded") {
				out = append(out, event)
			}
		default:
			return out
		}
	}
}

func nothing(client.Object) error { return nil }

// A release that comes to its end is in the ledger, with all that happened.
func TestTheRecordOfARelease(t *testing.T) {
	f := newFlight(t, nothing)
	f.fewer = 1
	require.Equal(t, rollout.Completed, f.untilTheEnd())
	all := f.records()
	require.Len(t, all, 1)
	r := all[0]
	assert.Equal(t, ledger.Workload{Kind: "Deployment", Namespace: "shop", Name: "demo", UID: "u"}, r.Workload)
	assert.Equal(t, "demo-1 demo-2", r.From.ReplicaSet+" "+r.To.ReplicaSet)
	assert.Equal(t, []any{"batch", "50%:1m,100%", "Completed", "jane", morning}, []any{r.Strategy, r.Plan, r.Result, r.AppliedBy, r.Started})
	assert.Equal(t, f.state().Since, r.Ended)
	assert.Equal(t, rollout.Count{Ready: 1, Of: 2}, *r.Ready, "a pod was missing once")
	require.Len(t, r.Steps, 2)
	assert.Equal(t, "50%:1m", r.Steps[0].Step)
	assert.GreaterOrEqual(t, r.Steps[0].Left.Sub(r.Steps[0].Accepted), time.Minute)
	assert.Equal(t, []string{fmt.Sprintf(`Normal ReleaseRecorded %s; the record is in ConfigMap "demo-releases"`, r.Summary())}, f.said())
}

// What a person says is in the record of a release that goes back.
func TestTheRecordOfAReleaseThatGoesBack(t *testing.T) {
	f := newFlight(t, nothing)
	for f.state().Stage != rollout.StageDwell {
		f.stock()
		_, err := f.r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
		require.NoError(t, err)
	}
	next, err := rollout.Act(f.state(), rollout.ActionRollback, f.now)
	require.NoError(t, err)
	f.write(next.Say("joe", "rollback", f.now))
	require.Equal(t, rollout.RolledBack, f.untilTheEnd())
	r := f.records()[0]
	assert.Equal(t, "RolledBack: a person asked for it", r.Result+": "+r.Reason)
	assert.Equal(t, []rollout.Word{{Who: "joe", What: "rollback", When: morning}}, r.Told)
}

// A third template: the first release's record is written, and both are there.
func TestTheRecordOfAReleaseThatIsReplaced(t *testing.T) {
	f := newFlight(t, nothing)
	f.stock()
	_, err := f.r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	plan := f.state()
	plan.Log.By = "joe"
	f.now = f.now.Add(time.Minute)
	again, err := rollout.Again(f.state(), plan, f.now)
	require.NoError(t, err)
	f.write(again)
	require.Equal(t, rollout.Completed, f.untilTheEnd())
	all := f.records()
	require.Len(t, all, 2)
	assert.Equal(t, "Replaced jane, Completed joe", fmt.Sprintf("%s %s, %s %s", all[0].Result, all[0].AppliedBy, all[1].Result, all[1].AppliedBy))
	assert.Len(t, f.said(), 2)
}

// A crash between the ledger and the state that ends the release: one record.
func TestACrashBetweenLedgerAndState(t *testing.T) {
	var f *flight
	crashes := 0
	f = newFlight(t, func(o client.Object) error {
		d, ours := o.(*appsv1.Deployment)
		var object corev1.ConfigMap
		written := f.client.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "demo-releases"}, &object) == nil
		if ours && written && crashes < 3 && d.Name == "demo" {
			crashes++
			f.r.ledger = &archive.Keeper{Live: f.client, Writer: f.client, Events: f.told} // the next leader knows nothing
			return errors.New("crash")
		}
		return nil
	})
	require.Equal(t, rollout.Completed, f.untilTheEnd())
	assert.Equal(t, 3, crashes)
	all := f.records()
	require.Len(t, all, 1)
	assert.Equal(t, f.state().Since, all[0].Ended, "the record and the state say the same")
}

// forbidden may not make ConfigMaps.
type forbidden struct{ client.Writer }

func (forbidden) Create(_ context.Context, o client.Object, _ ...client.CreateOption) error {
	return apierrors.NewForbidden(corev1.Resource("configmaps"), o.GetName(), errors.New("quota"))
}

// A ledger that cannot be written stops no release.
func TestALedgerThatCannotBeWritten(t *testing.T) {
	f := newFlight(t, nothing)
	f.r.ledger.Writer = forbidden{f.client}
	require.Equal(t, rollout.Completed, f.untilTheEnd())
	assert.Equal(t, []string{`Warning LedgerNotWritten the release goes on, its record stands in the log alone: cannot write the ledger: configmaps "demo-releases" is forbidden: quota`}, f.said())
}

// Without a ledger a release ends as ever, and its state does not grow.
func TestWithoutALedger(t *testing.T) {
	f := newFlight(t, nothing)
	f.r.ledger = nil
	require.Equal(t, rollout.Completed, f.untilTheEnd())
	err := f.client.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "demo-releases"}, &corev1.ConfigMap{})
	assert.True(t, apierrors.IsNotFound(err))
}

// StatefulSets and DaemonSets have a ledger of their own.
func TestTheRecordOfBatches(t *testing.T) {
	for kind, name := range map[string]string{"StatefulSet": "demo-statefulset-releases", "DaemonSet": "demo-daemonset-releases"} {
		t.Run(kind, func(t *testing.T) {
			s := newStage(t, kind, "33%:pause,100%")
			s.b.ledger = &archive.Keeper{Live: s.client, Writer: s.client, Events: s.events}
			state, err := batch.Act(s.untilAPerson(), rollout.ActionContinue, s.now)
			state.Log = state.Log.Say("joe", "continue", s.now)
			s.write(state, err)
			require.Equal(t, rollout.Completed, s.untilTheEnd())
			var object corev1.ConfigMap
			require.NoError(t, s.client.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: name}, &object))
			assert.True(t, metav1.IsControlledBy(&object, s.object()))
			all, err := ledger.Read(&object)
			require.NoError(t, err)
			require.Len(t, all, 1)
			r := all[0]
			assert.Equal(t, kind+" batch Completed", r.Workload.Kind+" "+r.Strategy+" "+r.Result)
			assert.Equal(t, s.version("v1").Name+" "+s.version("v2").Name, r.From.ReplicaSet+" "+r.To.ReplicaSet)
			assert.Equal(t, "joe", r.Told[0].Who)
			assert.Equal(t, int32(3), r.Ready.Of)
			require.Len(t, r.Steps, 2)
			for _, at := range []time.Time{r.Steps[0].Asked, r.Steps[0].Given, r.Steps[0].Accepted, r.Steps[0].Left} {
				assert.False(t, at.IsZero())
			}
		})
	}
}
