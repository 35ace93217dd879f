// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

func TestMain(m *testing.M) { fixture.Main(m) }

func TestWhatIsMissingIsFilledIn(t *testing.T) {
	app := fixture.NewApp(t, "100%")
	app.Unrouted = true
	out := app.Apply(app.Manifest("v1", "\n  minReadySeconds: 1", "", `, evenkeel.dev/probe: "http:8080/readyz"`, ""))
	assert.Contains(t, out, `Warning: evenkeel: injected a tcp readiness probe on port 8080 into container "app", by its only TCP port (policy rule tests: nobody set one)`)
	d := app.Deployment()
	assert.Equal(t, "25%", d.Spec.Strategy.RollingUpdate.MaxSurge.String())
	assert.Equal(t, "0", d.Spec.Strategy.RollingUpdate.MaxUnavailable.String())
	assert.Equal(t, int32(5), d.Spec.MinReadySeconds)
	assert.Equal(t, int32(30), *d.Spec.ProgressDeadlineSeconds, "the user's own is kept")
	assert.Equal(t, "v1", d.Spec.Template.Labels["app.kubernetes.io/version"])
	assert.Equal(t, int32(8080), d.Spec.Template.Spec.Containers[0].ReadinessProbe.TCPSocket.Port.IntVal)
}

func TestBadInputIsRefusedWithTheFix(t *testing.T) {
	app := fixture.NewApp(t, "20%:10m,100%")
	for name, row := range map[string]struct {
		edits []string
		says  []string
	}{
		"a percent the wrong way round": {
			[]string{"replicas: 2", "replicas: 2\n  strategy: {rollingUpdate: {maxSurge: '%25'}}"}, []string{`maxSurge: "%25" is neither a count nor a percent: did you mean "25%"?`},
		},
		"no progress after rounding": {
			[]string{"replicas: 2", "replicas: 4\n  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 10%}}"},
			[]string{"zero-progress", "of 4 replicas, maxSurge 0 comes to 0 (rounded up) and maxUnavailable 10% to 0 (rounded down)", "maxSurge: 1, maxUnavailable: 0"},
		},
		"no progress at all": {
			[]string{"replicas: 2", "replicas: 4\n  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}"}, []string{"zero-progress"},
		},
		"an outage": {
			[]string{"replicas: 2", "replicas: 4\n  strategy: {rollingUpdate: {maxUnavailable: 110%}}"}, []string{"floor-zero", "maxUnavailable 110%"},
		},
		"an integer over the limit": {
			[]string{"replicas: 2", "replicas: 30\n  strategy: {rollingUpdate: {maxUnavailable: 25}}"},
			[]string{"max-unavailable: maxUnavailable 25 is 25 of 30 replicas; policy rule tests allows 50%, which is 15"},
		},
		"decreasing steps": {
			[]string{"20%:10m,100%", "50%,20%"}, []string{`step 2 ("20%"): 20% does not come after 50%: weights must increase; write for example "20%:10m,50%:pause,100%"`},
		},
		"steps that are none": {[]string{"20%:10m,100%", "abc"}, []string{`step 1 ("abc"): a weight is a percent`}},
		"no steps":            {[]string{"20%:10m,100%", ""}, []string{"the list is empty"}},
		"an unknown strategy": {[]string{"strategy: canary", "strategy: canari"}, []string{"is not a strategy"}},
		"a broken probe":      {[]string{"http:8080/readyz", "8080"}, []string{`"8080" is not a probe`}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := app.TryApply(app.Manifest("v1", row.edits...))
			require.Error(t, err, out)
			for _, words := range row.says {
				assert.Contains(t, out, words)
			}
		})
	}
}

