// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

const versionKey = "app.kubernetes.io/version"

func recordOf(t *testing.T, d *appsv1.Deployment) policy.Injected {
	t.Helper()
	record, err := policy.ParseInjected(d.Annotations[policy.InjectedAnnotation])
	require.NoError(t, err)
	return record
}

// applied is a client-side apply of a manifest that names these fields.
func applied(fields string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Annotations[corev1.LastAppliedConfigAnnotation] = fields }
}

// owned is a server-side apply by a manager that names these fields.
func owned(fields string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		entry := metav1.ManagedFieldsEntry{Manager: "flux", Operation: metav1.ManagedFieldsOperationApply, FieldsV1: &metav1.FieldsV1{}}
		entry.FieldsV1.SetRawString(fields)
		d.ManagedFields = []metav1.ManagedFieldsEntry{entry}
	}
}

// Another webhook's change has the API server call this one again, with what it
// made itself as the incoming object.
func TestASecondPassHasNothingToDo(t *testing.T) {
	created := reviewed(nil, deployment()).Object
	again := reviewed(nil, created.DeepCopy())
	assert.Empty(t, again.Changes, "on CREATE")
	assert.Equal(t, recordOf(t, created), recordOf(t, again.Object))

	p := policy.Default().Default
	p.Inject.Readiness = &policy.Probe{PeriodSeconds: 9}
	p.Inject.Strategy = &policy.Strategy{MaxSurge: intstr.FromInt32(2), MaxUnavailable: intstr.FromInt32(0)}
	next := created.DeepCopy()
	image("r.example/demo:v2")(next)
	next.Spec.Template.Spec.Containers = append(next.Spec.Template.Spec.Containers, corev1.Container{Name: "side", Image: "side:v3", Ports: []corev1.ContainerPort{{ContainerPort: 9}}})
	first := Review(policy.Subject{Old: created, New: next, Policy: p})
	second := Review(policy.Subject{Old: created, New: first.Object.DeepCopy(), Policy: p})
	assert.Empty(t, second.Changes, "on UPDATE, under a policy that changed")
	assert.True(t, second.TemplateChanged)
	assert.Equal(t, []string{"app", "side"}, recordOf(t, second.Object).Readiness)
}

// What somebody asks for by name is theirs, also when it equals what was injected.
func TestWhatIsAskedForByNameLeavesTheRecord(t *testing.T) {
	for who, edit := range map[string]func(*appsv1.Deployment){
		"client-side apply": applied(`{"spec":{"template":{"metadata":{"labels":{"app.kubernetes.io/version":"v1"}},"spec":{"containers":[{"name":"other"},{"name":"app","readinessProbe":{}}]}}}}`),
		"server-side apply": owned(`{"f:spec":{"f:template":{"f:metadata":{"f:labels":{"f:app.kubernetes.io/version":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:readinessProbe":{}}}}}}}`),
	} {
		t.Run(who, func(t *testing.T) {
			live := reviewed(nil, deployment()).Object
			mine := live.DeepCopy()
			edit(mine)
			plan := reviewed(live, mine)
			assert.False(t, plan.TemplateChanged, "the template is the live one")
			record := recordOf(t, plan.Object)
			assert.Empty(t, record.VersionLabel)
			assert.Empty(t, record.Readiness)

			next := plan.Object.DeepCopy()
			image("r.example/demo:v2")(next)
			note("probe", "http:8080/healthz")(next)
			out := reviewed(plan.Object, next).Object
			assert.Equal(t, "v1", out.Spec.Template.Labels[versionKey], "the user's own value stays")
			assert.Nil(t, out.Spec.Template.Spec.Containers[0].ReadinessProbe.HTTPGet, "the user's own probe stays")
		})
	}
}

func TestTheDeploymentsOwnLabelStaysTheUsers(t *testing.T) {
	live := reviewed(nil, deployment(func(d *appsv1.Deployment) { d.Labels = map[string]string{versionKey: "stable"} })).Object
	require.Equal(t, "stable", live.Labels[versionKey])
	next := live.DeepCopy()
	image("r.example/demo:v2")(next)
	out := reviewed(live, next).Object
	assert.Equal(t, "stable", out.Labels[versionKey])
	assert.Equal(t, "v2", out.Spec.Template.Labels[versionKey])
}

func TestANullAsksForNothing(t *testing.T) {
	out := reviewed(nil, deployment(applied(`{"spec":{"minReadySeconds":null,"strategy":null}}`))).Object
	assert.Equal(t, int32(5), out.Spec.MinReadySeconds)
	assert.Equal(t, "0", out.Spec.Strategy.RollingUpdate.MaxUnavailable.String())
}

