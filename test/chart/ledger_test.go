// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	policies "k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/cel/environment"
)

const (
	ourself   = "system:serviceaccount:evenkeel-system:evenkeel"
	collector = "system:serviceaccount:kube-system:generic-garbage-collector"
)

// The switch brings right, flag and policies together, and takes them together.
func TestTheLedgersSwitch(t *testing.T) {
	for _, row := range []struct {
		name   string
		values []string
		want   bool
	}{{"by default", nil, true}, {"off", []string{"ledger.enabled=false"}, false}} {
		t.Run(row.name, func(t *testing.T) {
			all := render(t, row.values...)
			args := find[appsv1.Deployment](t, all, "Deployment", "evenkeel").Spec.Template.Spec.Containers[0].Args
			assert.Equal(t, row.want, slices.Contains(args, "--ledger"))
			for _, name := range []string{"ledger", "ledger-only"} {
				assert.Equal(t, row.want, slices.Contains(all.kinds(), "ValidatingAdmissionPolicyBinding/evenkeel-evenkeel-system-"+name), name)
			}
		})
	}
}

// book is a ConfigMap, of a ledger where it has the role.
func book(role string) *corev1.ConfigMap {
	object := &corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo-releases"}}
	if role != "" {
		object.Labels = map[string]string{"evenkeel.dev/role": role}
	}
	return object
}

// We write the ConfigMaps of ledgers, and nobody else's, whatever our rights are.
func TestWhatEvenkeelWrites(t *testing.T) {
	plain := book("")
	plain.Labels = nil
	for _, row := range []struct {
		name        string
		who         string
		old, object *corev1.ConfigMap
		refused     bool
	}{
		{"a ledger is made", ourself, nil, book("ledger"), false},
		{"a ledger is changed", ourself, book("ledger"), book("ledger"), false},
		{"another object is made", ourself, nil, plain, true},
		{"another object is changed", ourself, plain, plain, true},
		{"another object is made a ledger", ourself, book("canary"), book("ledger"), true},
		{"a ledger is given away", ourself, book("ledger"), plain, true},
		{"somebody else writes", "jane", plain, plain, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, row.refused, refuses(t, "evenkeel-evenkeel-system-ledger-only", row.who, row.old, row.object, &corev1.Namespace{}, false))
		})
	}
}

// A ledger is written by us alone, cleared away by the control plane, and changed
// by whoever may change the policy.
func TestWhoWritesALedger(t *testing.T) {
	ending := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &metav1.Time{}}}
	for _, row := range []struct {
		name        string
		who         string
		old, object *corev1.ConfigMap
		namespace   *corev1.Namespace
		may         bool
		refused     bool
	}{
		{name: "we write", who: ourself, old: book("ledger"), object: book("ledger")},
		{name: "somebody writes", who: "jane", old: book("ledger"), object: book("ledger"), refused: true},
		{name: "somebody takes the label off", who: "jane", old: book("ledger"), object: book(""), refused: true},
		{name: "somebody makes one", who: "jane", object: book("ledger"), refused: true},
		{name: "somebody deletes", who: "jane", old: book("ledger"), refused: true},
		{name: "somebody deletes the namespace", who: "jane", old: book("ledger"), namespace: ending},
		{name: "the Deployment is gone", who: collector, old: book("ledger")},
		{name: "whoever may change the policy", who: "root", old: book("ledger"), object: book("ledger"), may: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.namespace == nil {
				row.namespace = &corev1.Namespace{}
			}
			assert.Equal(t, row.refused, refuses(t, "evenkeel-evenkeel-system-ledger", row.who, row.old, row.object, row.namespace, row.may))
		})
	}
	selected := find[admissionv1.ValidatingAdmissionPolicy](t, render(t), "ValidatingAdmissionPolicy", "evenkeel-evenkeel-system-ledger").Spec.MatchConstraints.ObjectSelector
	assert.Equal(t, map[string]string{"evenkeel.dev/role": "ledger"}, selected.MatchLabels)
}

// refuses evaluates a policy of the chart with the API server's own code.
func refuses(t *testing.T, name, who string, old, object *corev1.ConfigMap, in *corev1.Namespace, may bool) bool {
	t.Helper()
	policy := find[admissionv1.ValidatingAdmissionPolicy](t, render(t), "ValidatingAdmissionPolicy", name)
	operation, before, after := admission.Update, runtime.Object(old), runtime.Object(object)
	switch {
	case old == nil:
		operation, before = admission.Create, nil
	case object == nil:
		operation, after = admission.Delete, nil
	}
	kind, resource := corev1.SchemeGroupVersion.WithKind("ConfigMap"), corev1.SchemeGroupVersion.WithResource("configmaps")
	attributes := admission.NewAttributesRecord(after, before, kind, "shop", "demo-releases", resource, "", operation, nil, false, &user.DefaultInfo{Name: who})
	request := &admission.VersionedAttributes{
		Attributes: attributes, VersionedKind: kind, VersionedObject: admission.NewLazyObject(after), VersionedOldObject: admission.NewLazyObject(before),
	}
	var conditions, validations, messages []string
	for _, one := range policy.Spec.MatchConditions {
		conditions = append(conditions, one.Expression)
	}
	for _, one := range policy.Spec.Validations {
		validations = append(validations, one.Expression)
		if one.MessageExpression != "" {
			messages = append(messages, one.MessageExpression+" != ''")
		}
	}
	allows := authorizer.AuthorizerFunc(func(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
		assert.Equal(t, "update validatingadmissionpolicies "+name, a.GetVerb()+" "+a.GetResource()+" "+a.GetName())
		if may {
			return authorizer.DecisionAllow, "", nil
		}
		return authorizer.DecisionNoOpinion, "", nil
	})
	if !hold(t, conditions, request, in, allows) || hold(t, validations, request, in, allows) {
		return false
	}
	assert.True(t, hold(t, messages, request, in, allows), "it says why")
	return true
}

// hold tells whether all expressions are true.
func hold(t *testing.T, expressions []string, request *admission.VersionedAttributes, in *corev1.Namespace, allows authorizer.Authorizer) bool {
	t.Helper()
	var accessors []cel.ExpressionAccessor
	for _, one := range expressions {
		accessors = append(accessors, &policies.ValidationCondition{Expression: one})
	}
	compiler := cel.NewConditionCompiler(environment.MustBaseEnvSet(oldestServer))
	evaluator := compiler.CompileCondition(accessors, cel.OptionalVariableDeclarations{HasAuthorizer: true}, environment.StoredExpressions)
	asked := cel.CreateAdmissionRequest(request.Attributes, metav1.GroupVersionResource(request.GetResource()), metav1.GroupVersionKind(request.VersionedKind))
	results, _, err := evaluator.ForInput(t.Context(), request, asked, cel.OptionalVariableBindings{Authorizer: allows}, in, 10_000_000)
	require.NoError(t, err)
	for _, result := range results {
		require.NoError(t, result.Error)
		if result.EvalResult.Value() != true {
			return false
		}
	}
	return true
}
