// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func pod(name, label, hash, kind, owner string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: name, Labels: map[string]string{label: hash},
		OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: owner, Controller: ptr.To(true)}},
	}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "app", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	return p
}

func deployment(namespace, replicaSet, hash string) Version {
	return Of(namespace, "Deployment", "demo", rollout.Version{ReplicaSet: replicaSet, Hash: hash})
}

func says(name string) string { return `container "app" of pod "` + name + `" runs, and is not ready` }

func TestUnwell(t *testing.T) {
	hash, revision := appsv1.DefaultDeploymentUniqueLabelKey, appsv1.ControllerRevisionHashLabelKey
	c := fake.NewClientBuilder().WithObjects(
		pod("demo-1-a", hash, "1", "ReplicaSet", "demo-1"), pod("demo-2-a", hash, "2", "ReplicaSet", "demo-2"), pod("a-2", hash, "2", "ReplicaSet", "another-2"),
		pod("db-0", revision, "db-1", "StatefulSet", "db"), pod("db-1", revision, "db-2", "StatefulSet", "db"), pod("agent-x", revision, "2", "DaemonSet", "agent"),
	).Build()
	for name, row := range map[string]struct {
		of   Version
		want string
	}{
		"a ReplicaSet":          {deployment("shop", "demo-2", "2"), says("demo-2-a")},
		"of another namespace":  {deployment("web", "demo-2", "2"), ""},
		"a StatefulSet's":       {Of("shop", "StatefulSet", "db", rollout.Version{Hash: "db-2"}), says("db-1")},
		"a DaemonSet's":         {Of("shop", "DaemonSet", "agent", rollout.Version{Hash: "2"}), says("agent-x")},
		"a version without any": {deployment("shop", "demo-3", "3"), ""},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, row.want, row.of.Unwell(t.Context(), c)) })
	}
}

// A version of which no pods are known is not asked for: without its hash, all pods
// of a namespace would answer.
func TestNobodyIsAskedWithoutAHash(t *testing.T) {
	c := interceptor.NewClient(fake.NewClientBuilder().Build(), interceptor.Funcs{List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
		assert.Fail(t, "somebody was asked")
		return nil
	}})
	assert.Empty(t, deployment("shop", "", "").Unwell(t.Context(), c))
}

func TestWhatCannotBeReadIsLeftOut(t *testing.T) {
	c := interceptor.NewClient(fake.NewClientBuilder().Build(), interceptor.Funcs{List: func(ctx context.Context, _ client.WithWatch, _ client.ObjectList, _ ...client.ListOption) error {
		_, bounded := ctx.Deadline()
		assert.True(t, bounded, "it does not wait for ever")
		return errors.New("forbidden")
	}})
	assert.Empty(t, deployment("shop", "demo-2", "2").Unwell(t.Context(), c))
}
