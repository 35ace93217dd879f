// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/test/fixture/corpus"
)

// become asserts what each text on the left is after it was filled in. Where both
// sides are the same, what is written is kept.
func become[T any](t *testing.T, fill func(*T), rows map[string]string) {
	t.Helper()
	for written, filled := range rows {
		var got, want T
		require.NoError(t, yaml.UnmarshalStrict([]byte(written), &got), written)
		require.NoError(t, yaml.UnmarshalStrict([]byte(filled), &want), filled)
		fill(&got)
		text, err := yaml.Marshal(got)
		require.NoError(t, err)
		assert.True(t, equality.Semantic.DeepEqual(want, got), "%s\nis not what this becomes:\n%s\nbut:\n%s", filled, written, text)
	}
}

func TestADeploymentIsFilledInDownToItsContainers(t *testing.T) {
	become(t, Deployment, map[string]string{`
spec:
  template:
    spec:
      containers: [{name: app, image: example/app}]
      initContainers: [{name: init, image: "example/init:v1"}]
      ephemeralContainers: [{name: debug, image: busybox}]
      volumes: [{name: tmp}]
      resources: {limits: {cpu: 0.1m}, requests: {cpu: 0.1m}}
      overhead: {cpu: 0.1m}`: `
spec:
  replicas: 1
  revisionHistoryLimit: 10
  progressDeadlineSeconds: 600
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}
  template:
    spec:
      containers: [{name: app, image: example/app, imagePullPolicy: Always, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File}]
      initContainers: [{name: init, image: "example/init:v1", imagePullPolicy: IfNotPresent, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File}]
      ephemeralContainers: [{name: debug, image: busybox, imagePullPolicy: Always, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File}]
      volumes: [{name: tmp, emptyDir: {}}]
      resources: {limits: {cpu: 1m}, requests: {cpu: 1m}}
      overhead: {cpu: 1m}
      restartPolicy: Always
      dnsPolicy: ClusterFirst
      schedulerName: default-scheduler
      securityContext: {}
      terminationGracePeriodSeconds: 30`})
}

func TestWhatIsFilledInStays(t *testing.T) {
	for _, item := range corpus.All() {
		var once appsv1.Deployment
		require.NoError(t, yaml.UnmarshalStrict([]byte(item.Manifest), &once))
		Deployment(&once)
		twice := once.DeepCopy()
		Deployment(twice)
		assert.Equal(t, &once, twice, item.Name)
	}
}

func TestStrategies(t *testing.T) {
	become(t, strategy, map[string]string{
		`{}`:                                     `{type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}`,
		`{type: RollingUpdate}`:                  `{type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}`,
		`{rollingUpdate: {maxSurge: 0}}`:         `{type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 25%}}`,
		`{rollingUpdate: {maxUnavailable: 10%}}`: `{type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 10%}}`,
		`{type: Recreate}`:                       `{type: Recreate}`,
		`{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0%}}`: `{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0%}}`,
	})
}

func TestNumbersOfADeploymentAreKept(t *testing.T) {
	become(t, func(d *appsv1.Deployment) {
		Deployment(d)
		d.Spec.Template.Spec, d.Spec.Strategy = corev1.PodSpec{}, appsv1.DeploymentStrategy{}
	}, map[string]string{
		`spec: {replicas: 0, revisionHistoryLimit: 0, progressDeadlineSeconds: 1}`: `spec: {replicas: 0, revisionHistoryLimit: 0, progressDeadlineSeconds: 1}`,
	})
}

func TestPods(t *testing.T) {
	const rest = `restartPolicy: Always, schedulerName: default-scheduler, securityContext: {}, `
	become(t, podSpec, map[string]string{
		`{serviceAccount: a, dnsPolicy: Default}`:                                                                                       `{` + rest + `serviceAccount: a, serviceAccountName: a, dnsPolicy: Default, terminationGracePeriodSeconds: 30}`,
		`{serviceAccountName: a, terminationGracePeriodSeconds: 0}`:                                                                     `{` + rest + `serviceAccount: a, serviceAccountName: a, dnsPolicy: ClusterFirst, terminationGracePeriodSeconds: 0}`,
		`{serviceAccountName: a, serviceAccount: b, dnsPolicy: None}`:                                                                   `{` + rest + `serviceAccount: a, serviceAccountName: a, dnsPolicy: None, terminationGracePeriodSeconds: 30}`,
		`{restartPolicy: Never, schedulerName: a, dnsPolicy: None, securityContext: {runAsUser: 1}, terminationGracePeriodSeconds: -1}`: `{restartPolicy: Never, schedulerName: a, dnsPolicy: None, securityContext: {runAsUser: 1}, terminationGracePeriodSeconds: -1}`,
	})
}

