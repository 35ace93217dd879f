// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/cmd/evenkeel/routecache"
	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/traffic/index"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout/packed"
)

// cache keeps of the cluster what the manager needs, and of the kinds that hold
// secrets or settings of others only the objects that are its own.
func (o *options) cache() cache.Options {
	return cache.Options{
		DefaultTransform: trim,
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}:                              o.own(o.caSecret),
			&corev1.ConfigMap{}:                           o.policyObjects(),
			&corev1.Pod{}:                                 {Transform: trimmed(trimPod)},
			&appsv1.ControllerRevision{}:                  {Transform: trimmed(trimRevision)},
			&appsv1.ReplicaSet{}:                          {Transform: trimmed(packed.ReplicaSet)},
			&admissionv1.MutatingWebhookConfiguration{}:   {Field: named(o.mutatingWebhook)},
			&admissionv1.ValidatingWebhookConfiguration{}: {Field: named(o.validatingWebhook)},
		},
	}
}

// newClient makes the client that reads from the cache: routes as trees, and lists by
// the cache's indexes.
func newClient(config *rest.Config, options client.Options) (client.Client, error) {
	inner, err := routecache.NewClient(config, options)
	if err != nil {
		return nil, err
	}
	indexer, indexes := options.Cache.Reader.(client.FieldIndexer)
	if !indexes {
		return nil, fmt.Errorf("cannot add indexes to a %T", options.Cache.Reader)
	}
	return index.NewClient(inner, indexer), nil
}

// trimmed keeps of each object of a kind what is looked at.
func trimmed[T client.Object](trim func(T) T) toolscache.TransformFunc {
	return func(object any) (any, error) {
		if whole, ours := object.(T); ours {
			return trim(whole), nil
		}
		return object, nil // of one that was deleted unseen, only the name is known
	}
}

// trimPod keeps what batches look at, and whose a pod is. No label tells whose pods change in batches,
// so the leader watches all.
func trimPod(pod *corev1.Pod) *corev1.Pod {
	kept := &corev1.Pod{Spec: corev1.PodSpec{NodeName: pod.Spec.NodeName}}
	kept.ObjectMeta = metav1.ObjectMeta{
		Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
		DeletionTimestamp: pod.DeletionTimestamp, OwnerReferences: pod.OwnerReferences,
	}
	if hash, labelled := pod.Labels[appsv1.ControllerRevisionHashLabelKey]; labelled {
		kept.Labels = map[string]string{appsv1.ControllerRevisionHashLabelKey: hash}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			kept.Status.Conditions = []corev1.PodCondition{{Type: condition.Type, Status: condition.Status, LastTransitionTime: condition.LastTransitionTime}}
		}
	}
	return kept
}

// trimRevision keeps the templates of DaemonSets, whose status does not say which
// of them is the newest.
func trimRevision(revision *appsv1.ControllerRevision) *appsv1.ControllerRevision {
	revision.ManagedFields, revision.Annotations = nil, nil
	if owner := metav1.GetControllerOfNoCopy(revision); owner == nil || owner.Kind != "DaemonSet" {
		revision.Data = runtime.RawExtension{}
	}
	return revision
}

// own is one object of the manager's namespace.
func (o *options) own(name string) cache.ByObject {
	return cache.ByObject{Namespaces: map[string]cache.Config{o.namespace: {}}, Field: named(name)}
}

// policyObjects are the cluster's policy, and where they are followed those of
// namespaces.
func (o *options) policyObjects() cache.ByObject {
	by := o.own(o.policyConfigMap)
	if o.namespacePolicies {
		by.Namespaces = map[string]cache.Config{
			o.namespace:         {FieldSelector: by.Field},
			cache.AllNamespaces: {LabelSelector: labels.SelectorFromSet(labels.Set{config.PolicyLabel: config.OfNamespace})},
		}
		by.Field = nil
	}
	return by
}

func named(name string) fields.Selector {
	return fields.OneTermEqualSelector(metav1.ObjectNameField, name)
}
