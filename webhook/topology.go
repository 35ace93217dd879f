// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

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

// topology reads the neighbours of a Deployment.
type topology struct {
	cache client.Reader // informers
	near  client.Reader // informers of what only checks look at
	live  client.Reader // the API server; one GET a review at most
	// filled tells whether the cache of a kind of neighbours is filled; nil: all are.
	filled  func(policy.Kind) bool
	unasked []policy.Kind
	// kinds are the kinds of routes that the cluster has.
	kinds []route.Kind
}

// surroundings is what a canary needs around its Deployment.
type surroundings struct {
	services, backends []string
	routes             []route.Ref
	stable             rollout.Version
	// undivided says which routes keep all their traffic on stable, and why.
	undivided []string
	// told is what else a person should know about a release that starts.
	told []string
	// refused says why what is there cannot be divided, and what mends it; empty
	// when it can, or when there is nothing to divide.
	refused string
	// missing says why there can be no two versions; empty when there can.
	missing string
	// between names what an earlier rollout left, see there.
	between string
}

// revision is a template that there was, typed to compare and raw to render.
type revision struct {
	template corev1.PodTemplateSpec
	raw      any
	injected string
	cause    string
}

// services lists the Services that select the pods of a template.
func (t topology) services(ctx context.Context, namespace string, podLabels map[string]string) ([]corev1.Service, error) {
	var list corev1.ServiceList
	return listed(ctx, t.cache, namespace, &list, func() []corev1.Service { return list.Items },
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

// survey finds what a release of a Deployment needs. old is the live object.
func (t topology) survey(ctx context.Context, old *appsv1.Deployment, asked wish) (surroundings, error) {
	var s surroundings
	if divides(asked.rollout.Strategy) {
		if err := t.surveyTraffic(ctx, old, asked, &s); err != nil {
			return s, err
		}
	}
	return s, t.surveyStable(ctx, old, &s)
}

// surveyTraffic finds the Services and routes that lead to the pods.
func (t topology) surveyTraffic(ctx context.Context, old *appsv1.Deployment, asked wish, s *surroundings) error {
	services, err := t.services(ctx, old.Namespace, asked.template.Labels)
	if err != nil || len(services) == 0 {
		return err
	}
	for i := range services {
		s.services = append(s.services, services[i].Name)
		if why, fix := unusable(&services[i], route.Narrow{Deployment: old.Name}); s.refused == "" && why != "" {
			s.refused = why + ". " + fix
		}
	}
	if err := t.surveyRoutes(ctx, old, asked, s); err != nil || len(s.backends) == 0 || asked.back {
		return err
	}
	refused, told := ports(services, &old.Spec.Template.Spec, &asked.template.Spec)
	s.refused, s.told = cmp.Or(s.refused, refused, asked.hosts), told
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
func (t topology) surveyStable(ctx context.Context, old *appsv1.Deployment, s *surroundings) error {
	var list appsv1.ReplicaSetList
	if err := t.cache.List(ctx, &list, client.InNamespace(old.Namespace), index.OwnedBy(old.UID), client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("cannot list ReplicaSets: %w", err)
	}
	most, stable := int32(-1), (*appsv1.ReplicaSet)(nil)
	for i := range list.Items {
		rs := &list.Items[i]
		if metav1.IsControlledBy(rs, old) && (rs.Status.ReadyReplicas > most || (rs.Status.ReadyReplicas == most && rs.Annotations[rollout.RevisionAnnotation] == old.Annotations[rollout.RevisionAnnotation])) {
			most, stable, s.stable = rs.Status.ReadyReplicas, rs, versionOf(rs)
		}
	}
	s.between = between(list.Items, old, stable)
	switch replicas := ptr.Deref(old.Spec.Replicas, 1); {
	case most < 0:
		s.missing = "its first rollout has not started yet"
	case most < replicas:
		s.missing = fmt.Sprintf("an earlier rollout is unfinished: %d of %d pods of %s are ready", most, replicas, s.stable.ReplicaSet)
	}
	return nil
}

// revision gets a ReplicaSet's template; nil when the ReplicaSet is gone.
func (t topology) revision(ctx context.Context, namespace, name string) (*revision, error) {
	if name == "" {
		return nil, nil
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))
	err := t.live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
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
	return &revision{template: typed.Spec.Template, raw: raw, injected: typed.Annotations[policy.InjectedAnnotation], cause: typed.Annotations[policy.CauseAnnotation]}, nil
}

// revisions lists the templates that a Deployment had, as the cache has them: one
// that is not there yet is only not gone back to.
func (t topology) revisions(ctx context.Context, d *appsv1.Deployment) []policy.Revision {
	var list appsv1.ReplicaSetList
	if t.cache.List(ctx, &list, client.InNamespace(d.Namespace), index.OwnedBy(d.UID), client.UnsafeDisableDeepCopy) != nil {
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

func quoted(kind string, names []string) string {
	text := kind
	for i, name := range names {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %q", name)
	}
	return text
}

// namespaceLabels gives the labels by which policies select namespaces.
func (t topology) namespaceLabels(ctx context.Context, name string) (map[string]string, error) {
	var namespace corev1.Namespace
	if err := t.cache.Get(ctx, client.ObjectKey{Name: name}, &namespace); err != nil {
		if apierrors.IsNotFound(err) { // younger than the cache
			return map[string]string{corev1.LabelMetadataName: name}, nil
		}
		return nil, fmt.Errorf("cannot get Namespace %q: %w", name, err)
	}
	return namespace.Labels, nil
}
