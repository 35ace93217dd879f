// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// deployment is what the API server would show of a plain one, changed by edits.
func deployment(edits ...func(*appsv1.Deployment)) *appsv1.Deployment {
	replicas, deadline, share := int32(4), int32(600), intstr.FromString("25%")
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: "shop", Annotations: map[string]string{}},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, ProgressDeadlineSeconds: &deadline,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "demo"}},
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &share, MaxUnavailable: &share}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "demo"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "r.example/demo:v1", Ports: []corev1.ContainerPort{{ContainerPort: 8080, Name: "http"}}}}},
			},
		},
	}
	for _, edit := range edits {
		edit(d)
	}
	return d
}

func image(name string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = name }
}

func note(key, value string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Annotations["evenkeel.dev/"+key] = value }
}

func numbers(replicas int32, surge, unavailable string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		d.Spec.Replicas = &replicas
		s, u := intstr.Parse(surge), intstr.Parse(unavailable)
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: &s, MaxUnavailable: &u}
	}
}

func reviewed(old, incoming *appsv1.Deployment) policy.Plan {
	p := policy.Default().Resolve("shop", nil, nil)
	return Review(policy.Subject{Old: old, New: incoming, Policy: p.WithAnnotations(incoming.Annotations), Now: morning})
}

// morning is the time of every review here.
var morning = time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)

// text makes a number a text, which is how a quoted value in YAML comes.
func text(field *intstr.IntOrString, value string) { *field = intstr.FromString(value) }

func TestChecksSpeakWithTheArithmetic(t *testing.T) {
	for name, row := range map[string]struct {
		d    *appsv1.Deployment
		says string
	}{
		"malformed-percent": {deployment(numbers(4, "1", "0"), func(d *appsv1.Deployment) { text(d.Spec.Strategy.RollingUpdate.MaxSurge, "%25") }),
			`evenkeel: malformed-percent: maxSurge: "%25" is neither a count nor a percent: did you mean "25%"?`},
		"malformed-percent, a space": {deployment(numbers(4, "1", "0"), func(d *appsv1.Deployment) { text(d.Spec.Strategy.RollingUpdate.MaxUnavailable, "25 %") }),
			`evenkeel: malformed-percent: maxUnavailable: "25 %" is neither a count nor a percent: did you mean "25%"?`},
		"malformed-percent, a quoted count": {deployment(numbers(4, "1", "0"), func(d *appsv1.Deployment) { text(d.Spec.Strategy.RollingUpdate.MaxSurge, "25") }),
			`evenkeel: malformed-percent: maxSurge: "25" is neither a count nor a percent: write 25 for a count of pods, or did you mean "25%"?`},
		"zero-progress": {deployment(numbers(4, "0", "10%")),
			"evenkeel: zero-progress: no pod could ever be replaced: of 4 replicas, maxSurge 0 comes to 0 (rounded up) and maxUnavailable 10% to 0 (rounded down). Write:\n" +
				"  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"},
		"floor-zero": {deployment(numbers(2, "0", "100%")),
			"evenkeel: floor-zero: an outage by arithmetic: maxUnavailable 100% is 2 of 2 replicas, so a rollout may leave 0 pods ready. Write:\n" +
				"  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}\n" +
				"evenkeel: max-unavailable: maxUnavailable 100% is 2 of 2 replicas; policy rule default allows 50%, which is 1. A rollout would keep 0 ready. Write:\n" +
				"  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}"},
		"max-unavailable": {deployment(numbers(10, "1", "75%")),
			"evenkeel: max-unavailable: maxUnavailable 75% is 7 of 10 replicas; policy rule default allows 50%, which is 5. A rollout would keep 3 ready. Write:\n" +
				"  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 5}}"},
		"strategy": {deployment(note("strategy", "bluegreen")), `evenkeel: strategy: annotation evenkeel.dev/strategy: "bluegreen" is not a strategy; write one of: rolling, canary, blue-green, batch`},
		"steps":    {deployment(note("steps", "abc")), `evenkeel: steps: annotation evenkeel.dev/steps: steps: step 1 ("abc"): a weight is a percent such as "20%"; write for example "20%:10m,50%:pause,100%"`},
		"probe":    {deployment(note("probe", "udp:1")), `evenkeel: probe: annotation evenkeel.dev/probe: "udp:1" is not a probe: write for example "http:8080/healthz", "tcp:8080", "grpc:9090" or "none"`},
		"inject":   {deployment(note("inject", "all")), `evenkeel: inject: annotation evenkeel.dev/inject: "all" is not an injection: write a list of strategy, probes, shutdown, version and cause, or none`},
	} {
		t.Run(name, func(t *testing.T) {
			message, denied := reviewed(nil, row.d).Denied()
			assert.True(t, denied)
			assert.Equal(t, row.says, message)
		})
	}
}

