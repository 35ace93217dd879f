// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/index"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout/packed"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// Reader reads the neighbours of a workload.
type Reader struct {
	Cache client.Reader // informers
	Near  client.Reader // informers of what only checks look at
	Live  client.Reader // the API server; one GET a review at most
	// Filled tells whether the cache of a kind of neighbours is filled; nil: all are.
	Filled func(policy.Kind) bool
	// Unasked are the kinds of neighbours that are never looked at.
	Unasked []policy.Kind
	// Kinds are the kinds of routes that the cluster has.
	Kinds []route.Kind
}

// Surroundings is what a release needs around its Deployment.
type Surroundings struct {
	Services, Backends []string
	Routes             []route.Ref
	Stable             rollout.Version
	// Undivided says which routes keep all their traffic on stable, and why.
	Undivided []string
	// Told is what else a person should know about a release that starts.
	Told []string
	// Refused says why what is there cannot be divided, and what mends it; empty
	// when it can, or when there is nothing to divide.
	Refused string
	// Missing says why there can be no two versions; empty when there can.
	Missing string
	// Between names a ReplicaSet that an earlier rollout left with pods, and that is
	// younger than stable's: of two old versions the stock controller takes the pods of
	// the older one first, and that would be stable's.
	Between string
}

// Revision is a template that there was, typed to compare and raw to render.
type Revision struct {
	Template corev1.PodTemplateSpec
	Raw      any
	// Injected and Cause are the annotations that its object has of those names.
	Injected, Cause string
}

// Services lists the Services that select the pods of a template.
func (r Reader) Services(ctx context.Context, namespace string, podLabels map[string]string) ([]corev1.Service, error) {
	var list corev1.ServiceList
	return listed(ctx, r.Cache, namespace, &list, func() []corev1.Service { return list.Items },
		func(s *corev1.Service) string { return s.Name },
		func(s *corev1.Service) bool {
			own := route.OwnSelector(s.Spec.Selector)
			return len(own) > 0 && !isCanaryService(s) && selects(own, podLabels)
		})
}

// selects tells whether a Service's selector holds for labels.
func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if got, there := labels[key]; !there || got != value {
			return false
		}
	}
	return true
}

// Survey finds what a release of a Deployment needs. old is the live object.
func (r Reader) Survey(ctx context.Context, old *appsv1.Deployment, asked Wish) (Surroundings, error) {
	var s Surroundings
	if Divides(asked.Rollout.Strategy) {
		if err := r.surveyTraffic(ctx, old, asked, &s); err != nil {
			return s, err
		}
	}
	return s, r.surveyStable(ctx, old, &s)
}

// surveyTraffic finds the Services and routes that lead to the pods.
func (r Reader) surveyTraffic(ctx context.Context, old *appsv1.Deployment, asked Wish, s *Surroundings) error {
	services, err := r.Services(ctx, old.Namespace, asked.Template.Labels)
	if err != nil || len(services) == 0 {
		return err
	}
	for i := range services {
		s.Services = append(s.Services, services[i].Name)
		if why, fix := unusable(&services[i], route.Narrow{Deployment: old.Name}); s.Refused == "" && why != "" {
			s.Refused = why + ". " + fix
		}
	}
	if err := r.surveyRoutes(ctx, old, asked, s); err != nil || len(s.Backends) == 0 || asked.Back {
		return err
	}
	refused, told := Ports(services, &old.Spec.Template.Spec, &asked.Template.Spec)
	s.Refused, s.Told = cmp.Or(s.Refused, refused, asked.Hosts), told
	return nil
}

// unusable says why a Service cannot take part in a release, and what mends it.
func unusable(service *corev1.Service, whose route.Narrow) (why, fix string) {
	narrow, err := route.ParseNarrow(service.Annotations[route.SplitAnnotation])
	if err != nil {
		return fmt.Sprintf("Service %q: %v", service.Name, err),
			fmt.Sprintf("Take it off:\n  kubectl annotate service -n %s %s %s-", service.Namespace, service.Name, route.SplitAnnotation)
	}
	for _, key := range []string{appsv1.DefaultDeploymentUniqueLabelKey, appsv1.ControllerRevisionHashLabelKey} {
		if _, own := service.Spec.Selector[key]; own && narrow == (route.Narrow{}) {
			return fmt.Sprintf("Service %q selects %s itself", service.Name, key),
				fmt.Sprintf("It cannot lead to two versions in turn: take that out of its selector:\n  kubectl patch service -n %s %s --type=json -p '[{\"op\":\"remove\",\"path\":\"/spec/selector/%s\"}]'",
					service.Namespace, service.Name, key)
		}
	}
	if owner := narrow.Owner(); owner != "" && owner != whose.Owner() {
		return fmt.Sprintf("Service %q is in flight with %s", service.Name, owner),
			fmt.Sprintf("It leads to one release at a time: apply this again when that has ended, or end it:\n  kubectl annotate -n %s %s %s=%s",
				service.Namespace, strings.ToLower(cmp.Or(narrow.Workload, "deployment/"+narrow.Deployment)), rollout.ActionAnnotation, rollout.ActionRollback)
	}
	return "", ""
}

