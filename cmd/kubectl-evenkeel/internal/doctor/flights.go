// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// held marks what a rollout holds.
var held = client.MatchingLabels{rollout.InFlightLabel: "true"}

// aloft is what is in flight: the namespaces in which workloads are, and which.
type aloft struct {
	namespaces map[string]bool
	owners     map[types.UID]bool
	count      int
}

// flights looks whether something is held that no rollout holds any more.
func flights(ctx context.Context, d *Doctor) []Finding {
	const about = "in flight"
	up, out, err := workloads(ctx, d)
	if err != nil {
		return []Finding{unread(about, err)}
	}
	for _, list := range []client.ObjectList{&corev1.ServiceList{}, &networkingv1.IngressList{}, &gatewayv1.HTTPRouteList{}, &gatewayv1.GRPCRouteList{}} {
		err := d.Client.List(ctx, list, held)
		if meta.IsNoMatchError(err) {
			continue
		}
		if err != nil {
			out = append(out, unread(about, err))
			continue
		}
		out = append(out, up.strays(list)...)
	}
	if len(out) == 0 {
		out = append(out, Finding{OK, about, fmt.Sprintf("%d rollouts, and nothing is held without one", up.count), ""})
	}
	return out
}

// workloads reads what is in flight, and finds the label where nothing is.
func workloads(ctx context.Context, d *Doctor) (aloft, []Finding, error) {
	up := aloft{namespaces: map[string]bool{}, owners: map[types.UID]bool{}}
	var out []Finding
	var deployments appsv1.DeploymentList
	var stateful appsv1.StatefulSetList
	var daemons appsv1.DaemonSetList
	for _, list := range []client.ObjectList{&deployments, &stateful, &daemons} {
		if err := d.Client.List(ctx, list, held); err != nil {
			return up, nil, err
		}
	}
	see := func(f flight.Flight, uid types.UID) {
		switch {
		case f.Unread != "":
			out = append(out, Finding{Fail, "in flight", fmt.Sprintf("%s %s/%s: %s", f.Kind, f.Namespace, f.Name, f.Unread), fmt.Sprintf("kubectl evenkeel rollback %s -n %s    # docs/runbook.md: a frozen rollout", f.Ref(), f.Namespace)})
		case !f.InFlight():
			out = append(out, Finding{Warn, "in flight", fmt.Sprintf("%s %s/%s has label %s and no rollout", f.Kind, f.Namespace, f.Name, rollout.InFlightLabel), fmt.Sprintf("kubectl -n %s label %s %s-", f.Namespace, f.Ref(), rollout.InFlightLabel)})
			return
		}
		up.namespaces[f.Namespace], up.owners[uid] = true, true
		up.count++
	}
	for i := range deployments.Items {
		see(flight.OfDeployment(&deployments.Items[i], nil), deployments.Items[i].UID)
	}
	for i := range stateful.Items {
		see(flight.OfStatefulSet(&stateful.Items[i], nil), stateful.Items[i].UID)
	}
	for i := range daemons.Items {
		see(flight.OfDaemonSet(&daemons.Items[i], nil), daemons.Items[i].UID)
	}
	return up, out, nil
}

// strays are objects with the label whose owner is not in flight, or, where they
// have none, in whose namespace nothing is.
func (up aloft) strays(list client.ObjectList) []Finding {
	var out []Finding
	items, err := meta.ExtractList(list)
	if err != nil {
		return []Finding{unread("in flight", err)}
	}
	for _, item := range items {
		object := item.(client.Object)
		owner := metav1.GetControllerOf(object)
		if (owner != nil && up.owners[owner.UID]) || (owner == nil && up.namespaces[object.GetNamespace()]) {
			continue
		}
		what := fmt.Sprintf("%T %s/%s", object, object.GetNamespace(), object.GetName())
		out = append(out, Finding{
			Fail, "in flight", what[len("*v1."):] + " is held, and no rollout holds it: its owner is gone or not in flight",
			fmt.Sprintf("kubectl -n %s get events    # the manager gives it back; where it does not: docs/runbook.md, going back by hand", object.GetNamespace()),
		})
	}
	return out
}
