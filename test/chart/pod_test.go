// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	psa "k8s.io/pod-security-admission/policy"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/rules"
)

func deployment(t *testing.T, values ...string) *appsv1.Deployment {
	t.Helper()
	return find[appsv1.Deployment](t, render(t, values...), "Deployment", "evenkeel")
}

// TestRestricted asks the code of the API server's pod security admission.
func TestRestricted(t *testing.T) {
	judge, err := psa.NewEvaluator(psa.DefaultChecks(), nil)
	require.NoError(t, err)
	for _, values := range [][]string{nil, {"certManager.enabled=true"}, {"metrics.enabled=true"}} {
		d := deployment(t, values...)
		verdict := judge.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &d.Spec.Template.ObjectMeta, &d.Spec.Template.Spec)
		all := psa.AggregateCheckResults(verdict)
		assert.True(t, all.Allowed, "%v: %s", values, all.ForbiddenDetail())
	}
	job := find[batchv1.Job](t, render(t), "Job", "evenkeel-restore").Spec.Template
	verdict := psa.AggregateCheckResults(judge.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &job.ObjectMeta, &job.Spec))
	assert.True(t, verdict.Allowed, verdict.ForbiddenDetail())
	container := deployment(t).Spec.Template.Spec.Containers[0]
	assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem)
}

// TestMountedCertificate can be read by the user that the manager runs as.
func TestMountedCertificate(t *testing.T) {
	pod := deployment(t, "certManager.enabled=true").Spec.Template.Spec
	require.Len(t, pod.Volumes, 1)
	assert.Equal(t, "evenkeel-webhook-tls", pod.Volumes[0].Secret.SecretName)
	assert.EqualValues(t, 0o440, *pod.Volumes[0].Secret.DefaultMode, "for the owner, root, and the group")
	assert.Equal(t, *pod.SecurityContext.RunAsGroup, *pod.SecurityContext.FSGroup)
	assert.Equal(t, "/tls", pod.Containers[0].VolumeMounts[0].MountPath)
	assert.Contains(t, pod.Containers[0].Args, "--cert-dir=/tls")
	assert.Empty(t, deployment(t).Spec.Template.Spec.Volumes)
}

// TestOwnRollout is what we preach, for ourselves.
func TestOwnRollout(t *testing.T) {
	d := deployment(t)
	assert.EqualValues(t, 2, *d.Spec.Replicas)
	assert.Equal(t, "0", d.Spec.Strategy.RollingUpdate.MaxUnavailable.String())
	assert.Equal(t, "1", d.Spec.Strategy.RollingUpdate.MaxSurge.String())
	assert.Positive(t, d.Spec.MinReadySeconds)
	assert.Greater(t, *d.Spec.ProgressDeadlineSeconds, d.Spec.MinReadySeconds)

	pod := d.Spec.Template.Spec
	container := pod.Containers[0]
	const flag = "--drain-delay="
	at := slices.IndexFunc(container.Args, func(arg string) bool { return strings.HasPrefix(arg, flag) })
	require.GreaterOrEqual(t, at, 0)
	drain, err := time.ParseDuration(strings.TrimPrefix(container.Args[at], flag))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, drain, 5*time.Second, "endpoints follow a pod's end with a delay")
	assert.Nil(t, container.Lifecycle, "the manager itself knows from the first moment that it is to end")
	assert.GreaterOrEqual(t, time.Duration(*pod.TerminationGracePeriodSeconds)*time.Second, drain+25*time.Second, "room for the manager's own end")
	assert.Equal(t, "kubernetes.io/hostname", pod.TopologySpreadConstraints[0].TopologyKey)
	assert.Equal(t, corev1.ScheduleAnyway, pod.TopologySpreadConstraints[0].WhenUnsatisfiable)

	plan := rules.Review(policy.Subject{New: d, Policy: policy.Default().Resolve(namespace, nil, d.Labels)})
	assert.Empty(t, plan.Violations)
}

// TestArguments starts the manager with the chart's arguments: none is unknown,
// and nothing is missing but a cluster.
func TestArguments(t *testing.T) {
	program := filepath.Join(t.TempDir(), "evenkeel")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/evenkeel").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, values := range [][]string{nil, {"certManager.enabled=true"}, {"metrics.enabled=true"}} {
		d := deployment(t, values...)
		container := d.Spec.Template.Spec.Containers[0]
		cmd := exec.CommandContext(t.Context(), program, container.Args...)
		cmd.Env = []string{"KUBECONFIG=" + filepath.Join(t.TempDir(), "none"), "HOME=" + os.DevNull}
		for _, variable := range container.Env {
			value := map[string]string{"metadata.namespace": namespace, "spec.serviceAccountName": d.Spec.Template.Spec.ServiceAccountName}
			cmd.Env = append(cmd.Env, variable.Name+"="+value[variable.ValueFrom.FieldRef.FieldPath])
		}
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		assert.True(t, strings.HasPrefix(lastLine(string(out)), "evenkeel: cannot reach a cluster: "), "%s", out)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestImage(t *testing.T) {
	digest := "sha256:" + strings.Repeat("ab", 32)
	for _, row := range []struct {
		values []string
		want   string
	}{
		{nil, "ghcr.io/evenkeel-dev/evenkeel:0.1.0"},
		{[]string{"image.repository=example.org/e", "image.tag=v2"}, "example.org/e:v2"},
		{[]string{"image.repository=example.org/e", "image.tag=v2", "image.digest=" + digest}, "example.org/e@" + digest},
	} {
		assert.Equal(t, row.want, deployment(t, row.values...).Spec.Template.Spec.Containers[0].Image)
	}
}

// TestPorts has every port that something else names.
func TestPorts(t *testing.T) {
	all := render(t, "metrics.enabled=true")
	named := map[string]int32{}
	container := find[appsv1.Deployment](t, all, "Deployment", "evenkeel").Spec.Template.Spec.Containers[0]
	for _, port := range container.Ports {
		named[port.Name] = port.ContainerPort
	}
	assert.Equal(t, map[string]int32{"webhook": 9443, "health": 8081, "metrics": 8080}, named)
	for _, service := range []string{"evenkeel-webhook", "evenkeel-metrics"} {
		for _, port := range find[corev1.Service](t, all, "Service", service).Spec.Ports {
			assert.Contains(t, named, port.TargetPort.String())
		}
	}
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe} {
		assert.Contains(t, named, probe.HTTPGet.Port.String())
	}
	assert.Contains(t, container.Args, "--metrics-bind-address=:8080")
	assert.Contains(t, deployment(t).Spec.Template.Spec.Containers[0].Args, "--metrics-bind-address=0")
	assert.Contains(t, container.Args, "--dashboard-address=127.0.0.1:8082", "whoever reaches it is not asked who they are")
	assert.Contains(t, container.Args, "--pprof-bind-address=0")
	assert.Contains(t, deployment(t, "profiling.enabled=true").Spec.Template.Spec.Containers[0].Args, "--pprof-bind-address=127.0.0.1:8083")
	assert.Contains(t, deployment(t, "dashboard.enabled=false").Spec.Template.Spec.Containers[0].Args, "--dashboard-address=0")
}
