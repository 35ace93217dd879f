// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// reader is a cache with one namespace and a few Services, and nothing else.
// Like the manager's cache it copies what it gives, unless told not to.
type reader struct {
	namespace corev1.Namespace
	services  []corev1.Service
}

func newReader() *reader {
	r := &reader{namespace: corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"env": "production", corev1.LabelMetadataName: "shop"}}}}
	for i := range 5 {
		name := fmt.Sprintf("demo-%d", i)
		s := corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop", Labels: map[string]string{"app": name}}}
		s.Spec.Selector = map[string]string{"app": name}
		s.Spec.Ports = []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}}
		r.services = append(r.services, s)
	}
	return r
}

func (r *reader) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	namespace, ok := object.(*corev1.Namespace)
	if !ok || key.Name != r.namespace.Name {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	r.namespace.DeepCopyInto(namespace)
	return nil
}

func (r *reader) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	services, ok := list.(*corev1.ServiceList)
	if !ok {
		return errors.New("a review lists nothing but Services")
	}
	asked := (&client.ListOptions{}).ApplyOptions(options)
	if asked.UnsafeDisableDeepCopy != nil && *asked.UnsafeDisableDeepCopy {
		services.Items = slices.Clone(r.services)
		return nil
	}
	(&corev1.ServiceList{Items: r.services}).DeepCopyInto(services)
	return nil
}
