// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy/defaults"
	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/test/fixture/corpus"
)

func TestTheServerFillsInWhatWeFillIn(t *testing.T) {
	api := clientset(t).AppsV1().RESTClient()
	for _, item := range corpus.All() {
		t.Run(item.Name, func(t *testing.T) {
			var ours, theirs appsv1.Deployment
			dryRun(t, api, "deployments", item.Manifest, &theirs)
			require.NoError(t, yaml.UnmarshalStrict([]byte(item.Manifest), &ours))
			defaults.Deployment(&ours)
			same(t, theirs.Spec, ours.Spec)
		})
	}
}

func TestTheServerFillsInServicesAsWeDo(t *testing.T) {
	api := clientset(t).CoreV1().RESTClient()
	for name, spec := range map[string]string{
		"ports":         `{selector: {a: b}, ports: [{name: http, port: 80}, {name: named, port: 81, targetPort: http, protocol: UDP}, {name: none, port: 82, targetPort: 0}]}`,
		"headless":      `{clusterIP: None, ports: [{port: 80}]}`,
		"outside":       `{externalIPs: [203.0.113.7], ports: [{port: 80}]}`,
		"sticky":        `{sessionAffinity: ClientIP, ports: [{port: 80}]}`,
		"sticky-for":    `{sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}, ports: [{port: 80}]}`,
		"not-sticky":    `{sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}, ports: [{port: 80}]}`,
		"node-port":     `{type: NodePort, ports: [{port: 80}]}`,
		"load-balancer": `{type: LoadBalancer, ports: [{port: 80}]}`,
		"external-name": `{type: ExternalName, externalName: example.com, ports: [{port: 80}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			manifest := "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: " + spec
			var ours, theirs corev1.Service
			dryRun(t, api, "services", manifest, &theirs)
			require.NoError(t, yaml.UnmarshalStrict([]byte(manifest), &ours))
			defaults.Service(&ours)
			same(t, unallocated(theirs.Spec), unallocated(ours.Spec))
		})
	}
}

func TestTheServerFillsInAutoscalersAsWeDo(t *testing.T) {
	const manifest = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\n" +
		"spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}"
	var ours, theirs autoscalingv2.HorizontalPodAutoscaler
	dryRun(t, clientset(t).AutoscalingV2().RESTClient(), "horizontalpodautoscalers", manifest, &theirs)
	require.NoError(t, yaml.UnmarshalStrict([]byte(manifest), &ours))
	defaults.HorizontalPodAutoscaler(&ours)
	assert.Equal(t, theirs.Spec.MinReplicas, ours.Spec.MinReplicas)
}

func clientset(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	fixture.Need(t)
	cfg, err := config.GetConfig()
	require.NoError(t, err)
	cfg.QPS, cfg.WarningHandler = -1, rest.NoWarnings{}
	set, err := kubernetes.NewForConfig(cfg)
	require.NoError(t, err)
	return set
}

// dryRun has the server create what a manifest says, as it is written, and keep
// nothing. It does so in Evenkeel's own namespace, which the webhook never reviews.
func dryRun(t *testing.T, api rest.Interface, resource, manifest string, answer runtime.Object) {
	t.Helper()
	require.NoError(t, api.Post().Namespace(fixture.System).Resource(resource).
		Param("dryRun", "All").Param("fieldValidation", "Strict").
		SetHeader("Content-Type", "application/yaml").Body([]byte(manifest)).
		Do(t.Context()).Into(answer), manifest)
}

// same compares as the API does: an empty list is none, and 1000m is 1.
func same(t *testing.T, theirs, ours any) {
	t.Helper()
	if equality.Semantic.DeepEqual(theirs, ours) {
		return
	}
	want, err := yaml.Marshal(theirs)
	require.NoError(t, err)
	got, err := yaml.Marshal(ours)
	require.NoError(t, err)
	t.Fail() // whatever the texts show
	assert.Equal(t, string(want), string(got), "the server's defaults, and ours")
}

// unallocated leaves out what the server chooses for one Service alone.
func unallocated(s corev1.ServiceSpec) corev1.ServiceSpec {
	s.ClusterIP, s.ClusterIPs, s.IPFamilies, s.IPFamilyPolicy = "", nil, nil, nil
	for i := range s.Ports {
		s.Ports[i].NodePort = 0
	}
	return s
}
