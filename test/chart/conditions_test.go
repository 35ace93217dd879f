// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
)

// oldestServer is the oldest API server that the chart allows.
var oldestServer = version.MajorMinor(1, 32)

// written is a Deployment of these tests; each change makes it differ.
func written(changes ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo"},
	}
	for _, change := range changes {
		change(d)
	}
	return d
}

func annotated(key, value string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { metav1.SetMetaDataAnnotation(&d.ObjectMeta, key, value) }
}

func labelled(key, value string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { metav1.SetMetaDataLabel(&d.ObjectMeta, key, value) }
}

func scaled(d *appsv1.Deployment) { d.Spec.MinReadySeconds++ }

func owned(d *appsv1.Deployment) { d.Finalizers = append(d.Finalizers, "example.org/hold") }

func seen(d *appsv1.Deployment) { d.Status.ObservedGeneration++ }

func ending(d *appsv1.Deployment) { d.DeletionTimestamp = &metav1.Time{} }

// TestWhoIsCalled evaluates the match conditions with the API server's own code.
// An expression that fails would refuse the write where the webhook fails closed.
func TestWhoIsCalled(t *testing.T) {
	canary, rolling := annotated("evenkeel.dev/strategy", "canary"), annotated("evenkeel.dev/strategy", "rolling")
	flying, other := labelled("evenkeel.dev/in-flight", "true"), annotated("example.org/note", "x")
	type row struct {
		name     string
		old, new *appsv1.Deployment
		want     string // of closed, open, none
	}
	for _, row := range []row{
		{"created, bare", nil, written(), "open"},
		{"created, with other annotations", nil, written(other), "open"},
		{"created, rolling", nil, written(rolling), "open"},
		{"created, canary", nil, written(canary), "closed"},
		{"created, in flight", nil, written(flying), "closed"},
		{"updated, nothing changed", written(), written(), "none"},
		{"updated, nothing changed, canary", written(canary), written(canary), "none"},
		{"updated, status alone", written(canary), written(canary, seen), "none"},
		{"updated, finalizers alone", written(canary), written(canary, owned), "none"},
		{"spec changed", written(), written(scaled), "open"},
		{"spec changed, canary", written(canary), written(canary, scaled), "closed"},
		{"first annotation", written(), written(other), "open"},
		{"last annotation gone", written(other), written(), "open"},
		{"label changed", written(labelled("team", "a")), written(labelled("team", "b")), "open"},
		{"opts in", written(), written(canary), "closed"},
		{"opts out", written(canary), written(rolling), "open"},
		{"opts out in flight", written(canary, flying), written(rolling, flying), "closed"},
		{"in flight, nothing changed", written(flying), written(flying), "closed"},
		{"in flight, the label taken off", written(flying), written(), "closed"},
		{"in flight, all taken off", written(canary, flying, other), written(), "closed"},
		{"being deleted", written(scaled), written(ending), "none"},
		{"being deleted in flight", written(canary, flying), written(canary, flying, ending, scaled), "none"},
	} {
		t.Run(row.name, func(t *testing.T) {
			called := map[string]bool{}
			for i, w := range mutating(t) {
				if w.Rules[0].Resources[0] == "deployments" {
					called[w.Name] = matches(t, webhook.NewMutatingWebhookAccessor(w.Name, configuration, &mutating(t)[i]), row.old, row.new)
				}
			}
			require.Len(t, called, 2)
			assert.Equal(t, row.want == "closed", called["deployments-guarded.evenkeel.dev"], "fails closed")
			assert.Equal(t, row.want == "open", called["deployments.evenkeel.dev"], "fails open")

			last := validating(t)[0]
			assert.Equal(t, row.want != "none", matches(t, webhook.NewValidatingWebhookAccessor(last.Name, configuration, &last), row.old, row.new), "validating")
		})
	}
}

// TestWhoScales sends on only what a person changed in size, and never to 0.
func TestWhoScales(t *testing.T) {
	for _, row := range []struct {
		name     string
		old, new int32
		who      string
		want     bool
	}{
		{"up", 3, 4, "somebody", true},
		{"down", 3, 2, "somebody", true},
		{"from 0", 0, 2, "somebody", true},
		{"to 0", 3, 0, "somebody", false},
		{"nothing changed", 3, 3, "somebody", false},
		{"nothing changed at 0", 0, 0, "somebody", false},
		{"an autoscaler", 3, 4, "system:serviceaccount:kube-system:horizontal-pod-autoscaler", false},
		{"an autoscaler without an account of its own", 3, 4, "system:kube-controller-manager", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, row.want, scales(t, "scales.evenkeel.dev", row.old, row.new, row.who))
		})
	}
}

