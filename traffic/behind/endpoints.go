// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package behind

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/index"
)

// Reader reads what is behind Services.
type Reader struct {
	Cache client.Reader // informers
	Live  client.Reader // the API server, for a Pod of a long name that the cache does not show yet
}

// Pods are the ready pods of a Service, by name.
type Pods struct {
	// Ready have every port that is asked for.
	Ready map[string]types.UID
	// deaf lack the port that is named.
	deaf map[string]string
}

// Of reads which ready pods a Service leads to, and tells apart those that
// lack one of some ports: a targetPort that no container of a pod has. Such pods
// are in a slice of their own, as ready as any, and the data plane has no way there.
func (r Reader) Of(ctx context.Context, service client.ObjectKey, ports []corev1.ServicePort) (Pods, error) {
	out := Pods{Ready: map[string]types.UID{}, deaf: map[string]string{}}
	var list discoveryv1.EndpointSliceList
	of := client.MatchingLabels{discoveryv1.LabelServiceName: service.Name}
	if err := r.Cache.List(ctx, &list, client.InNamespace(service.Namespace), index.Behind(service.Name), of, client.UnsafeDisableDeepCopy); err != nil {
		return out, fmt.Errorf("cannot list EndpointSlices: %w", err)
	}
	for i := range list.Items {
		slice := &list.Items[i]
		lacks := lacking(ports, slice)
		for _, endpoint := range slice.Endpoints {
			switch {
			case endpoint.TargetRef == nil || !ptr.Deref(endpoint.Conditions.Ready, false):
			case lacks != "":
				out.deaf[endpoint.TargetRef.Name] = lacks
			default:
				out.Ready[endpoint.TargetRef.Name] = endpoint.TargetRef.UID // one pod stands in a slice for each address family
			}
		}
	}
	for pod := range out.Ready { // it was in another slice before the Service was changed
		delete(out.deaf, pod)
	}
	return out, nil
}

// lacking names the first of a Service's ports that the pods of a slice do not have.
func lacking(ports []corev1.ServicePort, slice *discoveryv1.EndpointSlice) string {
	for _, port := range ports {
		same := func(p discoveryv1.EndpointPort) bool { return ptr.Deref(p.Name, "") == port.Name }
		switch {
		case slices.ContainsFunc(slice.Ports, same):
		case port.Name == "":
			return strconv.Itoa(int(port.Port))
		default:
			return port.Name
		}
	}
	return ""
}

// Lacks is the first port that pods lack; empty where all have all.
func (p Pods) Lacks() string {
	first := ""
	for _, port := range p.deaf {
		if first == "" || port < first {
			first = port
		}
	}
	return first
}

// ByReplicaSet counts ready pods of a namespace by their ReplicaSets. Those that are
// gone by now are not counted.
func (r Reader) ByReplicaSet(ctx context.Context, namespace string, ready map[string]types.UID) (map[string]int32, error) {
	counts := map[string]int32{}
	for pod := range ready {
		rs, err := r.replicaSetOf(ctx, types.NamespacedName{Namespace: namespace, Name: pod})
		if err != nil {
			return nil, err
		}
		if rs != "" {
			counts[rs]++
		}
	}
	return counts, nil
}
