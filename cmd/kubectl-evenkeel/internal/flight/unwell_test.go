// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package flight

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// imageless makes a pod's container wait for an image.
func imageless(p *corev1.Pod) *corev1.Pod {
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "app", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}}
	return p
}

// sickCluster has releases whose new versions have a pod without an image.
func sickCluster() *fake.Clientset {
	canary := imageless(pod("demo-new", "demo-new-a", "", corev1.ConditionFalse))
	canary.OwnerReferences[0].Kind, canary.OwnerReferences[0].Name = "ReplicaSet", "demo-new"
	canary.Labels["app"] = "demo"
	other := imageless(pod("demo-old", "demo-old-a", "", corev1.ConditionFalse))
	other.OwnerReferences[0].Kind, other.OwnerReferences[0].Name = "ReplicaSet", "demo-old"
	other.Labels["app"] = "demo"
	ordinal := imageless(pod("db", "db-2", "db-2", corev1.ConditionFalse))
	ordinal.OwnerReferences[0].Kind = StatefulSet
	return fake.NewClientset(
		deployment("demo", stepping.String()), replicaSet("demo", "demo-old", 10, 9), replicaSet("demo", "demo-new", 2, 1), canary, other,
		statefulSet(batch.Everyone), pod("db", "db-0", "db-1", corev1.ConditionTrue), ordinal,
	)
}

const noImage = ` does not start (ImagePullBackOff)`

func TestWhatIsWrongWithTheNewPods(t *testing.T) {
	f, err := Get(t.Context(), sickCluster(), "shop", Ref{Deployment, "demo"})
	require.NoError(t, err)
	assert.Equal(t, `container "app" of pod "demo-new-a"`+noImage, f.Unwell)

	all, err := List(t.Context(), sickCluster(), "shop", time.Now())
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, `container "app" of pod "demo-new-a"`+noImage, all[0].Unwell)
	assert.Equal(t, `container "app" of pod "db-2"`+noImage, all[1].Unwell)
}

// It is asked for only where pods are lacked, and not on the way back, where they go.
func TestPodsAreReadWhereSomeAreLacked(t *testing.T) {
	back := stepping
	back.Phase, back.Stage = rollout.RollingBack, rollout.StageRestore
	for name, c := range map[string]*fake.Clientset{
		"all are ready": fake.NewClientset(deployment("demo", stepping.String()), replicaSet("demo", "demo-new", 2, 2)),
		"it goes back":  fake.NewClientset(deployment("demo", back.String()), replicaSet("demo", "demo-new", 2, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Get(t.Context(), c, "shop", Ref{Deployment, "demo"})
			require.NoError(t, err)
			assert.Empty(t, f.Unwell)
			for _, action := range c.Actions() {
				assert.NotEqual(t, "pods", action.GetResource().Resource)
			}
		})
	}
}

// Whoever may not read pods is told the rest.
func TestPodsThatMayNotBeRead(t *testing.T) {
	refuse := func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("forbidden") }
	c := sickCluster()
	c.PrependReactor("list", "pods", refuse)
	f, err := Get(t.Context(), c, "shop", Ref{Deployment, "demo"})
	require.NoError(t, err)
	assert.Equal(t, Pods{"demo-new", 1, 2}, f.Canary)
	assert.Empty(t, f.Unwell)

	sight := next(t, Follow(t.Context(), c, "shop", Ref{Deployment, "demo"}), func(s Sight) bool { return s.Err != nil || s.Flight.Canary.Ready == 1 })
	require.NoError(t, sight.Err)
	assert.Empty(t, sight.Flight.Unwell)
}

// What follows a release sees a pod fall sick, of which its ReplicaSet says nothing.
func TestFollowSeesWhatIsWrong(t *testing.T) {
	c := sickCluster()
	sights := Follow(t.Context(), c, "shop", Ref{Deployment, "demo"})
	next(t, sights, func(s Sight) bool { return s.Flight.Unwell == `container "app" of pod "demo-new-a"`+noImage })
	watched(t, c, 3)

	pod, err := c.CoreV1().Pods("shop").Get(t.Context(), "demo-new-a", metav1.GetOptions{})
	require.NoError(t, err)
	pod.Status.ContainerStatuses[0].State.Waiting.Reason = "ErrImagePull"
	_, err = c.CoreV1().Pods("shop").UpdateStatus(t.Context(), pod, metav1.UpdateOptions{})
	require.NoError(t, err)
	next(t, sights, func(s Sight) bool {
		return s.Flight.Unwell == `container "app" of pod "demo-new-a" does not start (ErrImagePull)`
	})
}
