// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package history

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func owned(kind, by, name, revision string, age time.Duration) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: "shop", Name: name, CreationTimestamp: metav1.NewTime(now.Add(-age)),
		Annotations:     map[string]string{rollout.RevisionAnnotation: revision, "kubernetes.io/change-cause": "cause of " + name},
		OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: by, Controller: ptr.To(true)}},
	}
}

func replicaSet(by, name, revision string, pods int32, age time.Duration) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{ObjectMeta: owned("Deployment", by, name, revision, age), Spec: appsv1.ReplicaSetSpec{Replicas: &pods}}
	rs.Spec.Template.Spec.Containers = []corev1.Container{{Name: "app", Image: "demo:v" + revision}, {Name: "log", Image: "log:1"}}
	return rs
}

func cluster() *fake.Clientset {
	revision := &appsv1.ControllerRevision{ObjectMeta: owned("StatefulSet", "db", "db-7", "", time.Hour), Revision: 7}
	revision.Data.Raw = []byte(`{"spec":{"template":{"spec":{"containers":[{"image":"db:7"}]}}}}`)
	odd := &appsv1.ControllerRevision{ObjectMeta: owned("StatefulSet", "db", "db-8", "", time.Minute), Revision: 8}
	odd.Data.Raw = []byte(`[]`)
	return fake.NewClientset(
		replicaSet("demo", "demo-a", "9", 0, 48*time.Hour), replicaSet("demo", "demo-b", "10", 10, 3*time.Hour), replicaSet("demo", "demo-c", "11", 2, time.Minute),
		replicaSet("other", "other-a", "1", 1, time.Hour), replicaSet("demo", "demo-new", "", 0, time.Second), revision, odd,
	)
}

func TestTables(t *testing.T) {
	const heads = "REVISION   ROLE          NAME     PODS   AGE   IMAGES           CHANGE-CAUSE\n"
	for name, row := range map[string]struct {
		flight flight.Flight
		want   string
	}{
		"in flight": {flight.Flight{Phase: rollout.Stepping}, "REVISION   ROLE     NAME     PODS   AGE   IMAGES           CHANGE-CAUSE\n" +
			"11         canary   demo-c   2      60s   demo:v11,log:1   cause of demo-c\n" +
			"10         stable   demo-b   10     3h    demo:v10,log:1   cause of demo-b\n" +
			"9          -        demo-a   0      2d    demo:v9,log:1    cause of demo-a\n"},
		"rolled back": {flight.Flight{Phase: rollout.RolledBack}, heads +
			"11         rolled back   demo-c   2      60s   demo:v11,log:1   cause of demo-c\n" +
			"10         stable        demo-b   10     3h    demo:v10,log:1   cause of demo-b\n" +
			"9          -             demo-a   0      2d    demo:v9,log:1    cause of demo-a\n"},
		"completed": {flight.Flight{Phase: rollout.Completed}, "REVISION   ROLE     NAME     PODS   AGE   IMAGES           CHANGE-CAUSE\n" +
			"11         stable   demo-c   2      60s   demo:v11,log:1   cause of demo-c\n" +
			"10         -        demo-b   10     3h    demo:v10,log:1   cause of demo-b\n" +
			"9          -        demo-a   0      2d    demo:v9,log:1    cause of demo-a\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f := row.flight
			f.Kind, f.Namespace, f.Name, f.Stable.Version, f.Canary.Version = flight.Deployment, "shop", "demo", "demo-b", "demo-c"
			assert.Equal(t, row.want, table(t, cluster(), f))
		})
	}
}

func TestRevisionsOfBatches(t *testing.T) {
	f := flight.Flight{Kind: flight.StatefulSet, Namespace: "shop", Name: "db", Phase: rollout.Stepping, Stable: flight.Pods{Version: "db-7"}}
	assert.Equal(t, "REVISION   ROLE     NAME   PODS   AGE   IMAGES   CHANGE-CAUSE\n"+
		"8          -        db-8   -      60s   -        cause of db-8\n"+
		"7          stable   db-7   -      60m   db:7     cause of db-7\n", table(t, cluster(), f))
}

func TestWhatMayNotBeRead(t *testing.T) {
	for kind, resource := range map[string]string{flight.Deployment: "replicasets", flight.DaemonSet: "controllerrevisions"} {
		c := cluster()
		c.PrependReactor("list", resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("no") })
		_, err := Read(t.Context(), c, flight.Flight{Kind: kind, Namespace: "shop", Name: "demo"})
		require.ErrorContains(t, err, "cannot list ")
	}
}

func table(t *testing.T, c *fake.Clientset, f flight.Flight) string {
	t.Helper()
	revisions, err := Read(t.Context(), c, f)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, Table(&out, revisions, now))
	return out.String()
}
