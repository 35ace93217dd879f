// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package flight

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

var stepping = rollout.State{
	Phase: rollout.Stepping, Stage: rollout.StageDwell, Step: 0, Steps: "20%:10m,100%", Weight: 20, Since: now.Add(-4 * time.Minute), User: &rollout.Knobs{},
	Stable: rollout.Version{ReplicaSet: "demo-old", Hash: "old"}, Canary: rollout.Version{ReplicaSet: "demo-new", Hash: "new"}, Wait: "the step's time is over",
}

func deployment(name, state string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name), Annotations: map[string]string{rollout.StateAnnotation: state}},
		Spec:       appsv1.DeploymentSpec{Replicas: ptr.To[int32](10), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}},
	}
}

func replicaSet(of, name string, asked, ready int32) *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{
		ObjectMeta: owned(of, name, map[string]string{"app": of}),
		Spec:       appsv1.ReplicaSetSpec{Replicas: &asked}, Status: appsv1.ReplicaSetStatus{ReadyReplicas: ready},
	}
}

func owned(by, name string, labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: labels, OwnerReferences: []metav1.OwnerReference{{Name: by, UID: types.UID(by), Controller: ptr.To(true)}}}
}

func pod(of, name, hash string, ready corev1.ConditionStatus) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: owned(of, name, map[string]string{"app": of, appsv1.ControllerRevisionHashLabelKey: hash}),
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}},
	}
}

func statefulSet(serve batch.Role) *appsv1.StatefulSet {
	state := batch.State{
		Phase: rollout.Stepping, Stage: batch.StageBatch, Steps: "34%,100%", Serve: serve, Services: []string{"db"},
		User:   &batch.Knobs{StatefulSet: &appsv1.StatefulSetUpdateStrategy{}},
		Stable: batch.Version{Name: "db-1", Hash: "db-1"}, Canary: batch.Version{Name: "db-2", Hash: "db-2"},
	}
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db", UID: "db", Annotations: map[string]string{rollout.StateAnnotation: state.String()}},
		Spec:       appsv1.StatefulSetSpec{Replicas: ptr.To[int32](3), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}}},
	}
}

func cluster() *fake.Clientset {
	resting := deployment("resting", "")
	resting.Annotations = nil
	done := stepping
	done.Phase, done.Stage, done.Since = rollout.Completed, "", now.Add(-2*time.Hour)
	return fake.NewClientset([]runtime.Object{
		deployment("demo", stepping.String()), replicaSet("demo", "demo-old", 10, 9), replicaSet("demo", "demo-new", 2, 1), replicaSet("other", "demo-new2", 7, 7),
		deployment("done", done.String()), resting, deployment("odd", "{"),
		statefulSet(batch.Everyone), pod("db", "db-0", "db-1", corev1.ConditionTrue), pod("db", "db-1", "db-1", corev1.ConditionTrue), pod("db", "db-2", "db-2", corev1.ConditionTrue),
		pod("other", "stray", "db-2", corev1.ConditionTrue), pod("db", "db-3", "", corev1.ConditionFalse),
	}...)
}

func TestGet(t *testing.T) {
	f, err := Get(t.Context(), cluster(), "shop", Ref{Deployment, "demo"})
	require.NoError(t, err)
	assert.Equal(t, Pods{"demo-old", 9, 10}, f.Stable)
	assert.Equal(t, Pods{"demo-new", 1, 2}, f.Canary)
	assert.Equal(t, "1/2", f.Place())
	assert.Equal(t, rollout.Canary, f.Strategy)
	assert.True(t, f.Reversible)
	left, timed := f.Left(now)
	assert.True(t, timed)
	assert.Equal(t, 6*time.Minute, left)

	f, err = Get(t.Context(), cluster(), "shop", Ref{StatefulSet, "db"})
	require.NoError(t, err)
	assert.Equal(t, Pods{"db-1", 2, 2}, f.Stable)
	assert.Equal(t, Pods{"db-2", 1, 1}, f.Canary)
	assert.Equal(t, 33, f.Weight)

	for _, kind := range []string{Deployment, StatefulSet, DaemonSet} {
		_, err = Get(t.Context(), cluster(), "shop", Ref{kind, "nothing"})
		require.ErrorContains(t, err, `cannot read the `+kind)
	}
}

