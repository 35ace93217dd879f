// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// edge is a Deployment, as a patch of its spec and one of its pods', with what
// stands around it, and what a check says of it; "" is nothing.
type edge struct {
	name, spec, pods string
	near             policy.Neighbours
	says             string
}

func look(t *testing.T, name string, rows []edge) {
	t.Helper()
	c := checks[slices.IndexFunc(checks, func(c check) bool { return c.name == name })]
	for _, row := range rows {
		d := deployment().DeepCopy() // its two shares are one pointer
		require.NoError(t, yaml.UnmarshalStrict([]byte(row.spec), &d.Spec), row.name)
		require.NoError(t, yaml.UnmarshalStrict([]byte(row.pods), &d.Spec.Template.Spec), row.name)
		severity, message := c.find(world{Deployment: d, policy: policy.Default().Default, near: row.near, now: morning})
		first, _, _ := strings.Cut(message, "\n")
		assert.Equal(t, row.says, first, "%s: %s", name, row.name)
		assert.Equal(t, row.says != "", severity > 0, "%s: %s", name, row.name)
	}
}

func shape(replicas int, surge, unavailable string) string {
	return fmt.Sprintf("{replicas: %d, strategy: {rollingUpdate: {maxSurge: %s, maxUnavailable: %s}}}", replicas, surge, unavailable)
}

func object[T any](t *testing.T, name, text string) T {
	t.Helper()
	return parsed[T](t, "metadata: {name: "+name+"}\n"+text)
}

func scaler(t *testing.T, spec string) policy.Neighbours {
	return policy.Neighbours{Scalers: []autoscalingv2.HorizontalPodAutoscaler{object[autoscalingv2.HorizontalPodAutoscaler](t, "web", "spec: "+spec)}}
}

func budgets(t *testing.T, specs ...string) policy.Neighbours {
	var near policy.Neighbours
	for i, spec := range specs {
		near.Budgets = append(near.Budgets, object[policyv1.PodDisruptionBudget](t, fmt.Sprintf("b%d", i+1), "spec: "+spec))
	}
	return near
}

func quota(t *testing.T, spec, hard, used string) policy.Neighbours {
	return policy.Neighbours{Quotas: []corev1.ResourceQuota{object[corev1.ResourceQuota](t, "q", fmt.Sprintf("spec: %s\nstatus: {hard: %s, used: %s}", spec, hard, used))}}
}

func claim(t *testing.T, modes string) policy.Neighbours {
	return policy.Neighbours{Claims: []corev1.PersistentVolumeClaim{object[corev1.PersistentVolumeClaim](t, "data", "spec: {accessModes: "+modes+"}")}}
}

func service(t *testing.T, ports string) policy.Neighbours {
	return policy.Neighbours{Services: []corev1.Service{object[corev1.Service](t, "web", "spec: {ports: "+ports+"}")}}
}