// The API refuses a deadline that is not larger than minReadySeconds: what the
// user set must not be refused for what was injected beside it.
func TestThePaceFitsWhatTheUserSets(t *testing.T) {
	for name, row := range map[string]struct {
		minReady, deadline         int32 // of the policy
		edit                       func(*appsv1.Deployment)
		wantMinReady, wantDeadline int32
	}{
		"a short deadline of the user's":       {5, 600, func(d *appsv1.Deployment) { *d.Spec.ProgressDeadlineSeconds = 3 }, 0, 3},
		"a long minReadySeconds of the user's": {5, 300, func(d *appsv1.Deployment) { d.Spec.MinReadySeconds = 400 }, 400, 600},
		"nothing of the user's":                {5, 300, func(*appsv1.Deployment) {}, 5, 300},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy.Default().Default
			p.Inject.MinReadySeconds, p.Inject.ProgressDeadlineSeconds = &row.minReady, &row.deadline
			live := Review(policy.Subject{New: deployment(), Policy: p}).Object
			next := live.DeepCopy()
			row.edit(next)
			for _, out := range []*appsv1.Deployment{
				Review(policy.Subject{New: deployment(row.edit), Policy: p}).Object,
				Review(policy.Subject{Old: live, New: next, Policy: p}).Object,
			} {
				assert.Equal(t, row.wantMinReady, out.Spec.MinReadySeconds)
				assert.Equal(t, row.wantDeadline, *out.Spec.ProgressDeadlineSeconds)
			}
		})
	}
}

// A policy's pair that its own checks would refuse at this size is not injected.
func TestNobodyIsRefusedForWhatWasInjected(t *testing.T) {
	for name, pair := range map[string]policy.Strategy{
		"no progress":    {MaxSurge: intstr.FromInt32(0), MaxUnavailable: intstr.FromString("25%")},
		"an outage":      {MaxSurge: intstr.FromInt32(0), MaxUnavailable: intstr.FromInt32(3)},
		"over the limit": {MaxSurge: intstr.FromInt32(0), MaxUnavailable: intstr.FromString("67%")},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy.Default().Default
			p.Inject.Strategy = &pair
			three := int32(3)
			plan := Review(policy.Subject{New: deployment(func(d *appsv1.Deployment) { d.Spec.Replicas = &three }), Policy: p})
			message, denied := plan.Denied()
			assert.False(t, denied, message)
			assert.Equal(t, "1", plan.Object.Spec.Strategy.RollingUpdate.MaxSurge.String())
			assert.Equal(t, "0", plan.Object.Spec.Strategy.RollingUpdate.MaxUnavailable.String())
		})
	}
}

func TestOnlyWhatGetsWorseIsRefused(t *testing.T) {
	sin := func(replicas int32, unavailable string) *appsv1.Deployment {
		return deployment(numbers(replicas, "1", unavailable))
	}
	for name, row := range map[string]struct {
		old, incoming *appsv1.Deployment
		denied        bool
	}{
		"scaled, the rounding a little worse": {sin(10, "75%"), sin(20, "75%"), false},
		"a little better":                     {sin(10, "80%"), sin(10, "75%"), false},
		"worse":                               {sin(10, "75%"), sin(10, "80%"), true},
		"the same broken steps":               {deployment(note("steps", "abc")), deployment(note("steps", "abc"), image("demo:v2")), false},
		"other broken steps":                  {deployment(note("steps", "abc")), deployment(note("steps", "xyz")), true},
		"other broken probe":                  {deployment(note("probe", "x")), deployment(note("probe", "y")), true},
	} {
		t.Run(name, func(t *testing.T) {
			message, denied := reviewed(row.old, row.incoming).Denied()
			assert.Equal(t, row.denied, denied, message)
		})
	}
}

func TestWhatIsBeingDeletedPasses(t *testing.T) {
	now := metav1.Now()
	in := deployment(numbers(4, "0", "100%"), func(d *appsv1.Deployment) { d.DeletionTimestamp = &now })
	plan := reviewed(deployment(), in)
	assert.Empty(t, plan.Changes)
	assert.Empty(t, plan.Violations)
	assert.Empty(t, plan.Warnings)
	assert.Equal(t, in, plan.Object)
}

func TestAnotherKeyTakesThePlaceOfTheOld(t *testing.T) {
	live := reviewed(nil, deployment()).Object
	next := live.DeepCopy()
	image("r.example/demo:v2")(next)
	p := policy.Default().Default
	p.Inject.VersionLabel = "version"
	subject := policy.Subject{Old: live, New: live.DeepCopy(), Policy: p}
	assert.Equal(t, live.Spec.Template, Review(subject).Object.Spec.Template, "a policy that changed restarts nothing")
	subject.New = next
	plan := Review(subject)
	assert.Equal(t, map[string]string{"app": "demo", "version": "v2"}, plan.Object.Spec.Template.Labels)
	assert.Equal(t, map[string]string{"version": "v2"}, plan.Object.Labels)
	subject.New = plan.Object.DeepCopy()
	assert.Empty(t, Review(subject).Changes)
}

// Going back finds the old ReplicaSet again: its template comes back as it was.
func TestGoingBackGivesTheOldTemplate(t *testing.T) {
	first := reviewed(nil, deployment()).Object
	next := first.DeepCopy()
	image("r.example/demo:v2")(next)
	second := reviewed(first, next).Object
	undo := second.DeepCopy()
	undo.Spec.Template = *first.Spec.Template.DeepCopy()
	assert.Equal(t, first.Spec.Template, reviewed(second, undo).Object.Spec.Template, "kubectl rollout undo")
	assert.Equal(t, first.Spec.Template, reviewed(second, deployment()).Object.Spec.Template, "the old manifest")
}