func TestATemplateGetsLessThanAPod(t *testing.T) {
	var d appsv1.Deployment
	require.NoError(t, yaml.UnmarshalStrict([]byte(`{spec: {template: {spec: {hostNetwork: true, containers: [
		{name: a, ports: [{containerPort: 80}], resources: {limits: {cpu: 1}}, readinessProbe: {httpGet: {port: 80}}}]}}}}`), &d))
	Deployment(&d)
	pod := d.Spec.Template.Spec
	assert.Nil(t, pod.EnableServiceLinks)
	assert.Zero(t, pod.Containers[0].Ports[0].HostPort)
	assert.Nil(t, pod.Containers[0].Resources.Requests)
	assert.Nil(t, pod.Containers[0].ReadinessProbe.HTTPGet.Protocol)
}

func TestAutoscalers(t *testing.T) {
	become(t, HorizontalPodAutoscaler, map[string]string{
		`spec: {maxReplicas: 4}`:                 `spec: {minReplicas: 1, maxReplicas: 4}`,
		`spec: {minReplicas: 3, maxReplicas: 4}`: `spec: {minReplicas: 3, maxReplicas: 4}`,
		`spec: {minReplicas: 0, maxReplicas: 4}`: `spec: {minReplicas: 0, maxReplicas: 4}`,
	})
	var h autoscalingv2.HorizontalPodAutoscaler
	HorizontalPodAutoscaler(&h)
	assert.Equal(t, int32(1), *h.Spec.MinReplicas)
}

func TestServices(t *testing.T) {
	const inside = `sessionAffinity: None, internalTrafficPolicy: Cluster, `
	const outside = inside + `externalTrafficPolicy: Cluster, `
	become(t, func(s *corev1.ServiceSpec) {
		service := corev1.Service{Spec: *s}
		Service(&service)
		*s = service.Spec
	}, map[string]string{
		`{ports: [{port: 80}]}`:                                    `{` + inside + `type: ClusterIP, ports: [{port: 80, targetPort: 80, protocol: TCP}]}`,
		`{ports: [{port: 80, targetPort: http, protocol: UDP}]}`:   `{` + inside + `type: ClusterIP, ports: [{port: 80, targetPort: http, protocol: UDP}]}`,
		`{ports: [{port: 80, targetPort: ""}]}`:                    `{` + inside + `type: ClusterIP, ports: [{port: 80, targetPort: 80, protocol: TCP}]}`,
		`{clusterIP: None}`:                                        `{` + inside + `type: ClusterIP, clusterIP: None}`,
		`{externalIPs: [203.0.113.7]}`:                             `{` + outside + `type: ClusterIP, externalIPs: [203.0.113.7]}`,
		`{type: NodePort}`:                                         `{` + outside + `type: NodePort}`,
		`{type: LoadBalancer}`:                                     `{` + outside + `type: LoadBalancer, allocateLoadBalancerNodePorts: true}`,
		`{type: ExternalName, externalName: a.example}`:            `{sessionAffinity: None, type: ExternalName, externalName: a.example}`,
		`{type: ExternalName, externalIPs: [203.0.113.7]}`:         `{sessionAffinity: None, type: ExternalName, externalIPs: [203.0.113.7]}`,
		`{sessionAffinityConfig: {clientIP: {timeoutSeconds: 9}}}`: `{` + inside + `type: ClusterIP}`,
		`{type: ExternalName, sessionAffinity: ClientIP}`:          `{type: ExternalName, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 10800}}}`,
		`{type: ExternalName, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 9}}}`:                                       `{type: ExternalName, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 9}}}`,
		`{type: LoadBalancer, sessionAffinity: None, externalTrafficPolicy: Local, internalTrafficPolicy: Local, allocateLoadBalancerNodePorts: false}`: `{type: LoadBalancer, sessionAffinity: None, externalTrafficPolicy: Local, internalTrafficPolicy: Local, allocateLoadBalancerNodePorts: false}`,
	})
}