func TestEdgesOfSingleReplicaAndRecreate(t *testing.T) {
	look(t, "single-replica", []edge{
		{name: "the API's defaults", spec: "{replicas: 1}"},
		{name: "nil replicas", spec: "{replicas: null, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}}",
			says: "1 replica, maxSurge 0 comes to 0 and maxUnavailable 1 to 1: a rollout may take the only pod down before the new one is ready. Write:"},
		{name: "a surge beside", spec: shape(1, "1", "1"),
			says: "1 replica, maxSurge 1 comes to 1 and maxUnavailable 1 to 1: a rollout may take the only pod down before the new one is ready. Write:"},
		{name: "99% rounds down", spec: shape(1, "1", "99%")},
		{name: "no replicas", spec: shape(0, "0", "1")},
		{name: "two", spec: shape(2, "0", "1")},
		{name: "an autoscaler makes more", spec: shape(1, "1", "1"), near: scaler(t, "{minReplicas: 3, maxReplicas: 9}")},
		{name: "an autoscaler may leave one", spec: shape(1, "1", "1"), near: scaler(t, "{maxReplicas: 9}"),
			says: "1 replica, maxSurge 1 comes to 1 and maxUnavailable 1 to 1: a rollout may take the only pod down before the new one is ready. Write:"},
	})
	const volume = "volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]"
	look(t, "recreate", []edge{
		{name: "one", spec: "{replicas: 1, strategy: {type: Recreate, rollingUpdate: null}}",
			says: "strategy Recreate stops its only pod before the first new one is ready: every rollout is an outage. Write:"},
		{name: "more", spec: "{replicas: 3, strategy: {type: Recreate, rollingUpdate: null}}",
			says: "strategy Recreate stops all 3 pods before the first new one is ready: every rollout is an outage. Write:"},
		{name: "none", spec: "{replicas: 0, strategy: {type: Recreate, rollingUpdate: null}}"},
		{name: "a claim of one node", spec: "{strategy: {type: Recreate, rollingUpdate: null}}", pods: volume, near: claim(t, "[ReadWriteOnce]")},
		{name: "a claim that is not known", spec: "{strategy: {type: Recreate, rollingUpdate: null}}", pods: volume},
		{name: "a claim of many", spec: "{replicas: 1, strategy: {type: Recreate, rollingUpdate: null}}", pods: volume, near: claim(t, "[ReadWriteMany]"),
			says: "strategy Recreate stops its only pod before the first new one is ready: every rollout is an outage. Write:"},
		{name: "a port of the node", spec: "{strategy: {type: Recreate, rollingUpdate: null}}", pods: "containers: [{name: app, ports: [{containerPort: 80, hostPort: 80}]}]"},
	})
}

func TestEdgesOfHPAFloor(t *testing.T) {
	look(t, "hpa-floor", []edge{
		{name: "no autoscaler", spec: shape(4, "1", "1")},
		{name: "a count at the smallest", spec: shape(4, "1", "1"), near: scaler(t, "{maxReplicas: 9}"),
			says: `HorizontalPodAutoscaler "web" may scale to 1, and there a rollout may leave no pod ready. At its smallest (1) it keeps 0 ready and peaks at 2; at its largest (9) it keeps 8 ready and peaks at 10. Write:`},
		{name: "a percent that rounds to nothing", spec: shape(10, "0", "10%"), near: scaler(t, "{minReplicas: 5, maxReplicas: 10}"),
			says: `HorizontalPodAutoscaler "web" may scale to 5, and there no pod could ever be replaced. At its smallest (5) it keeps 5 ready and peaks at 5; at its largest (10) it keeps 9 ready and peaks at 10. Write:`},
		{name: "over the limit", spec: shape(10, "1", "3"), near: scaler(t, "{minReplicas: 4, maxReplicas: 10}"),
			says: `HorizontalPodAutoscaler "web" may scale to 4, and there 3 of 4 pods may be down, over the limit of 50%. At its smallest (4) it keeps 1 ready and peaks at 5; at its largest (10) it keeps 7 ready and peaks at 11. Write:`},
		{name: "at the largest only", spec: shape(1, "1", "50%"), near: scaler(t, "{minReplicas: 0, maxReplicas: 9}")},
		{name: "fine at both", spec: "{replicas: 4}", near: scaler(t, "{minReplicas: 1, maxReplicas: 100}")},
		{name: "bad today: others tell", spec: shape(2, "0", "2"), near: scaler(t, "{minReplicas: 1, maxReplicas: 9}")},
		{name: "no replicas", spec: shape(0, "1", "1"), near: scaler(t, "{minReplicas: 1, maxReplicas: 9}")},
		{name: "Recreate", spec: "{strategy: {type: Recreate, rollingUpdate: null}}", near: scaler(t, "{minReplicas: 1, maxReplicas: 9}")},
	})
}

