// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package flight

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Ref is a workload as a person names it.
type Ref struct{ Kind, Name string }

// kinds are the words for a workload, as kubectl knows them.
var kinds = map[string]string{
	"deployment": Deployment, "deployments": Deployment, "deploy": Deployment, "deployment.apps": Deployment, "deployments.apps": Deployment,
	"statefulset": StatefulSet, "statefulsets": StatefulSet, "sts": StatefulSet, "statefulset.apps": StatefulSet, "statefulsets.apps": StatefulSet,
	"daemonset": DaemonSet, "daemonsets": DaemonSet, "ds": DaemonSet, "daemonset.apps": DaemonSet, "daemonsets.apps": DaemonSet,
}

// ParseRef reads NAME, which is a Deployment, or KIND/NAME.
func ParseRef(text string) (Ref, error) {
	kind, name, split := strings.Cut(text, "/")
	if !split {
		kind, name = "deployment", text
	}
	known, ok := kinds[strings.ToLower(kind)]
	if !ok || name == "" {
		return Ref{}, fmt.Errorf("%q names no workload: write NAME for a Deployment, or deployment/NAME, statefulset/NAME, daemonset/NAME", text)
	}
	return Ref{known, name}, nil
}

// Get reads one workload.
func Get(ctx context.Context, c kubernetes.Interface, namespace string, ref Ref) (Flight, error) {
	switch ref.Kind {
	case StatefulSet:
		s, err := c.AppsV1().StatefulSets(namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return Flight{}, fmt.Errorf("cannot read the StatefulSet: %w", err)
		}
		pods, err := podsOf(ctx, c, namespace, s.Spec.Selector)
		return OfStatefulSet(s, pods), err
	case DaemonSet:
		d, err := c.AppsV1().DaemonSets(namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return Flight{}, fmt.Errorf("cannot read the DaemonSet: %w", err)
		}
		pods, err := podsOf(ctx, c, namespace, d.Spec.Selector)
		return OfDaemonSet(d, pods), err
	default:
		d, err := c.AppsV1().Deployments(namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return Flight{}, fmt.Errorf("cannot read the Deployment: %w", err)
		}
		sets, err := setsOf(ctx, c, namespace, d.Spec.Selector)
		return OfDeployment(d, sets).lookAtPods(ctx, c, d.Spec.Selector), err
	}
}

// List reads the workloads of a namespace, of all where it is empty, that are in
// flight, or ended after a time.
func List(ctx context.Context, c kubernetes.Interface, namespace string, after time.Time) ([]Flight, error) {
	deployments, err := listDeployments(ctx, c, namespace, after)
	if err != nil {
		return nil, err
	}
	batches, err := listBatches(ctx, c, namespace, after)
	if err != nil {
		return nil, err
	}
	all := append(deployments, batches...)
	slices.SortStableFunc(all, func(a, b Flight) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return all, nil
}

// matters tells whether a workload is worth a line.
func (f Flight) matters(after time.Time) bool {
	return f.Unread != "" || f.InFlight() || (f.Ended() && f.Since.After(after))
}

func listDeployments(ctx context.Context, c kubernetes.Interface, namespace string, after time.Time) ([]Flight, error) {
	list, err := c.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list Deployments: %w", err)
	}
	var out []Flight
	sets := map[string][]*appsv1.ReplicaSet{}
	for i := range list.Items {
		d := &list.Items[i]
		if d.Annotations[rollout.StateAnnotation] == "" || !OfDeployment(d, nil).matters(after) {
			continue
		}
		if _, read := sets[d.Namespace]; !read {
			if sets[d.Namespace], err = setsOf(ctx, c, d.Namespace, &metav1.LabelSelector{}); err != nil {
				return nil, err
			}
		}
		out = append(out, OfDeployment(d, sets[d.Namespace]).lookAtPods(ctx, c, d.Spec.Selector))
	}
	return out, nil
}

func listBatches(ctx context.Context, c kubernetes.Interface, namespace string, after time.Time) ([]Flight, error) {
	stateful, err := c.AppsV1().StatefulSets(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list StatefulSets: %w", err)
	}
	daemons, err := c.AppsV1().DaemonSets(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list DaemonSets: %w", err)
	}
	var out []Flight
	for i := range stateful.Items {
		s := &stateful.Items[i]
		if s.Annotations[rollout.StateAnnotation] == "" || !OfStatefulSet(s, nil).matters(after) {
			continue
		}
		pods, err := podsOf(ctx, c, s.Namespace, s.Spec.Selector)
		if err != nil {
			return nil, err
		}
		out = append(out, OfStatefulSet(s, pods))
	}
	for i := range daemons.Items {
		d := &daemons.Items[i]
		if d.Annotations[rollout.StateAnnotation] == "" || !OfDaemonSet(d, nil).matters(after) {
			continue
		}
		pods, err := podsOf(ctx, c, d.Namespace, d.Spec.Selector)
		if err != nil {
			return nil, err
		}
		out = append(out, OfDaemonSet(d, pods))
	}
	return out, nil
}

func setsOf(ctx context.Context, c kubernetes.Interface, namespace string, selector *metav1.LabelSelector) ([]*appsv1.ReplicaSet, error) {
	options, err := selected(selector)
	if err != nil {
		return nil, err
	}
	list, err := c.AppsV1().ReplicaSets(namespace).List(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("cannot list ReplicaSets: %w", err)
	}
	return pointers(list.Items), nil
}

func podsOf(ctx context.Context, c kubernetes.Interface, namespace string, selector *metav1.LabelSelector) ([]*corev1.Pod, error) {
	options, err := selected(selector)
	if err != nil {
		return nil, err
	}
	list, err := c.CoreV1().Pods(namespace).List(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("cannot list Pods: %w", err)
	}
	return pointers(list.Items), nil
}

func selected(by *metav1.LabelSelector) (metav1.ListOptions, error) {
	selector, err := metav1.LabelSelectorAsSelector(by)
	if err != nil {
		return metav1.ListOptions{}, fmt.Errorf("cannot select pods: %w", err)
	}
	return metav1.ListOptions{LabelSelector: selector.String()}, nil
}

func pointers[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}
