// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/page"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout/packed"
)

func named(name, state string) metav1.ObjectMeta {
	meta := metav1.ObjectMeta{Namespace: "shop", Name: name}
	if state != "" {
		meta.Annotations = map[string]string{rollout.StateAnnotation: state}
	}
	return meta
}

func state(phase rollout.Phase) rollout.State {
	return rollout.State{
		Phase: phase, Steps: "20%:10m,100%", User: &rollout.Knobs{}, Since: now,
		Stable: rollout.Version{ReplicaSet: "demo-1"}, Canary: rollout.Version{ReplicaSet: "demo-2"},
	}
}

func replicaSet(name string, replicas, ready int32, images ...string) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{ObjectMeta: named(name, ""), Spec: appsv1.ReplicaSetSpec{Replicas: &replicas}, Status: appsv1.ReplicaSetStatus{Replicas: replicas, ReadyReplicas: ready}}
	for _, image := range images {
		rs.Spec.Template.Spec.Containers = append(rs.Spec.Template.Spec.Containers, corev1.Container{Image: image})
	}
	return rs
}

func deployment(name, state string) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: named(name, state), Spec: appsv1.DeploymentSpec{Replicas: ptr.To(int32(4))}, Status: appsv1.DeploymentStatus{ReadyReplicas: 5}}
}

func statefulSet() *appsv1.StatefulSet {
	s := batch.State{Phase: rollout.Stepping, Stage: batch.StageBatch, Steps: "50%:pause,100%", User: &batch.Knobs{StatefulSet: &appsv1.StatefulSetUpdateStrategy{}}}
	return &appsv1.StatefulSet{ObjectMeta: named("db", s.String()), Spec: appsv1.StatefulSetSpec{Replicas: ptr.To(int32(3))}, Status: appsv1.StatefulSetStatus{Replicas: 3, ReadyReplicas: 2, UpdatedReplicas: 1}}
}

func daemonSet() *appsv1.DaemonSet {
	s := batch.State{Phase: rollout.Completed, Since: now}
	return &appsv1.DaemonSet{ObjectMeta: named("agent", s.String()), Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: 5, CurrentNumberScheduled: 5, NumberReady: 4, UpdatedNumberScheduled: 5}}
}

func cluster(objects ...client.Object) Cluster {
	c := fake.NewClientBuilder().WithObjects(objects...).Build()
	return Cluster{Cached: c, Live: c}
}

func TestAll(t *testing.T) {
	flying := state(rollout.Stepping)
	all, err := cluster(
		deployment("demo", flying.String()), deployment("plain", ""), deployment("broken", "x"),
		replicaSet("demo-1", 4, 4, "app:1"), replicaSet("demo-2", 2, 1, "app:2"), statefulSet(), daemonSet(),
	).All(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 4)
	assert.Equal(t, "broken", all[0].Name)
	assert.Contains(t, all[0].Frozen, "cannot read annotation evenkeel.dev/rollout")
	assert.Equal(t, page.Seen{
		Kind: "Deployment", Namespace: "shop", Name: "demo", State: all[1].State, Replicas: 4, Ready: 5, Stable: page.Pods{Total: 4, Ready: 4}, Canary: page.Pods{Total: 2, Ready: 1},
	}, all[1])
	assert.True(t, flying.Equal(all[1].State))
	assert.Equal(t, page.Seen{
		Kind: "StatefulSet", Namespace: "shop", Name: "db", State: all[2].State, Replicas: 3, Ready: 2, Stable: page.Pods{Total: 2, Ready: -1}, Canary: page.Pods{Total: 1, Ready: -1},
	}, all[2])
	assert.Equal(t, "batch", all[2].State.Strategy)
	assert.Equal(t, []any{"DaemonSet", int32(5), int32(4), rollout.Completed}, []any{all[3].Kind, all[3].Replicas, all[3].Ready, all[3].State.Phase})
}

func TestOne(t *testing.T) {
	c := cluster(
		deployment("demo", state(rollout.Completed).String()), deployment("alone", state(rollout.Stepping).String()), deployment("plain", ""), statefulSet(),
		replicaSet("demo-1", 0, 0, "app:1", "sidecar:1"), replicaSet("demo-2", 4, 4, "app:2", "sidecar:1", "app:2"),
	)
	for _, row := range []struct {
		kind, name     string
		found          bool
		stable, canary page.Pods
	}{
		{"deployment", "demo", true, page.Pods{Images: []string{"app:1"}}, page.Pods{Total: 4, Ready: 4, Images: []string{"app:2"}}},
		{"deployment", "plain", true, page.Pods{}, page.Pods{}},
		{"statefulset", "db", true, page.Pods{Total: 2, Ready: -1}, page.Pods{Total: 1, Ready: -1}},
		{"daemonset", "db", false, page.Pods{}, page.Pods{}},
		{"deployment", "none", false, page.Pods{}, page.Pods{}},
		{"Deployment", "demo", false, page.Pods{}, page.Pods{}},
	} {
		seen, found, err := c.One(t.Context(), row.kind, "shop", row.name)
		require.NoError(t, err)
		assert.Equal(t, []any{row.found, row.stable, row.canary}, []any{found, seen.Stable, seen.Canary}, row.kind+"/"+row.name)
	}
}

// crashing is a version's pod that does.
func crashing(name, label, hash, kind, owner string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: named(name, "")}
	pod.Labels, pod.OwnerReferences = map[string]string{label: hash}, []metav1.OwnerReference{{Kind: kind, Name: owner, Controller: ptr.To(true)}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "app", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}},
	}}
	return pod
}

