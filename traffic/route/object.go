// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Of gives the rules of a typed route, to look at. What is written is never made
// of them: a typed object has lost the fields that this program does not know.
func Of(object *gatewayv1.HTTPRoute) (Rules, error) {
	plain, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("cannot read HTTPRoute %q: %w", object.Name, err)
	}
	rules, _, err := unstructured.NestedSlice(plain, "spec", "rules")
	if err != nil {
		return nil, fmt.Errorf("cannot read HTTPRoute %q: %w", object.Name, err)
	}
	return rules, nil
}
