// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// Size is a Deployment to review. The bytes are those of one stored object.
type Size struct {
	// Name is small, typical or huge.
	Name             string
	containers, envs int
	atLeast, atMost  int
	// serverSide tells that it was applied on the server's side, as one so large
	// must be: its last-applied annotation would not fit.
	serverSide bool
}

// Sizes are what is measured.
var Sizes = []Size{
	{Name: "small", containers: 1, envs: 0, atLeast: 1 << 10, atMost: 4 << 10},
	{Name: "typical", containers: 2, envs: 8, atLeast: 9 << 10, atMost: 11 << 10},
	{Name: "huge", containers: 8, envs: 830, serverSide: true, atLeast: 1000 << 10, atMost: 1200 << 10},
}

// Manifest is what a person wrote.
func (s Size) Manifest() *appsv1.Deployment {
	app := map[string]string{"app": "demo"}
	d := &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: "shop", Labels: map[string]string{"app": "demo"}},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](10), Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "demo"}}},
		},
	}
	for i := range s.containers {
		d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers, s.container(i))
	}
	if s.envs > 0 {
		d.Spec.Template.Spec.Volumes = []corev1.Volume{
			{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			{Name: "settings", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}},
		}
	}
	return d
}

func (s Size) container(i int) corev1.Container {
	c := corev1.Container{
		Name: fmt.Sprintf("app-%d", i), Image: "registry.example/shop/demo:v1",
		Ports: []corev1.ContainerPort{{Name: fmt.Sprintf("http-%d", i), ContainerPort: 8080 + int32(i)}},
	}
	if s.envs == 0 {
		return c
	}
	for n := range s.envs {
		c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_NUMBER_%d", n), Value: fmt.Sprintf("the \"%d\" value of a <setting>", n)})
	}
	c.Env = append(c.Env, corev1.EnvVar{Name: "POD", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}})
	c.Resources = corev1.ResourceRequirements{
		Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("128Mi")},
		Limits:   corev1.ResourceList{"memory": resource.MustParse("256Mi")},
	}
	c.VolumeMounts = []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}, {Name: "settings", MountPath: "/etc/settings", ReadOnly: true}}
	c.LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/livez", Port: intstr.FromInt32(8080 + int32(i))}}}
	return c
}

// sent is the object as the API server sends it: with its defaults, with what
// kubectl recorded, and with managedFields.
func (s Size) sent() *appsv1.Deployment {
	manifest := s.Manifest()
	d := manifest.DeepCopy()
	setDefaults(d)
	d.UID, d.ResourceVersion, d.Generation = "8a4b4a3e-31c5-4d3c-9d0c-3b8f2d6f9c11", "123456", 3
	d.CreationTimestamp = metav1.NewTime(time.Unix(1_790_000_000, 0))
	entry := metav1.ManagedFieldsEntry{
		Manager: "kubectl", Operation: metav1.ManagedFieldsOperationApply, APIVersion: "apps/v1",
		Time: &d.CreationTimestamp, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(owned(manifest)),
	}
	d.Annotations = map[string]string{"deployment.kubernetes.io/revision": "3"}
	if !s.serverSide {
		d.Annotations[corev1.LastAppliedConfigAnnotation] = string(marshal(manifest)) + "\n"
		entry.Manager, entry.Operation, entry.FieldsV1 = "kubectl-client-side-apply", metav1.ManagedFieldsOperationUpdate, metav1.NewFieldsV1(owned(d))
	}
	d.ManagedFields = []metav1.ManagedFieldsEntry{entry}
	return d
}

// setDefaults fills in what the API server does.
func setDefaults(d *appsv1.Deployment) {
	quarter := intstr.FromString("25%")
	d.Spec.Strategy = appsv1.DeploymentStrategy{
		Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &quarter, MaxUnavailable: &quarter},
	}
	d.Spec.RevisionHistoryLimit, d.Spec.ProgressDeadlineSeconds = ptr.To[int32](10), ptr.To[int32](600)
	pod := &d.Spec.Template.Spec
	pod.RestartPolicy, pod.DNSPolicy, pod.SchedulerName = corev1.RestartPolicyAlways, corev1.DNSClusterFirst, corev1.DefaultSchedulerName
	pod.TerminationGracePeriodSeconds, pod.SecurityContext = ptr.To[int64](30), &corev1.PodSecurityContext{}
	for i := range pod.Containers {
		c := &pod.Containers[i]
		c.Ports[0].Protocol, c.ImagePullPolicy = corev1.ProtocolTCP, corev1.PullIfNotPresent
		c.TerminationMessagePath, c.TerminationMessagePolicy = corev1.TerminationMessagePathDefault, corev1.TerminationMessageReadFile
		if probe := c.LivenessProbe; probe != nil {
			probe.HTTPGet.Scheme = corev1.URISchemeHTTP
			probe.TimeoutSeconds, probe.PeriodSeconds, probe.SuccessThreshold, probe.FailureThreshold = 1, 10, 1, 3
		}
	}
}

// owned lists the fields of an object as managedFields do.
func owned(d *appsv1.Deployment) string {
	var object map[string]any
	must(json.Unmarshal(marshal(d), &object))
	return string(marshal(fieldsOf(object)))
}

func fieldsOf(value any) map[string]any {
	fields := map[string]any{}
	switch at := value.(type) {
	case map[string]any:
		for key, item := range at {
			fields["f:"+key] = fieldsOf(item)
		}
	case []any:
		for _, item := range at {
			object, _ := item.(map[string]any)
			if name, ok := object["name"].(string); ok {
				below := fieldsOf(object)
				below["."] = map[string]any{}
				fields[`k:{"name":`+string(marshal(name))+`}`] = below
			}
		}
	}
	return fields
}

func marshal(value any) []byte {
	text, err := json.Marshal(value)
	must(err)
	return text
}

// must ends what cannot be measured.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// WithImage gives every container another tag.
func WithImage(d *appsv1.Deployment, tag string) *appsv1.Deployment {
	out := d.DeepCopy()
	for i := range out.Spec.Template.Spec.Containers {
		c := &out.Spec.Template.Spec.Containers[i]
		c.Image = strings.Replace(c.Image, ":v1", ":"+tag, 1)
	}
	return out
}