// The page of one workload says what is wrong with its new pods, where some are not
// ready; nobody asks for those of all.
func TestWhatIsWrongWithTheNewPods(t *testing.T) {
	flying, back := state(rollout.Stepping), state(rollout.RollingBack)
	flying.Canary.Hash, back.Canary.Hash = "2", "2"
	batches := batch.State{
		Phase: rollout.Stepping, Stage: batch.StageBatch, Steps: "50%:pause,100%", User: &batch.Knobs{StatefulSet: &appsv1.StatefulSetUpdateStrategy{}},
		Canary: batch.Version{Name: "db-2", Hash: "db-2"},
	}
	set := statefulSet()
	set.Annotations[rollout.StateAnnotation] = batches.String()
	c := cluster(
		deployment("demo", flying.String()), deployment("back", back.String()), set, replicaSet("demo-2", 2, 1),
		crashing("demo-2-a", appsv1.DefaultDeploymentUniqueLabelKey, "2", "ReplicaSet", "demo-2"),
		crashing("db-2", appsv1.ControllerRevisionHashLabelKey, "db-2", "StatefulSet", "db"),
	)
	one := func(kind, name string) string {
		seen, found, err := c.One(t.Context(), kind, "shop", name)
		require.NoError(t, err)
		require.True(t, found)
		return seen.Unwell
	}
	assert.Empty(t, one("deployment", "demo"), "nobody reads pods")
	c.Pods = c.Cached
	assert.Equal(t, `container "app" of pod "demo-2-a" crashes (CrashLoopBackOff), the last time with exit code 1`, one("deployment", "demo"))
	assert.Equal(t, `container "app" of pod "db-2" crashes (CrashLoopBackOff), the last time with exit code 1`, one("statefulset", "db"))
	assert.Empty(t, one("deployment", "back"), "its pods are going")
	all, err := c.All(t.Context())
	require.NoError(t, err)
	for _, seen := range all {
		assert.Empty(t, seen.Unwell, seen.Name)
	}
}

// Where both versions have the same images, all of them are named; caches have
// templates packed.
func TestImages(t *testing.T) {
	assert.Equal(t, []string{"app:1"}, images(packed.ReplicaSet(replicaSet("a", 1, 1, "app:1")), packed.ReplicaSet(replicaSet("b", 1, 1, "app:1"))))
	assert.Equal(t, []string{"app:1"}, images(replicaSet("a", 1, 1, "app:1"), nil))
	assert.Empty(t, images(nil, replicaSet("b", 1, 1, "app:1")))
}

func TestWhatCannotBeRead(t *testing.T) {
	refuse := func(kind string) Cluster {
		c := fake.NewClientBuilder().WithObjects(deployment("demo", state(rollout.Stepping).String())).WithInterceptorFuncs(interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, o ...client.GetOption) error {
				if _, is := object.(*appsv1.ReplicaSet); is == (kind == "ReplicaSet") {
					return errors.New("refused")
				}
				return c.Get(ctx, key, object, o...)
			},
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, o ...client.ListOption) error {
				if kind == "all" {
					return errors.New("refused")
				}
				return c.List(ctx, list, o...)
			},
		}).Build()
		return Cluster{Cached: c, Live: c}
	}
	_, err := refuse("all").All(t.Context())
	assert.EqualError(t, err, "cannot list workloads: refused")
	_, err = refuse("ReplicaSet").All(t.Context())
	assert.EqualError(t, err, `cannot get ReplicaSet "demo-1": refused`)
	_, found, err := refuse("all").One(t.Context(), "deployment", "shop", "demo")
	assert.False(t, found)
	assert.EqualError(t, err, "cannot get the workload: refused")
	assert.Equal(t, page.Past{Unread: "cannot get the ledger: refused"}, refuse("all").Past(t.Context(), page.Seen{Kind: "Deployment"}))
}

func TestPast(t *testing.T) {
	last := state(rollout.Stepping)
	last.Log.Began = now.Add(-time.Hour)
	record := ledger.Of(ledger.Workload{Kind: "Deployment", Namespace: "shop", Name: "demo", UID: "u"}, last, state(rollout.Completed))
	data, err := ledger.Append(nil, record)
	require.NoError(t, err)
	broken, err := ledger.Append(map[string]string{}, record)
	require.NoError(t, err)
	broken["20261121T010000.000Z-x.json"] = "{"
	book := func(kind, name, role string, data map[string]string) *corev1.ConfigMap {
		object := &corev1.ConfigMap{ObjectMeta: named(ledger.Name(kind, name), ""), Data: data}
		object.Labels = map[string]string{rollout.RoleLabel: role}
		return object
	}
	c := cluster(book("Deployment", "demo", ledger.Role, data), book("StatefulSet", "demo", "theirs", data), book("Deployment", "broken", ledger.Role, broken))
	past := func(kind, name string) page.Past {
		return c.Past(t.Context(), page.Seen{Kind: kind, Namespace: "shop", Name: name})
	}
	assert.Equal(t, page.Past{Records: []ledger.Record{record}}, past("Deployment", "demo"))
	assert.Equal(t, page.Past{}, past("StatefulSet", "demo"), "somebody else's ConfigMap")
	assert.Equal(t, page.Past{}, past("DaemonSet", "demo"))
	assert.Len(t, past("Deployment", "broken").Records, 1)
	assert.Equal(t, `cannot read the record "20261121T010000.000Z-x.json": unexpected end of JSON input`, past("Deployment", "broken").Unread)
	off := Cluster{Cached: c.Cached}
	assert.Equal(t, page.Past{Unread: "No records are kept: the ledger is switched off (the chart's ledger.enabled)."}, off.Past(t.Context(), page.Seen{}))
}