func TestEdgesOfPDB(t *testing.T) {
	const drain = ", so a drain of a node waits for ever. Write in its spec, instead of what it says:"
	with := func(near, more policy.Neighbours) policy.Neighbours {
		near.Scalers = more.Scalers
		return near
	}
	look(t, "pdb", []edge{
		{name: "none"},
		{name: "an empty one", near: budgets(t, "{}")},
		{name: "maxUnavailable 0", near: budgets(t, "{maxUnavailable: 0}"), says: `PodDisruptionBudget "b1" lets no pod be evicted: maxUnavailable 0 is 0 at 4 replicas` + drain},
		{name: "maxUnavailable 0%", near: budgets(t, "{maxUnavailable: 0%}"), says: `PodDisruptionBudget "b1" lets no pod be evicted: maxUnavailable 0% is 0 at 4 replicas` + drain},
		{name: "maxUnavailable 1% rounds up", near: budgets(t, "{maxUnavailable: 1%}")},
		{name: "all of them", near: budgets(t, "{minAvailable: 4}"), says: `PodDisruptionBudget "b1" lets no pod be evicted: minAvailable 4 is 4 at 4 replicas` + drain},
		{name: "76% of 4 rounds up to 4", near: budgets(t, "{minAvailable: 76%}"), says: `PodDisruptionBudget "b1" lets no pod be evicted: minAvailable 76% is 4 at 4 replicas` + drain},
		{name: "75% of 4", near: budgets(t, "{minAvailable: 75%}")},
		{name: "malformed: others tell", near: budgets(t, "{minAvailable: many}")},
		{name: "no replicas", spec: "{replicas: 0}", near: budgets(t, "{maxUnavailable: 0}")},
		{name: "nil replicas", spec: "{replicas: null}", near: budgets(t, "{minAvailable: 1}"), says: `PodDisruptionBudget "b1" lets no pod be evicted: minAvailable 1 is 1 at 1 replica` + drain},
		{name: "nil replicas that an autoscaler makes 3 of", spec: "{replicas: null}", near: with(budgets(t, "{minAvailable: 1}"), scaler(t, "{minReplicas: 3, maxReplicas: 9}"))},
		{name: "the autoscaler's smallest", near: with(budgets(t, "{minAvailable: 2}"), scaler(t, "{minReplicas: 2, maxReplicas: 9}")),
			says: `PodDisruptionBudget "b1" lets no pod be evicted: minAvailable 2 is 2 at 2 replicas, the smallest of HorizontalPodAutoscaler "web"` + drain},
		{name: "an autoscaler down to none", near: with(budgets(t, "{minAvailable: 1}"), scaler(t, "{minReplicas: 0, maxReplicas: 9}"))},
		{name: "two", near: budgets(t, "{maxUnavailable: 1}", "{maxUnavailable: 1}"),
			says: `2 PodDisruptionBudgets select these pods ("b1", "b2"): eviction refuses pods that have more than one, so no node can be drained. Keep one of them`},
	})
}