func TestNoRolloutThatNobodyAskedFor(t *testing.T) {
	app := fixture.NewApp(t, "100%")
	app.Up()
	app.Kubectl("annotate", "deployment", "demo", "team=shop")
	app.Kubectl("label", "deployment", "demo", "tier=web")
	app.Kubectl("scale", "deployment", "demo", "--replicas=3")
	app.Replicas = 3
	app.Apply(app.Manifest("v1"))
	fixture.Must(t, app.Manifest("v1"), "kubectl", "replace", "-n", app.Namespace, "-f", "-")
	values := strings.Replace(fixture.Values, "- name: tests", "- name: tests\n    inject: {probes: {readiness: {periodSeconds: 9}}, versionLabel: {key: version}}", 1)
	fixture.Must(t, values, "helm", "upgrade", "evenkeel", fixture.Root()+"/charts/evenkeel", "-n", fixture.System, "-f", "-", "--wait", "--timeout", "60s")
	t.Cleanup(func() {
		_, _ = fixture.Run(fixture.Values, "helm", "upgrade", "evenkeel", fixture.Root()+"/charts/evenkeel", "-n", fixture.System, "-f", "-", "--wait", "--timeout", "60s")
	})
	require.Eventually(t, func() bool { // the new policy is in force
		out, _ := fixture.Run(app.Manifest("v1", "name: demo\n", "name: other\n"), "kubectl", "apply", "--server-side", "--dry-run=server", "-o", "jsonpath={.spec.template.metadata.labels.version}", "-n", app.Namespace, "-f", "-")
		return strings.HasSuffix(out, "v1")
	}, 90*time.Second, time.Second)
	app.Kubectl("annotate", "deployment", "demo", "team=stock", "--overwrite")
	fixture.Must(t, app.Manifest("v1"), "kubectl", "replace", "-n", app.Namespace, "-f", "-")
	app.Kubectl("rollout", "pause", "deployment/demo")
	app.Kubectl("rollout", "resume", "deployment/demo")
	assert.Len(t, strings.Fields(app.Kubectl("get", "replicasets", "-o", "name")), 1)
	assert.Equal(t, int32(5), app.Deployment().Spec.Template.Spec.Containers[0].ReadinessProbe.PeriodSeconds, "what was injected is carried over")
}

func TestNoCanaryWhereThereCanBeNone(t *testing.T) {
	for name, row := range map[string]struct {
		routes, deployment []string
		says               string
	}{
		"no route":    {[]string{"backendRefs: [{name: demo,", "backendRefs: [{name: other,"}, nil, `no traffic is divided, its pods alone change step by step: no route leads to Service "demo"`},
		"no service":  {[]string{"selector: {app: demo}", "selector: {app: other}"}, nil, "its pods alone change step by step: no Service selects its pods"},
		"no replicas": {nil, []string{"replicas: 2", "replicas: 0"}, "a plain rolling update: it has 0 replicas"},
	} {
		t.Run(name, func(t *testing.T) {
			app := fixture.NewApp(t, "20%,100%")
			app.Apply(strings.NewReplacer(row.routes...).Replace(app.Routes()))
			app.Apply(app.Manifest("v1", row.deployment...))
			app.Kubectl("rollout", "status", "deployment/demo", "--timeout=60s")
			out := app.Apply(app.Manifest("v2", row.deployment...))
			assert.Contains(t, out, row.says)
			app.Kubectl("rollout", "status", "deployment/demo", "--timeout=60s")
			assert.Equal(t, "evenkeel.local/demo:v2", app.Deployment().Spec.Template.Spec.Containers[0].Image)
		})
	}
}

// A release whose traffic a route would not follow is refused before anything is
// touched; one that no route leads to goes on by its pods.
func TestRoutesThatCannotBeDivided(t *testing.T) {
	app := fixture.NewApp(t, "20%:pause,100%")
	app.Ingress = fixture.Plane{Class: app.Namespace}
	fixture.Must(t, "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: "+app.Namespace+"}\nspec: {controller: example.com/odd}\n", "kubectl", "apply", "-f", "-")
	t.Cleanup(func() { _, _ = fixture.Run("", "kubectl", "delete", "ingressclass", app.Namespace) })
	app.Apply(app.Routes())
	app.Apply(app.Manifest("v1"))
	app.Kubectl("rollout", "status", "deployment/demo", "--timeout=90s")
	require.Eventually(t, func() bool { // admission's informers have the Ingress
		_, err := fixture.Run(app.Manifest("v2"), "kubectl", "apply", "--server-side", "--dry-run=server", "--field-manager=team", "-n", app.Namespace, "-f", "-")
		return err != nil
	}, 20*time.Second, time.Second)
	out, err := app.TryApply(app.Manifest("v2"))
	require.Error(t, err, out)
	assert.Contains(t, out, `this canary cannot start: Ingress "demo": its controller "example.com/odd" is not known to divide traffic; those that are: k8s.io/ingress-nginx`)
	assert.Contains(t, out, "evenkeel.dev/strategy: batch")
	assert.Equal(t, "evenkeel.local/demo:v1", app.Deployment().Spec.Template.Spec.Containers[0].Image)
	assert.NotContains(t, app.Kubectl("get", "service", "demo", "-o", "yaml"), "pod-template-hash")

	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/strategy=blue-green", "evenkeel.dev/steps-", "--overwrite")
	assert.Contains(t, app.Kubectl("set", "image", "deployment/demo", "app=evenkeel.local/demo:v2"), "the Service alone moves all traffic at the end")
	assert.True(t, app.State().InFlight())
}

