// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/config"
)

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(gatewayv1.Install(s))
	return s
}

// cache keeps of the cluster what the manager needs, and of the kinds that hold
// secrets or settings of others only the objects that are its own.
func (o *options) cache() cache.Options {
	return cache.Options{
		DefaultTransform: trim,
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}:                              o.own(o.caSecret),
			&corev1.ConfigMap{}:                           o.policyObjects(),
			&admissionv1.MutatingWebhookConfiguration{}:   {Field: named(o.mutatingWebhook)},
			&admissionv1.ValidatingWebhookConfiguration{}: {Field: named(o.validatingWebhook)},
		},
	}
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