func TestEdgesOfSurgeQuota(t *testing.T) {
	const app = "containers: [{name: app, resources: {requests: {cpu: 100m}, limits: {cpu: 200m, memory: 1Gi}}}]"
	look(t, "surge-quota", []edge{
		{name: "it fits to the last", pods: app, near: quota(t, "{}", "{pods: 5, requests.cpu: 500m}", "{pods: 4, requests.cpu: 400m}")},
		{name: "pods", pods: app, near: quota(t, "{}", "{pods: 4}", "{pods: 4}"), says: `ResourceQuota "q": the surge of 1 pod (maxSurge 25% of 4 replicas) needs 1 of pods, and 0 of 4 is left. Raise it, or write:`},
		{name: "count/pods", pods: app, spec: shape(4, "2", "0"), near: quota(t, "{}", "{count/pods: 5}", "{count/pods: 4}"), says: `ResourceQuota "q": the surge of 2 pods (maxSurge 2 of 4 replicas) needs 2 of count/pods, and 1 of 5 is left. Raise it, or write:`},
		{name: "never more than replicas", pods: app, spec: shape(1, "3", "0"), near: quota(t, "{}", "{pods: 2}", "{pods: 1}")},
		{name: "cpu is requests.cpu", pods: app, near: quota(t, "{}", "{cpu: 400m}", "{cpu: 400m}"), says: `ResourceQuota "q": the surge of 1 pod (maxSurge 25% of 4 replicas) needs 100m of cpu, and 0 of 400m is left. Raise it, or write:`},
		{name: "a limit without a request is both", pods: app, near: quota(t, "{}", "{requests.memory: 4Gi}", "{requests.memory: 4Gi}"), says: `ResourceQuota "q": the surge of 1 pod (maxSurge 25% of 4 replicas) needs 1Gi of requests.memory, and 0 of 4Gi is left. Raise it, or write:`},
		{name: "limits", pods: app, near: quota(t, "{}", "{limits.cpu: 900m}", "{limits.cpu: 800m}"), says: `ResourceQuota "q": the surge of 1 pod (maxSurge 25% of 4 replicas) needs 200m of limits.cpu, and 100m of 900m is left. Raise it, or write:`},
		{name: "what the pods do not ask for", pods: app, near: quota(t, "{}", "{requests.nvidia.com/gpu: 0, services: 0}", "{}")},
		{name: "scopes", pods: app, near: quota(t, "{scopes: [BestEffort]}", "{pods: 0}", "{}")},
		{name: "a scope selector", pods: app, near: quota(t, "{scopeSelector: {matchExpressions: []}}", "{pods: 0}", "{}")},
		{name: "no surge", spec: shape(4, "0", "1"), pods: app, near: quota(t, "{}", "{pods: 4}", "{pods: 4}")},
		{name: "no replicas", spec: shape(0, "1", "0"), pods: app, near: quota(t, "{}", "{pods: 0}", "{}")},
	})
}

func TestWhatAPodTakesOfAQuota(t *testing.T) {
	for _, row := range []struct{ name, pods, cpu string }{
		{"together", "{containers: [{resources: {requests: {cpu: 1}}}, {resources: {requests: {cpu: 2}}}]}", "3"},
		{"a larger init container", "{containers: [{resources: {requests: {cpu: 1}}}], initContainers: [{resources: {requests: {cpu: 5}}}, {resources: {requests: {cpu: 4}}}]}", "5"},
		{"a smaller one", "{containers: [{resources: {requests: {cpu: 3}}}], initContainers: [{resources: {requests: {cpu: 2}}}]}", "3"},
		{"a sidecar runs beside", "{containers: [{resources: {requests: {cpu: 1}}}], initContainers: [{restartPolicy: Always, resources: {requests: {cpu: 2}}}]}", "3"},
		{"and beside the init container after it", "{containers: [{resources: {requests: {cpu: 1}}}], initContainers: [{restartPolicy: Always, resources: {requests: {cpu: 2}}}, {resources: {requests: {cpu: 5}}}]}", "7"},
		{"not beside the one before it", "{containers: [{resources: {requests: {cpu: 1}}}], initContainers: [{resources: {requests: {cpu: 5}}}, {restartPolicy: Always, resources: {requests: {cpu: 2}}}]}", "5"},
		{"overhead", "{overhead: {cpu: 250m}, containers: [{resources: {requests: {cpu: 1}}}]}", "1250m"},
		{"the pod's own", "{resources: {requests: {cpu: 4}}, overhead: {cpu: 1}, containers: [{resources: {requests: {cpu: 1}}}]}", "5"},
	} {
		var spec corev1.PodSpec
		require.NoError(t, yaml.UnmarshalStrict([]byte(row.pods), &spec), row.name)
		cpu := demand(&spec)["requests.cpu"]
		assert.Equal(t, row.cpu, cpu.String(), row.name)
	}
}