// evenkeel.dev/route names the routes to divide; what it names must be there.
func TestTheRoutesThatAreNamed(t *testing.T) {
	app := fixture.NewApp(t, "20%:pause,100%")
	app.Up()
	second := strings.NewReplacer("kind: HTTPRoute\nmetadata: {name: demo}", "kind: HTTPRoute\nmetadata: {name: second}", ".example]", ".second]").Replace(app.Routes())
	app.Apply(second)
	named := func(version, routes string) string {
		return app.Manifest(version, "evenkeel.dev/strategy: canary", "evenkeel.dev/strategy: canary, evenkeel.dev/route: \""+routes+"\"")
	}
	out, err := app.TryApply(named("v2", "httproute/demo,httproute/third"))
	require.Error(t, err, out)
	assert.Contains(t, out, `HTTPRoute "third", which annotation evenkeel.dev/route names, does not lead to its Services`)
	app.Apply(named("v2", "httproute/demo"))
	app.WaitForWeight(20)
	assert.Equal(t, []string{"httproute/demo"}, app.State().Routes)
	assert.Equal(t, " demo 1", app.Kubectl("get", "httproute", "second", "-o", `jsonpath={.metadata.annotations.evenkeel\.dev/split} {.spec.rules[0].backendRefs[*].name} {.spec.rules[0].backendRefs[*].weight}`), "the other stays as it is")
}

func TestTheStateIsEvenkeelsAlone(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	app.Apply(app.Manifest("v2"))
	app.WaitForWeight(50)
	state, weight := app.State(), app.Weight()
	const alone = "is Evenkeel's alone, so what was written there is put back"
	assert.Contains(t, app.Kubectl("annotate", "deployment", "demo", `evenkeel.dev/rollout={"phase":"Completed"}`, "--overwrite"), "Warning: evenkeel: annotation evenkeel.dev/rollout "+alone)
	assert.Contains(t, app.Kubectl("annotate", "httproute", "demo", "evenkeel.dev/split={}", "--overwrite"), "Warning: evenkeel: annotation evenkeel.dev/split "+alone)
	assert.NotContains(t, app.Apply(app.Manifest("v2")), alone, "whoever applies leaves it out")
	app.Kubectl("label", "deployment", "demo", "evenkeel.dev/in-flight-")
	app.Kubectl("patch", "httproute", "demo", "--type=merge", "-p", `{"spec":{"rules":[{"backendRefs":[{"name":"demo","port":80}]}]}}`)
	app.Kubectl("annotate", "httproute", "demo", "evenkeel.dev/split-")
	app.Kubectl("patch", "service", "demo", "--type=merge", "-p", `{"spec":{"selector":{"app":"demo","pod-template-hash":null}}}`)
	assert.Equal(t, state.Canary, app.State().Canary)
	assert.True(t, app.State().InFlight())
	assert.Equal(t, weight, app.Weight())
	assert.Equal(t, state.Stable.Hash, app.Kubectl("get", "service", "demo", "-o", "jsonpath={.spec.selector.pod-template-hash}"))
	assert.Equal(t, "true", app.Deployment().Labels["evenkeel.dev/in-flight"])
}

func TestPolicyIsRefusedWithThePath(t *testing.T) {
	fixture.Need(t)
	policy := func(text string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: another, namespace: default, labels: {evenkeel.dev/policy: cluster}}\ndata:\n  policy.yaml: |\n    " +
			strings.ReplaceAll(text, "\n", "\n    ")
	}
	head := "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules:\n- name: a\n  "
	for text, says := range map[string]string{
		head + "inject: {strategy: {maxSurge: '%25', maxUnavailable: 0}}": `rules[0].inject.strategy.maxSurge: Invalid value: "%25"`,
		head + "inject: {minReadySecond: 5}":                              `unknown field "rules[0].inject.minReadySecond"`,
		head + "rollout: {steps: '50%,20%'}":                              "rules[0].rollout.steps",
		head + "checks: {floor-zero: Maybe}":                              "rules[0].checks[floor-zero].action",
	} {
		out, err := fixture.Run(policy(text), "kubectl", "apply", "--dry-run=server", "-f", "-")
		require.Error(t, err, out)
		assert.Contains(t, out, says)
	}
	fixture.Must(t, policy(head+"rollout: {settle: 1s}"), "kubectl", "apply", "--dry-run=server", "-f", "-")
}

func TestAnEmptiedCABundleIsFilledAgain(t *testing.T) {
	fixture.Need(t)
	bundle := func() string {
		return fixture.Read(t, "kubectl", "get", "mutatingwebhookconfiguration", "evenkeel-"+fixture.System, "-o", "jsonpath={.webhooks[0].clientConfig.caBundle}")
	}
	before := bundle()
	require.NotEmpty(t, before)
	fixture.Must(t, "", "kubectl", "patch", "mutatingwebhookconfiguration", "evenkeel-"+fixture.System, "--type=json", "-p", `[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]`)
	require.Eventually(t, func() bool { return bundle() == before }, 10*time.Second, 100*time.Millisecond)
}