// TestWhoChangesInBatches: of StatefulSets and DaemonSets only those come that
// opted in, or are in flight. The conditions are those of Deployments.
func TestWhoChangesInBatches(t *testing.T) {
	batch, flying := annotated("evenkeel.dev/strategy", "batch"), labelled("evenkeel.dev/in-flight", "true")
	all := validating(t)
	var hooks []webhook.WebhookAccessor
	for i, w := range mutating(t) {
		if strings.HasSuffix(w.Rules[0].Resources[0], "sets") {
			hooks = append(hooks, webhook.NewMutatingWebhookAccessor(w.Name, configuration, &mutating(t)[i]))
		}
	}
	for i, w := range all {
		if strings.HasSuffix(w.Rules[0].Resources[0], "sets") {
			hooks = append(hooks, webhook.NewValidatingWebhookAccessor("validating "+w.Name, configuration, &all[i]))
		}
	}
	require.Len(t, hooks, 4)
	for _, row := range []struct {
		name     string
		old, new *appsv1.Deployment
		want     bool
	}{
		{"created, bare", nil, written(), false},
		{"created, rolling", nil, written(annotated("evenkeel.dev/strategy", "rolling")), false},
		{"created, in batches", nil, written(batch), true},
		{"created, as a canary", nil, written(annotated("evenkeel.dev/strategy", "canary")), true},
		{"spec changed", written(), written(scaled), false},
		{"spec changed, in batches", written(batch), written(batch, scaled), true},
		{"status alone", written(batch), written(batch, seen), false},
		{"in flight, all taken off", written(batch, flying), written(), true},
		{"being deleted in flight", written(batch, flying), written(batch, flying, ending), false},
	} {
		for _, hook := range hooks {
			assert.Equal(t, row.want, matches(t, hook, row.old, row.new), "%s: %s", row.name, hook.GetName())
		}
	}
}

// TestWhoScalesAStatefulSet sends on what makes one smaller, and not to 0.
func TestWhoScalesAStatefulSet(t *testing.T) {
	for _, row := range []struct {
		old, new int32
		want     bool
	}{{3, 2, true}, {3, 3, false}, {3, 4, false}, {3, 0, false}} {
		assert.Equal(t, row.want, scales(t, "statefulset-scales.evenkeel.dev", row.old, row.new, "system:serviceaccount:kube-system:horizontal-pod-autoscaler"), "%d to %d", row.old, row.new)
	}
}

// scales tells whether a webhook is asked about a change of size.
func scales(t *testing.T, name string, from, to int32, who string) bool {
	t.Helper()
	all := validating(t)
	at := slices.IndexFunc(all, func(w admissionv1.ValidatingWebhook) bool { return w.Name == name })
	require.GreaterOrEqual(t, at, 0)
	sized := func(replicas int32) *autoscalingv1.Scale {
		return &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo"}, Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	}
	kind := autoscalingv1.SchemeGroupVersion.WithKind("Scale")
	resource, _, _ := strings.Cut(all[at].Rules[0].Resources[0], "/")
	attributes := admission.NewAttributesRecord(sized(to), sized(from), kind, "shop", "demo", appsv1.SchemeGroupVersion.WithResource(resource), "scale", admission.Update, nil, false, &user.DefaultInfo{Name: who})
	return called(t, webhook.NewValidatingWebhookAccessor(name, configuration, &all[at]), &admission.VersionedAttributes{
		Attributes: attributes, VersionedKind: kind, VersionedObject: admission.NewLazyObject(sized(to)), VersionedOldObject: admission.NewLazyObject(sized(from)),
	})
}

func matches(t *testing.T, hook webhook.WebhookAccessor, old, object *appsv1.Deployment) bool {
	t.Helper()
	operation, before := admission.Create, runtime.Object(nil)
	if old != nil {
		operation, before = admission.Update, old
	}
	kind, resource := appsv1.SchemeGroupVersion.WithKind("Deployment"), appsv1.SchemeGroupVersion.WithResource("deployments")
	attributes := admission.NewAttributesRecord(object, before, kind, object.Namespace, object.Name, resource, "", operation, nil, false, &user.DefaultInfo{Name: "somebody"})
	return called(t, hook, &admission.VersionedAttributes{
		Attributes: attributes, VersionedKind: kind, VersionedObject: admission.NewLazyObject(object), VersionedOldObject: admission.NewLazyObject(before),
	})
}

// called tells whether a request passes a webhook's match conditions.
func called(t *testing.T, hook webhook.WebhookAccessor, request *admission.VersionedAttributes) bool {
	t.Helper()
	compiler := cel.NewConditionCompiler(environment.MustBaseEnvSet(oldestServer))
	result := hook.GetCompiledMatcher(compiler).Match(t.Context(), request, nil, nil)
	require.NoError(t, result.Error, hook.GetName())
	return result.Matches
}