func TestEdgesOfClaimsPortsAndRoutes(t *testing.T) {
	look(t, "rwo-surge", []edge{
		{name: "no claim is known"},
		{name: "one node", near: claim(t, "[ReadWriteOnce]"), says: `PersistentVolumeClaim "data" is ReadWriteOnce, and a rollout starts 1 new pod beside the old: on another node it waits for the volume for ever. Write:`},
		{name: "one pod", spec: shape(2, "100%", "0"), near: claim(t, "[ReadWriteOncePod]"), says: `PersistentVolumeClaim "data" is ReadWriteOncePod, and a rollout starts 2 new pods beside the old: on another node it waits for the volume for ever. Write:`},
		{name: "many too", near: claim(t, "[ReadWriteOnce, ReadOnlyMany]")},
		{name: "no modes", near: claim(t, "[]")},
		{name: "no surge", spec: shape(1, "0", "1"), near: claim(t, "[ReadWriteOnce]")},
		{name: "no replicas", spec: "{replicas: 0}", near: claim(t, "[ReadWriteOnce]")},
	})
	const ready = "containers: [{name: app, ports: [{containerPort: 8080, name: http}], readinessProbe: {}}]"
	look(t, "readiness-missing", []edge{
		{name: "no Service"},
		{name: "by name", near: service(t, "[{port: 80, targetPort: http}]"), says: `container "app" has no readiness probe, and Service "web" leads to its port 8080: requests come before it can answer them. Add to the container:`},
		{name: "by number", near: service(t, "[{port: 80, targetPort: 8080}]"), says: `container "app" has no readiness probe, and Service "web" leads to its port 8080: requests come before it can answer them. Add to the container:`},
		{name: "to another port", near: service(t, "[{port: 80, targetPort: 9090}]")},
		{name: "UDP", near: service(t, "[{port: 8080, targetPort: 8080, protocol: UDP}]")},
		{name: "it has one", pods: ready, near: service(t, "[{port: 80, targetPort: http}]")},
	})
	look(t, "no-route", []edge{{name: "not a canary"}})
	canary, blueGreen := policy.Default().Default, policy.Default().Default
	canary.Rollout.Strategy, blueGreen.Rollout.Strategy = policy.StrategyCanary, policy.StrategyBlueGreen
	web := service(t, "[{port: 80}]")
	with := func(routes ...policy.Route) policy.Neighbours {
		return policy.Neighbours{Services: web.Services, Routes: routes}
	}
	const alone, moves = "no traffic is divided, its pods alone change step by step: ", "no route is switched, the Service alone moves all traffic at the end: "
	for _, row := range []struct {
		near       policy.Neighbours
		says, blue string
	}{
		{policy.Neighbours{}, alone + "no Service selects its pods", "no traffic is moved, its pods alone change: no Service selects its pods"},
		{web, alone + `no route leads to Service "web"`, moves + `no route leads to Service "web"`},
		{with(policy.Route{Problem: "it is odd"}), alone + "it is odd", moves + "it is odd"},
		{with(policy.Route{Problem: "it is odd"}, policy.Route{}), "", ""},
	} {
		_, message := noRoute(world{Deployment: deployment(), policy: canary, near: row.near})
		assert.Equal(t, row.says, message)
		_, message = noRoute(world{Deployment: deployment(), policy: blueGreen, near: row.near})
		assert.Equal(t, row.blue, message)
		severity, _ := noRoute(world{Deployment: deployment(func(d *appsv1.Deployment) { *d.Spec.Replicas = 0 }), policy: canary, near: row.near})
		assert.Zero(t, severity, "no replicas")
	}
	canary.Rollout.ByRoute = true
	for _, row := range []struct {
		near policy.Neighbours
		says string
	}{
		{web, alone + `no route leads to Service "web"`},
		{with(policy.Route{}, policy.Route{Problem: "it is odd"}), "a changed template is refused, since traffic would follow no step: it is odd"},
		{with(policy.Route{}), ""},
	} {
		_, message := noRoute(world{Deployment: deployment(), policy: canary, near: row.near})
		assert.Equal(t, row.says, message, "asked for by annotation")
	}
}
