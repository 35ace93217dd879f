// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// Scheme knows the kinds of Kubernetes and of the Gateway API.
func Scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(gatewayv1.Install(s))
	return s
}

// RouteKinds are the kinds of routes that a cluster has.
func RouteKinds(mapper meta.RESTMapper) ([]route.Kind, error) {
	out := []route.Kind{}
	for _, kind := range route.Kinds() {
		group, err := schema.ParseGroupVersion(kind.APIVersion())
		if err == nil {
			_, err = mapper.RESTMapping(schema.GroupKind{Group: group.Group, Kind: kind.Name()}, group.Version)
		}
		switch {
		case err == nil:
			out = append(out, kind)
		case !meta.IsNoMatchError(err): // unknown is not absent: its routes would be left as they are
			return nil, fmt.Errorf("cannot tell whether the cluster has %ss: %w", kind.Name(), err)
		}
	}
	return out, nil
}