// New pods get the traffic that the Services lead to them.
func TestWeightOfBatches(t *testing.T) {
	pods := []*corev1.Pod{pod("db", "db-0", "db-1", corev1.ConditionTrue), pod("db", "db-2", "db-2", corev1.ConditionTrue), pod("db", "db-1", "db-2", corev1.ConditionFalse)}
	for serve, want := range map[batch.Role]int{batch.Everyone: 50, batch.Old: 0, batch.New: 100} {
		assert.Equal(t, want, OfStatefulSet(statefulSet(serve), pods).Weight, "%q", serve)
	}
	assert.Zero(t, OfStatefulSet(statefulSet(batch.Everyone), nil).Weight)
	daemons := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "agent", Annotations: map[string]string{rollout.StateAnnotation: batch.State{Phase: rollout.Completed}.String()}}, Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: 4}}
	f := OfDaemonSet(daemons, nil)
	assert.Equal(t, []any{100, int32(4), rollout.Batch}, []any{f.Weight, f.Replicas, f.Strategy})
}

func TestList(t *testing.T) {
	for name, row := range map[string]struct {
		after time.Time
		want  []string
	}{
		"lately":    {now.Add(-time.Hour), []string{"deployment.apps/demo", "deployment.apps/odd", "statefulset.apps/db"}},
		"all day":   {now.Add(-24 * time.Hour), []string{"deployment.apps/demo", "deployment.apps/done", "deployment.apps/odd", "statefulset.apps/db"}},
		"in flight": {now, []string{"deployment.apps/demo", "deployment.apps/odd", "statefulset.apps/db"}},
	} {
		t.Run(name, func(t *testing.T) {
			flights, err := List(t.Context(), cluster(), "", row.after)
			require.NoError(t, err)
			var got []string
			for _, f := range flights {
				got = append(got, f.Ref())
			}
			assert.Equal(t, row.want, got)
			assert.Equal(t, Pods{"demo-new", 1, 2}, flights[0].Canary)
		})
	}
}

func TestListTellsWhatItMayNotRead(t *testing.T) {
	for resource, want := range map[string]string{
		"deployments": "cannot list Deployments: no", "statefulsets": "cannot list StatefulSets: no", "daemonsets": "cannot list DaemonSets: no",
		"replicasets": "cannot list ReplicaSets: no", "pods": "cannot list Pods: no",
	} {
		c := cluster()
		c.PrependReactor("list", resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("no") })
		_, err := List(t.Context(), c, "", now)
		require.EqualError(t, err, want)
	}
}

func TestWhoNeedsAPerson(t *testing.T) {
	for name, row := range map[string]struct {
		flight Flight
		want   bool
	}{
		"time":        {Flight{Phase: rollout.Stepping, Wait: "the step's time is over"}, false},
		"a pause":     {Flight{Phase: rollout.Stepping, Wait: "a person says so (annotation evenkeel.dev/action: continue, skip or rollback)"}, true},
		"held":        {Flight{Phase: rollout.Stepping, Held: true}, true},
		"completed":   {Flight{Phase: rollout.Completed}, false},
		"rolled back": {Flight{Phase: rollout.RolledBack}, true},
		"unreadable":  {Flight{Unread: "why"}, true},
		"never":       {Flight{}, false},
	} {
		assert.Equal(t, row.want, row.flight.NeedsPerson(), name)
	}
}

// The time that is left is the step's own or the policy's least, and none where
// something else is waited for.
func TestLeft(t *testing.T) {
	least := func(s *rollout.State) { s.Timing.MinStep = rollout.Duration(30 * time.Minute) }
	lifted := map[string]string{"evenkeel.dev/override": "checks=min-step; until=2999-01-01T00:00:00Z; reason=INC-1"}
	for name, row := range map[string]struct {
		edit   func(*rollout.State)
		also   map[string]string
		left   time.Duration // 0: none is told
		passed int
	}{
		"its own time":            {func(*rollout.State) {}, nil, 6 * time.Minute, 40},
		"the policy's least":      {least, nil, 26 * time.Minute, 13},
		"an emergency lifts it":   {least, lifted, 6 * time.Minute, 40},
		"an emergency of a check": {least, map[string]string{"evenkeel.dev/override": "checks=pdb; until=2999-01-01T00:00:00Z; reason=INC-1"}, 26 * time.Minute, 13},
		"a pause":                 {func(s *rollout.State) { s.Steps = "20%:pause,100%"; least(s) }, nil, 26 * time.Minute, 13},
		"it waits for evidence":   {func(s *rollout.State) { s.Since, s.Wait = now.Add(-time.Hour), `analysis "errors" passes in this step` }, nil, 0, 100},
		"it waits for a window": {func(s *rollout.State) {
			s.Since, s.Wait = now.Add(-time.Hour), "the release window opens (Mon 2026-11-23 09:00 Europe/Berlin)"
		}, nil, 0, 100},
		"it waits for a person":      {func(s *rollout.State) { s.Steps, s.Wait = "20%:pause,100%", "a person says so" }, nil, 0, 100},
		"nobody has looked yet":      {func(s *rollout.State) { s.Since = now.Add(-time.Hour) }, nil, 0, 100},
		"held":                       {func(s *rollout.State) { s.Held, s.Wait = true, "a person holds the rollout" }, nil, 0, 0},
		"the pods are not ready yet": {func(s *rollout.State) { s.Stage, s.Wait = rollout.StageScale, "the canary's pods are ready" }, nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			state := stepping
			row.edit(&state)
			d := deployment("demo", state.String())
			maps.Copy(d.Annotations, row.also)
			f := OfDeployment(d, nil)
			left, timed := f.Left(now)
			assert.Equal(t, row.left, left)
			assert.Equal(t, row.left > 0, timed)
			assert.Equal(t, row.passed, f.Passed(now))
		})
	}
}

