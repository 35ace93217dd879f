// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// routeKinds are the kinds of routes that the cluster has. One that comes later,
// with the Gateway API, is seen after a restart.
func routeKinds(mgr ctrl.Manager) []route.Kind {
	var out []route.Kind
	for _, kind := range route.Kinds() {
		group, err := schema.ParseGroupVersion(kind.APIVersion())
		if err == nil {
			_, err = mgr.GetRESTMapper().RESTMapping(schema.GroupKind{Group: group.Group, Kind: kind.Name()}, group.Version)
		}
		if err != nil {
			mgr.GetLogger().Info("this kind of route is not looked at until a restart", "kind", kind.Name(), "cause", err.Error())
			continue
		}
		out = append(out, kind)
	}
	return out
}
