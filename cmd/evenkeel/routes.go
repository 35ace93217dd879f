// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// routeKinds are the kinds of routes that a manager looks at. One that comes
// later, with the Gateway API, is seen after a restart.
func routeKinds(mgr ctrl.Manager) []route.Kind {
	return kindsOf(mgr.GetRESTMapper(), func(kind, why string) {
		mgr.GetLogger().Info("this kind of route is not looked at until a restart", "kind", kind, "cause", why)
	})
}

// kindsOf are the kinds of routes that a cluster has; lacks is told of the others.
func kindsOf(mapper meta.RESTMapper, lacks func(kind, why string)) []route.Kind {
	out := []route.Kind{}
	for _, kind := range route.Kinds() {
		group, err := schema.ParseGroupVersion(kind.APIVersion())
		if err == nil {
			_, err = mapper.RESTMapping(schema.GroupKind{Group: group.Group, Kind: kind.Name()}, group.Version)
		}
		if err != nil {
			lacks(kind.Name(), err.Error())
			continue
		}
		out = append(out, kind)
	}
	return out
}
