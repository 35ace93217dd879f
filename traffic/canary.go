// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	metav1apply "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// sinceAnnotation is when a canary's Service was last made what it is.
const sinceAnnotation = "evenkeel.dev/since"

// follows tells whether a canary's Service leads to the canary's pods as the user's
// own does to stable's: what is changed there in flight is changed here. Of a user's
// Service that is gone the version alone is known.
func (w *world) follows(canary *corev1.Service, name string) bool {
	user, hash := w.services[name], w.snapshot.State.Canary.Hash
	if user == nil {
		return canary.Spec.Selector[appsv1.DefaultDeploymentUniqueLabelKey] == hash
	}
	return maps.Equal(canary.Spec.Selector, w.canarySelector(user)) && equality.Semantic.DeepEqual(portsOf(canary), portsOf(user))
}

func (w *world) canarySelector(user *corev1.Service) map[string]string {
	return route.Narrow{Deployment: w.deployment.Name, Hash: w.snapshot.State.Canary.Hash}.Selector(user.Spec.Selector)
}

// portsOf are the ports of a Service in an order of their own, since that of applied
// ones is the API server's, and without those that belong to its nodes.
func portsOf(service *corev1.Service) []corev1.ServicePort {
	ports := slices.Clone(service.Spec.Ports)
	for i := range ports {
		ports[i].NodePort = 0
	}
	slices.SortFunc(ports, func(a, b corev1.ServicePort) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Protocol, b.Protocol))
	})
	return ports
}

// madeAt is when a canary's Service was made, or last changed by us.
func madeAt(service *corev1.Service) time.Time {
	made := service.CreationTimestamp.Time
	if since, err := time.Parse(time.RFC3339Nano, service.Annotations[sinceAnnotation]); err == nil && since.After(made) {
		return since
	}
	return made
}

// applyCanaryService makes the Service that leads to the canary's pods: the
// user's ports, the user's own selector, narrowed to the canary.
func (r *Reconciler) applyCanaryService(ctx context.Context, w *world, seen rollout.Service) error {
	user := w.services[seen.Name]
	if user == nil {
		return nil
	}
	d := w.deployment
	service := corev1apply.Service(user.Name+route.CanarySuffix, user.Namespace).
		WithLabels(map[string]string{rollout.RoleLabel: rollout.RoleCanary, "app.kubernetes.io/managed-by": "evenkeel"}).
		WithAnnotations(map[string]string{sinceAnnotation: r.now().UTC().Format(time.RFC3339Nano)}).
		WithOwnerReferences(metav1apply.OwnerReference().WithAPIVersion("apps/v1").WithKind("Deployment").
			WithName(d.Name).WithUID(d.UID).WithController(true).WithBlockOwnerDeletion(false)).
		WithSpec(corev1apply.ServiceSpec().WithPorts(portsToApply(user)...).WithSelector(w.canarySelector(user)))
	if err := r.client.Apply(ctx, service, fieldManager, client.ForceOwnership); err != nil {
		return fmt.Errorf("cannot apply Service %q: %w", *service.Name, err)
	}
	return nil
}

func portsToApply(user *corev1.Service) []*corev1apply.ServicePortApplyConfiguration {
	var ports []*corev1apply.ServicePortApplyConfiguration
	for _, port := range user.Spec.Ports {
		p := corev1apply.ServicePort().WithName(port.Name).WithPort(port.Port).WithTargetPort(port.TargetPort).WithProtocol(port.Protocol)
		if port.AppProtocol != nil {
			p = p.WithAppProtocol(*port.AppProtocol)
		}
		ports = append(ports, p)
	}
	return ports
}

func (r *Reconciler) deleteCanaryService(ctx context.Context, w *world, name string) error {
	service := w.services[name]
	if service == nil {
		return nil
	}
	precondition := client.Preconditions{UID: &service.UID}
	if err := client.IgnoreNotFound(r.client.Delete(ctx, service, precondition)); err != nil {
		return fmt.Errorf("cannot delete Service %q: %w", name, err)
	}
	return nil
}