func TestWhatIsFineIsNotRefused(t *testing.T) {
	for name, d := range map[string]*appsv1.Deployment{
		"defaults":                  deployment(),
		"no replicas":               deployment(numbers(0, "0", "100%")),
		"a single replica":          deployment(numbers(1, "0", "1")),
		"surge 1 of 1":              deployment(numbers(1, "1", "0")),
		"half of two, rounded down": deployment(numbers(3, "0", "50%")),
		"recreate": deployment(func(d *appsv1.Deployment) {
			d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
		}),
		"a canary with steps":         deployment(note("strategy", "canary"), note("steps", "20%,100%"), note("probe", "app=http:8080/x;none")),
		"a percent of more than all ": deployment(numbers(4, "300%", "0")),
	} {
		t.Run(name, func(t *testing.T) {
			message, denied := reviewed(nil, d).Denied()
			assert.False(t, denied, message)
		})
	}
}

func TestAnOldSinOnlyWarns(t *testing.T) {
	old := deployment(numbers(4, "0", "100%"))
	same := old.DeepCopy()
	same.Labels = map[string]string{"tier": "web"}
	plan := reviewed(old, same)
	message, denied := plan.Denied()
	assert.False(t, denied, message)
	assert.Len(t, plan.Violations, 2)
	assert.Contains(t, plan.Warnings[0], "floor-zero")
	_, denied = reviewed(deployment(), same).Denied()
	assert.True(t, denied, "a new sin is refused")
}

func TestCreationFillsIn(t *testing.T) {
	in := deployment()
	plan := reviewed(nil, in)
	out := plan.Object
	assert.Equal(t, "0", out.Spec.Strategy.RollingUpdate.MaxUnavailable.String())
	assert.Equal(t, int32(5), out.Spec.MinReadySeconds)
	assert.Equal(t, "v1", out.Spec.Template.Labels["app.kubernetes.io/version"])
	assert.Equal(t, "v1", out.Labels["app.kubernetes.io/version"])
	assert.Equal(t, int32(8080), out.Spec.Template.Spec.Containers[0].ReadinessProbe.TCPSocket.Port.IntVal)
	assert.Equal(t, `{"rule":"default","fields":["minReadySeconds","progressDeadlineSeconds","strategy"],"versionLabel":"app.kubernetes.io/version","readiness":["app"],"preStop":["app"],"grace":true,"cause":true}`, out.Annotations[policy.InjectedAnnotation])
	assert.Equal(t, deployment(), in, "the subject is as it was")
	assert.Empty(t, reviewed(out, out.DeepCopy()).Changes, "a second pass has nothing to do")
	for range 5 {
		assert.Equal(t, plan.Changes, reviewed(nil, in).Changes)
	}
}

func TestTheUsersOwnIsKept(t *testing.T) {
	in := deployment(numbers(4, "1", "1"), func(d *appsv1.Deployment) {
		d.Spec.MinReadySeconds = 7
		d.Spec.Template.Labels["app.kubernetes.io/version"] = "mine"
		d.Spec.Template.Spec.Containers[0].ReadinessProbe = &corev1.Probe{PeriodSeconds: 42}
		d.Spec.Template.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 1}}}
	})
	out := reviewed(nil, in).Object
	assert.Equal(t, in.Spec, out.Spec)
	for who, edit := range map[string]func(*appsv1.Deployment){
		"last-applied": func(d *appsv1.Deployment) {
			d.Annotations[corev1.LastAppliedConfigAnnotation] = `{"spec":{"strategy":{"rollingUpdate":{"maxSurge":"25%"}},"minReadySeconds":0}}`
		},
		"server-side apply": func(d *appsv1.Deployment) {
			d.ManagedFields = []metav1.ManagedFieldsEntry{{Operation: metav1.ManagedFieldsOperationApply, FieldsV1: &metav1.FieldsV1{}}}
			d.ManagedFields[0].FieldsV1.SetRawString(`{"f:spec":{"f:minReadySeconds":{},"f:strategy":{"f:rollingUpdate":{"f:maxSurge":{}}}}}`)
		},
	} {
		out := reviewed(nil, deployment(edit)).Object
		assert.Equal(t, "25%", out.Spec.Strategy.RollingUpdate.MaxUnavailable.String(), who)
		assert.Zero(t, out.Spec.MinReadySeconds, who)
	}
}

