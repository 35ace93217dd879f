// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/evenkeel-dev/evenkeel/cmd/evenkeel/routecache"
)

// trim drops of an object, before it is cached, what nobody reads there:
//
//	all              who owns which field
//	EndpointSlices   all of an endpoint but its pod's name and UID, and whether it is ready,
//	                 and all of its ports but their names
//	Services,        the manifest that kubectl keeps, which is the whole object again
//	routes
//
// A Deployment keeps that manifest, by which the audit tells who set a field.
// What is trimmed must never be sent as a whole object: it is patched or deleted
// alone. What is left of routes and ReplicaSets is packed, by packages of their own.
func trim(in any) (any, error) {
	object, err := meta.Accessor(in)
	if err != nil { // not an object: a mark of one that is gone
		return in, nil
	}
	object.SetManagedFields(nil)
	switch kind := in.(type) {
	case *discoveryv1.EndpointSlice:
		trimEndpoints(kind)
	case *corev1.Service:
		dropManifest(object)
	case *unstructured.Unstructured: // of the trees only routes are cached
		dropManifest(object)
		routecache.Pack(kind)
	}
	return in, nil
}

func trimEndpoints(slice *discoveryv1.EndpointSlice) {
	for i := range slice.Ports { // which of the Service's ports the pods have
		slice.Ports[i] = discoveryv1.EndpointPort{Name: slice.Ports[i].Name}
	}
	for i, endpoint := range slice.Endpoints {
		kept := discoveryv1.Endpoint{Conditions: discoveryv1.EndpointConditions{Ready: endpoint.Conditions.Ready}}
		if endpoint.TargetRef != nil {
			kept.TargetRef = &corev1.ObjectReference{Name: endpoint.TargetRef.Name, UID: endpoint.TargetRef.UID}
		}
		slice.Endpoints[i] = kept
	}
}

func dropManifest(object metav1.Object) {
	annotations := object.GetAnnotations()
	if _, there := annotations[corev1.LastAppliedConfigAnnotation]; !there {
		return
	}
	kept := maps.Clone(annotations)
	delete(kept, corev1.LastAppliedConfigAnnotation)
	if len(kept) == 0 {
		kept = nil
	}
	object.SetAnnotations(kept)
}
