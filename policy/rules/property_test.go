// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/defaults"
)

// chance makes Deployments, policies and edits by chance, the same for the same seed.
type chance struct {
	*rand.Rand
	key string // of the version label, the same for a whole life
}

func (w chance) maybe() bool { return w.IntN(2) == 0 }

func (w chance) one(values ...string) string { return values[w.IntN(len(values))] }

func (w chance) policy() policy.Policy {
	p := policy.Default().Default
	minReady, deadline := int32(w.IntN(40)), int32(60+w.IntN(900))
	p.Inject.MinReadySeconds, p.Inject.ProgressDeadlineSeconds = &minReady, &deadline
	p.Inject.Strategy = &policy.Strategy{MaxSurge: intstr.Parse(w.one("0", "1", "30%")), MaxUnavailable: intstr.Parse(w.one("1", "25%", "40%"))}
	p.Inject.VersionLabel = w.one("", w.key)
	p.Inject.Readiness, p.Inject.Startup, p.Inject.Liveness = w.probe(), w.probe(), w.probe()
	p.Inject.PreStopSeconds, p.Inject.TerminationGracePeriodSeconds = w.seconds(0, 5, 40), w.seconds(30, 45)
	if p.Inject.RevisionHistoryLimit = nil; w.maybe() {
		limit := int32(w.IntN(12))
		p.Inject.RevisionHistoryLimit = &limit
	}
	p.Inject.VersionFrom = w.one(policy.FromImageTag, policy.FromImageDigest)
	p.Inject.ChangeCause = w.maybe()
	return p
}

// probe is an injected probe's numbers, or that none is injected.
func (w chance) probe() *policy.Probe {
	if w.maybe() {
		return nil
	}
	return &policy.Probe{PeriodSeconds: int32(1 + w.IntN(9)), FailureThreshold: int32(w.IntN(40))}
}

// seconds is one of the values, or nil.
func (w chance) seconds(values ...int64) *int64 {
	if w.maybe() {
		return nil
	}
	return &values[w.IntN(len(values))]
}

// hook is a preStop that a user could write.
func (w chance) hook() *corev1.Lifecycle {
	return &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: int64(w.IntN(50))}}}
}

// edits changes what users change; each edit is one that a person could make.
func (w chance) edits(d *appsv1.Deployment) {
	containers := d.Spec.Template.Spec.Containers
	for _, edit := range []func(){
		func() {
			containers[0].Image = w.one("demo:v1", "demo:v2", "demo", "demo@sha256:00", "demo:v1@sha256:00", "demo:v2@sha256:11")
		},
		func() { containers[0].ReadinessProbe = &corev1.Probe{PeriodSeconds: int32(w.IntN(3))} },
		func() { containers[0].ReadinessProbe = nil },
		func() { d.Spec.Template.Labels[versionKey] = w.one("v1", "mine") },
		func() { delete(d.Spec.Template.Labels, versionKey) },
		func() { d.Labels = map[string]string{versionKey: w.one("v1", "stable")} },
		func() { d.Spec.MinReadySeconds = int32(w.IntN(3)) },
		func() { numbers(int32(w.IntN(12)), w.one("25%", "1", "3"), w.one("25%", "0", "2"))(d) },
		func() { d.Annotations[policy.ProbeAnnotation] = w.one("none", "http:8080/x", "grpc:9090") },
		func() {
			d.Annotations[policy.InjectAnnotation] = w.one("none", "strategy,version", "probes", "shutdown", "cause, shutdown", "nonsense")
		},
		func() { delete(d.Annotations, policy.InjectedAnnotation) },
		func() { containers[0].Lifecycle = w.hook() },
		func() { containers[0].Lifecycle = nil },
		func() { containers[0].StartupProbe = &corev1.Probe{FailureThreshold: int32(w.IntN(90))} },
		func() { containers[0].LivenessProbe = &corev1.Probe{PeriodSeconds: int32(w.IntN(9))} },
		func() { containers[0].StartupProbe, containers[0].LivenessProbe = nil, nil },
		func() { d.Spec.Template.Spec.TerminationGracePeriodSeconds = w.seconds(0, 20, 30, 35, 60) },
		func() { d.Annotations[policy.CauseAnnotation] = w.one("by hand", "image app=demo:v1") },
		func() { delete(d.Annotations, policy.CauseAnnotation) },
		func() { limit := int32(w.IntN(12)); d.Spec.RevisionHistoryLimit = &limit },
	} {
		if w.IntN(5) == 0 {
			edit()
		}
	}
}