// Only the requester's own change of the template lets injected parts follow.
func TestInjectedPartsOfTheTemplate(t *testing.T) {
	live := reviewed(nil, deployment()).Object
	next := live.DeepCopy()
	image("r.example/demo:v2")(next)
	plan := reviewed(live, next)
	assert.True(t, plan.TemplateChanged)
	assert.Equal(t, "v2", plan.Object.Spec.Template.Labels["app.kubernetes.io/version"])
	assert.Equal(t, "v2", plan.Object.Labels["app.kubernetes.io/version"])
	require.NotEmpty(t, plan.Warnings)
	assert.Equal(t, "evenkeel: the rolling update keeps 4 of 4 pods ready, peaks at 5, 4 waves", plan.Warnings[len(plan.Warnings)-1])

	bare := deployment() // kubectl replace with a manifest that never saw them
	plan = reviewed(live, bare)
	assert.False(t, plan.TemplateChanged)
	assert.Equal(t, live.Spec.Template, plan.Object.Spec.Template)

	digest := live.DeepCopy()
	image("r.example/demo@sha256:0123")(digest)
	assert.Equal(t, "sha256-0123", reviewed(live, digest).Object.Spec.Template.Labels["app.kubernetes.io/version"])
	none := live.DeepCopy()
	image("r.example/demo")(none)
	assert.NotContains(t, reviewed(live, none).Object.Spec.Template.Labels, "app.kubernetes.io/version", "what was true of the old image is not of this one")

	own := live.DeepCopy()
	own.Spec.Template.Spec.Containers[0].ReadinessProbe.PeriodSeconds = 77
	plan = reviewed(live, own)
	assert.True(t, plan.TemplateChanged)
	assert.Equal(t, int32(77), plan.Object.Spec.Template.Spec.Containers[0].ReadinessProbe.PeriodSeconds)

	record := func(d *appsv1.Deployment) policy.Injected {
		i, err := policy.ParseInjected(d.Annotations[policy.InjectedAnnotation])
		require.NoError(t, err)
		return i
	}
	assert.True(t, SameTemplate(live.Spec.Template, bare.Spec.Template, record(live), policy.Injected{}))
	assert.False(t, SameTemplate(live.Spec.Template, next.Spec.Template, record(live), record(live)))
}

func TestReadinessByEvidence(t *testing.T) {
	two := func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 9000, Name: "admin"}, {ContainerPort: 8443, Name: "tls"}}
	}
	probe := func(plan policy.Plan) *corev1.Probe {
		return plan.Object.Spec.Template.Spec.Containers[0].ReadinessProbe
	}
	plan := reviewed(nil, deployment(two))
	assert.Nil(t, probe(plan))
	assert.Contains(t, plan.Warnings[0], "no readiness probe was injected: no container declares one port to ask")

	p := policy.Default().Resolve("shop", nil, nil)
	service := corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443, TargetPort: intstr.FromString("tls")}}}}
	plan = Review(policy.Subject{New: deployment(two), Policy: p, Neighbours: policy.Neighbours{Services: []corev1.Service{service}}})
	assert.Equal(t, int32(8443), probe(plan).TCPSocket.Port.IntVal)

	assert.Equal(t, "/x", probe(reviewed(nil, deployment(note("probe", "http:9000/x")))).HTTPGet.Path)
	assert.Equal(t, int32(9000), probe(reviewed(nil, deployment(note("probe", "app=grpc:9000")))).GRPC.Port)
	assert.Nil(t, probe(reviewed(nil, deployment(note("probe", "none")))))
	assert.Nil(t, probe(reviewed(nil, deployment(note("inject", "strategy,version")))))
}