// surveyStable finds the ReplicaSet that serves, which is the one with most ready
// pods, and whether it can carry all.
func (r Reader) surveyStable(ctx context.Context, old *appsv1.Deployment, s *Surroundings) error {
	var list appsv1.ReplicaSetList
	if err := r.Cache.List(ctx, &list, client.InNamespace(old.Namespace), index.OwnedBy(old.UID), client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("cannot list ReplicaSets: %w", err)
	}
	most, stable := int32(-1), (*appsv1.ReplicaSet)(nil)
	for i := range list.Items {
		rs := &list.Items[i]
		if metav1.IsControlledBy(rs, old) && (rs.Status.ReadyReplicas > most || (rs.Status.ReadyReplicas == most && rs.Annotations[rollout.RevisionAnnotation] == old.Annotations[rollout.RevisionAnnotation])) {
			most, stable, s.Stable = rs.Status.ReadyReplicas, rs, versionOf(rs)
		}
	}
	s.Between = between(list.Items, old, stable)
	switch replicas := ptr.Deref(old.Spec.Replicas, 1); {
	case most < 0:
		s.Missing = "its first rollout has not started yet"
	case most < replicas:
		s.Missing = fmt.Sprintf("an earlier rollout is unfinished: %d of %d pods of %s are ready", most, replicas, s.Stable.ReplicaSet)
	}
	return nil
}

// Revision gets a ReplicaSet's template; nil when the ReplicaSet is gone.
func (r Reader) Revision(ctx context.Context, namespace, name string) (*Revision, error) {
	if name == "" {
		return nil, nil
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot get ReplicaSet %q: %w", name, err)
	}
	var typed appsv1.ReplicaSet
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &typed); err != nil {
		return nil, fmt.Errorf("cannot read ReplicaSet %q: %w", name, err)
	}
	raw, _, err := unstructured.NestedMap(object.Object, "spec", "template")
	if err != nil {
		return nil, fmt.Errorf("cannot read ReplicaSet %q: %w", name, err)
	}
	unstructured.RemoveNestedField(raw, "metadata", "labels", "pod-template-hash")
	delete(typed.Spec.Template.Labels, "pod-template-hash")
	return &Revision{Template: typed.Spec.Template, Raw: raw, Injected: typed.Annotations[policy.InjectedAnnotation], Cause: typed.Annotations[policy.CauseAnnotation]}, nil
}

// Revisions lists the templates that a Deployment had, as the cache has them: one
// that is not there yet is only not gone back to.
func (r Reader) Revisions(ctx context.Context, d *appsv1.Deployment) []policy.Revision {
	var list appsv1.ReplicaSetList
	if r.Cache.List(ctx, &list, client.InNamespace(d.Namespace), index.OwnedBy(d.UID), client.UnsafeDisableDeepCopy) != nil {
		return nil
	}
	var out []policy.Revision
	for i := range list.Items {
		rs := &list.Items[i]
		if !metav1.IsControlledBy(rs, d) {
			continue
		}
		if template, err := packed.Template(rs); err == nil {
			injected, _ := policy.ParseInjected(rs.Annotations[policy.InjectedAnnotation]) // what cannot be read records nothing
			out = append(out, policy.Revision{Template: *template, Injected: injected})
		}
	}
	return out
}

func versionOf(rs *appsv1.ReplicaSet) rollout.Version {
	return rollout.Version{ReplicaSet: rs.Name, Hash: rs.Labels["pod-template-hash"], Revision: rs.Annotations[rollout.RevisionAnnotation]}
}

// isCanaryService tells a Service that Evenkeel owns from those of users.
func isCanaryService(s *corev1.Service) bool {
	return s.Labels[rollout.RoleLabel] == rollout.RoleCanary
}

// NamespaceLabels gives the labels by which policies select namespaces.
func (r Reader) NamespaceLabels(ctx context.Context, name string) (map[string]string, error) {
	var namespace corev1.Namespace
	if err := r.Cache.Get(ctx, client.ObjectKey{Name: name}, &namespace); err != nil {
		if apierrors.IsNotFound(err) { // younger than the cache
			return map[string]string{corev1.LabelMetadataName: name}, nil
		}
		return nil, fmt.Errorf("cannot get Namespace %q: %w", name, err)
	}
	return namespace.Labels, nil
}
