// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/features"

	"github.com/evenkeel-dev/evenkeel/traffic/route/ingress"
)

// gateways looks at what the GatewayClasses can do for a release. Weights are of the
// core: every one that is accepted has them.
func gateways(ctx context.Context, d *Doctor) []Finding {
	const about = "GatewayClasses"
	var list gatewayv1.GatewayClassList
	err := d.Client.List(ctx, &list)
	switch {
	case meta.IsNoMatchError(err):
		return []Finding{{Warn, about, "the cluster has no Gateway API: HTTPRoutes and GRPCRoutes cannot be divided", ""}}
	case err != nil:
		return []Finding{unread(about, err)}
	case len(list.Items) == 0:
		return []Finding{{Warn, about, "there is none: no HTTPRoute and no GRPCRoute is served", ""}}
	}
	var out []Finding
	for i := range list.Items {
		out = append(out, gatewayClass(&list.Items[i]))
	}
	return out
}

func gatewayClass(class *gatewayv1.GatewayClass) Finding {
	about := "GatewayClass " + class.Name
	if !meta.IsStatusConditionPresentAndEqual(class.Status.Conditions, string(gatewayv1.GatewayClassConditionStatusAccepted), metav1.ConditionTrue) {
		return Finding{Warn, about, fmt.Sprintf("controller %s has not accepted it", class.Spec.ControllerName), "kubectl get gatewayclass " + class.Name + " -o yaml"}
	}
	can, cannot := []string{"weights"}, []string{}
	for _, one := range []struct {
		feature features.FeatureName
		words   string
	}{
		{features.SupportHTTPRouteQueryParamMatching, "matching by query"},
		{features.SupportHTTPRouteRequestMirror, "mirror of all requests"},
		{features.SupportHTTPRouteRequestPercentageMirror, "mirror of a part"},
	} {
		listed := slices.ContainsFunc(class.Status.SupportedFeatures, func(f gatewayv1.SupportedFeature) bool { return string(f.Name) == string(one.feature) })
		if listed {
			can = append(can, one.words)
			continue
		}
		cannot = append(cannot, one.words)
	}
	says := "can: " + strings.Join(can, ", ")
	if len(cannot) > 0 {
		says += "; does not list: " + strings.Join(cannot, ", ")
	}
	return Finding{OK, about, says, ""}
}

// ingresses looks whether the controllers of the IngressClasses can be told to weigh.
func ingresses(ctx context.Context, d *Doctor) []Finding {
	const about = "IngressClasses"
	var list networkingv1.IngressClassList
	if err := d.Client.List(ctx, &list); err != nil {
		return []Finding{unread(about, err)}
	}
	var out []Finding
	for _, class := range list.Items {
		about := "IngressClass " + class.Name
		if _, err := ingress.For(class.Spec.Controller); err != nil {
			out = append(out, Finding{Warn, about, err.Error(), ""})
			continue
		}
		out = append(out, Finding{OK, about, fmt.Sprintf("controller %s can weigh", class.Spec.Controller), ""})
	}
	return out
}