func TestVersionLabelIsNeverOneOfTheSelector(t *testing.T) {
	plan := reviewed(nil, deployment(func(d *appsv1.Deployment) { d.Spec.Selector.MatchLabels["app.kubernetes.io/version"] = "v0" }))
	assert.NotContains(t, plan.Object.Spec.Template.Labels, "app.kubernetes.io/version")
	for image, version := range map[string]string{
		"demo": "", "demo:v1.2.3": "v1.2.3", "r:5000/demo": "", "r:5000/demo:a@sha256:00": "a", "demo:_x_": "x", "demo:" + string(make([]byte, 70)): "",
	} {
		d := deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = image })
		assert.Equal(t, version, versionOf(d, policy.FromImageTag), image)
	}
}

func TestUnknownAnnotationsAreSaid(t *testing.T) {
	plan := reviewed(nil, deployment(note("analyses", "success-rate")))
	assert.Contains(t, plan.Warnings, "evenkeel: annotation evenkeel.dev/analyses is not known to this version; it does nothing")
}

func FuzzPercent(f *testing.F) {
	for _, seed := range []string{"25%", "%25", "25 %", "25", "", "999999999%", "-1", "0%"} {
		f.Add(seed, int32(4))
	}
	f.Fuzz(func(t *testing.T, value string, replicas int32) {
		v := intstr.FromString(value)
		if malformed(v) || replicas < 0 {
			_ = intended(value)
			return
		}
		up, down := scaled(v, replicas, true), scaled(v, replicas, false)
		require.GreaterOrEqual(t, up, down)
		require.GreaterOrEqual(t, down, int32(0))
	})
}

// Going back finds the old ReplicaSet, whatever the policy says by now: with the
// annotations of the revision as kubectl does, by the old manifest as git does,
// or by the live object with the old image as kubectl set image does.
func TestGoingBackFindsTheOldTemplate(t *testing.T) {
	first := reviewed(nil, deployment()).Object
	revision := policy.Revision{Template: *first.Spec.Template.DeepCopy()}
	revision.Injected, _ = policy.ParseInjected(first.Annotations[policy.InjectedAnnotation])
	revision.Template.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = "abc"

	sleep, grace := int64(9), int64(60)
	p := policy.Default().Default
	p.Inject.VersionLabel, p.Inject.PreStopSeconds, p.Inject.TerminationGracePeriodSeconds = "example.com/version", &sleep, &grace
	p.Inject.Readiness, p.Inject.Startup = &policy.Probe{PeriodSeconds: 9}, &policy.Probe{FailureThreshold: 50}
	pass := func(old, incoming *appsv1.Deployment) *appsv1.Deployment {
		plan := Review(policy.Subject{Old: old, New: incoming, Policy: p, Now: morning, Revisions: []policy.Revision{revision}})
		again := Review(policy.Subject{Old: old, New: plan.Object, Policy: p, Now: morning, Revisions: []policy.Revision{revision}})
		assert.Empty(t, again.Changes, "a second pass has nothing to do")
		return plan.Object
	}
	next := first.DeepCopy()
	image("r.example/demo:v2")(next)
	live := pass(first, next)
	require.NotEqual(t, first.Spec.Template, live.Spec.Template)
	require.Contains(t, live.Spec.Template.Labels, "example.com/version")

	undone := live.DeepCopy()
	undone.Spec.Template, undone.Annotations = *first.Spec.Template.DeepCopy(), first.Annotations
	edited := live.DeepCopy()
	image("r.example/demo:v1")(edited)
	for name, incoming := range map[string]*appsv1.Deployment{"kubectl rollout undo": undone, "the old manifest": deployment(), "kubectl set image": edited} {
		back := pass(live, incoming)
		assert.Equal(t, first.Spec.Template, back.Spec.Template, name)
		record, err := policy.ParseInjected(back.Annotations[policy.InjectedAnnotation])
		require.NoError(t, err)
		assert.Equal(t, revision.Injected.PreStop, record.PreStop, name)
		assert.Equal(t, revision.Injected.VersionLabel, record.VersionLabel, name)
		again := pass(back, back.DeepCopy())
		assert.Equal(t, back, again, name)
	}
}