// Deployments live through many writes under changing policies. Whatever
// happens: the plan is the same each time, a second pass has nothing to do, the
// subject is as it was, and no template changes that its requester did not change.
func TestWhateverHappens(t *testing.T) {
	for seed := range uint64(1000) {
		w := chance{rand.New(rand.NewPCG(seed, 1)), []string{versionKey, "version"}[seed%2]}
		var live *appsv1.Deployment
		for range 8 {
			incoming := deployment()
			if live != nil && w.maybe() {
				incoming = live.DeepCopy() // a client that carries along what it does not name
			}
			w.edits(incoming)
			defaults.Deployment(incoming) // as the API server shows it
			live = onePass(t, seed, policy.Subject{Old: live, New: incoming, Policy: w.policy().WithAnnotations(incoming.Annotations)})
		}
	}
}

// A grace period that the user writes over an injected one is the user's, though
// the client carries the old record along: no sleep uses it up.
func TestNoSleepIntoTheUsersGracePeriod(t *testing.T) {
	sleep := int64(40)
	p := policy.Default().Default
	p.Inject.PreStopSeconds = &sleep
	live := Review(policy.Subject{New: deployment(), Policy: p, Now: morning}).Object
	require.Equal(t, int64(70), graceOf(live))
	next := live.DeepCopy()
	next.Spec.Template.Spec.TerminationGracePeriodSeconds = ptr.To[int64](20)
	out := Review(policy.Subject{Old: live, New: next, Policy: p, Now: morning}).Object
	require.Equal(t, int64(20), graceOf(out))
	require.Nil(t, out.Spec.Template.Spec.Containers[0].Lifecycle)
}

func onePass(t *testing.T, seed uint64, s policy.Subject) *appsv1.Deployment {
	t.Helper()
	old, incoming := s.Old.DeepCopy(), s.New.DeepCopy()
	plan := Review(s)
	require.Equal(t, plan, Review(s), "seed %d: determinism", seed)
	require.Equal(t, old, s.Old, "seed %d: the live object is as it was", seed)
	require.Equal(t, incoming, s.New, "seed %d: the incoming object is as it was", seed)
	if s.Old != nil {
		same := equality.Semantic.DeepEqual(s.Old.Spec.Template, plan.Object.Spec.Template)
		require.Equal(t, !same, plan.TemplateChanged, "seed %d: no rollout that nobody asked for", seed)
	}
	for _, warning := range plan.Warnings {
		require.LessOrEqual(t, utf8.RuneCountInString(warning), 256)
	}
	record, err := policy.ParseInjected(plan.Object.Annotations[policy.InjectedAnnotation])
	require.NoError(t, err, "seed %d", seed)
	if len(record.PreStop) > 0 {
		severity, message := grace(world{Deployment: plan.Object})
		require.Zero(t, severity, "seed %d: an injected sleep leaves the process time: %s", seed, message)
	}
	again := Review(policy.Subject{Old: s.Old, New: plan.Object, Policy: s.Policy})
	require.Empty(t, again.Changes, "seed %d: a second pass has nothing to do", seed)
	require.Equal(t, plan.TemplateChanged, again.TemplateChanged, "seed %d", seed)
	require.Equal(t, plan.Object, again.Object, "seed %d", seed)
	return plan.Object
}