func TestParseRef(t *testing.T) {
	for text, want := range map[string]Ref{
		"demo": {Deployment, "demo"}, "deploy/demo": {Deployment, "demo"}, "sts/db": {StatefulSet, "db"}, "DaemonSet/agent": {DaemonSet, "agent"}, "daemonset.apps/agent": {DaemonSet, "agent"},
	} {
		got, err := ParseRef(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"pod/demo", "deploy/", ""} {
		_, err := ParseRef(text)
		require.ErrorContains(t, err, "names no workload: write NAME for a Deployment")
	}
}

// next waits for a sight that fits.
func next(t *testing.T, sights <-chan Sight, fits func(Sight) bool) Sight {
	t.Helper()
	for {
		select {
		case sight, open := <-sights:
			require.True(t, open)
			if fits(sight) {
				return sight
			}
		case <-time.After(10 * time.Second):
			require.FailNow(t, "it was not seen")
		}
	}
}

// watched waits until so many kinds are watched: what changes before is told to nobody
// by a fake cluster.
func watched(t *testing.T, c *fake.Clientset, kinds int) {
	t.Helper()
	require.Eventually(t, func() bool {
		n := 0
		for _, action := range c.Actions() {
			if action.GetVerb() == "watch" {
				n++
			}
		}
		return n >= kinds
	}, 10*time.Second, 5*time.Millisecond)
}

func TestFollowSeesEveryChange(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := cluster()
	sights := Follow(ctx, c, "shop", Ref{Deployment, "demo"})
	next(t, sights, func(s Sight) bool { return s.Flight.Name == "demo" && s.Flight.Canary.Ready == 1 })
	watched(t, c, 3)

	_, err := c.AppsV1().ReplicaSets("shop").Update(ctx, replicaSet("demo", "demo-new", 2, 2), metav1.UpdateOptions{})
	require.NoError(t, err)
	next(t, sights, func(s Sight) bool { return s.Flight.Canary.Ready == 2 })

	require.NoError(t, c.AppsV1().Deployments("shop").Delete(ctx, "demo", metav1.DeleteOptions{}))
	next(t, sights, func(s Sight) bool { return s.Gone })
	cancel()
	for range sights { // it ends
	}
}

func TestFollowPods(t *testing.T) {
	c := cluster()
	next(t, Follow(t.Context(), c, "shop", Ref{StatefulSet, "db"}), func(s Sight) bool { return s.Flight.Canary == Pods{"db-2", 1, 1} })
	next(t, Follow(t.Context(), c, "shop", Ref{DaemonSet, "nothing"}), func(s Sight) bool { return s.Gone })
}

// Whoever may not watch is told so.
func TestFollowTellsWhyNothingIsSeen(t *testing.T) {
	c := cluster()
	c.PrependReactor("list", "replicasets", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("no") })
	sight := next(t, Follow(t.Context(), c, "shop", Ref{Deployment, "demo"}), func(s Sight) bool { return s.Err != nil })
	require.ErrorContains(t, sight.Err, "cannot watch: ")
}

// What was measured is told as the state keeps it.
func TestMeasurements(t *testing.T) {
	text := strings.Replace(stepping.String(), `{"phase"`, `{"analyses": [{"name": "errors", "last": {"at": "2026-11-21T11:59:00Z", "verdict": "Failed", "says": "3.1 % of 900 requests failed, at most 1 %"}}, {"name": "latency"}], "phase"`, 1)
	f := OfDeployment(deployment("demo", text), nil)
	assert.Equal(t, []Measurement{{"errors", "Failed", "3.1 % of 900 requests failed, at most 1 %", now.Add(-time.Minute)}}, f.Measurements)
}
