// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// A route is accepted when each parent that it has now has taken this generation.
func TestARouteIsAccepted(t *testing.T) {
	says := func(parent string, generation int, accepted string) string {
		return fmt.Sprintf("{parentRef: {%s}, conditions: [{type: Accepted, status: %q, observedGeneration: %d}, {type: ResolvedRefs, status: %q, observedGeneration: %[3]d}]}",
			parent, accepted, generation, "True")
	}
	const gateway = "name: gateway"
	for name, row := range map[string]struct {
		spec   string
		status []string
		want   bool
	}{
		"nobody has said anything":              {"{name: gateway}", nil, false},
		"it has no parent":                      {"", []string{says(gateway, 7, "True")}, false},
		"by its parent":                         {"{name: gateway}", []string{says(gateway, 7, "True")}, true},
		"with the defaults":                     {"{name: gateway}", []string{says("group: gateway.networking.k8s.io, kind: Gateway, namespace: shop, name: gateway", 7, "True")}, true},
		"an old generation":                     {"{name: gateway}", []string{says(gateway, 6, "True")}, false},
		"refused":                               {"{name: gateway}", []string{says(gateway, 7, "False")}, false},
		"one of two parents":                    {"{name: gateway}, {name: edge}", []string{says(gateway, 7, "True")}, false},
		"two parents":                           {"{name: gateway}, {name: edge}", []string{says(gateway, 7, "True"), says("name: edge", 7, "True")}, true},
		"one says no":                           {"{name: gateway}, {name: edge}", []string{says(gateway, 7, "True"), says("name: edge", 7, "False")}, false},
		"a parent that it has left":             {"{name: gateway}", []string{says("name: edge", 3, "True"), says(gateway, 7, "True")}, true},
		"of another namespace":                  {"{name: gateway}", []string{says("name: gateway, namespace: edge", 7, "True")}, false},
		"a controller that is gone":             {"{name: gateway}", []string{says(gateway, 3, "True"), says(gateway, 7, "True")}, true},
		"two controllers, of which one says no": {"{name: gateway}", []string{says(gateway, 7, "True"), says(gateway, 7, "False")}, false},
		"another listener":                      {"{name: gateway, sectionName: http}", []string{says(gateway+", sectionName: https", 7, "True")}, false},
		"its listener":                          {"{name: gateway, sectionName: http, port: 80}", []string{says(gateway+", sectionName: http, port: 80", 7, "True")}, true},
		"its listener, left out":                {"{name: gateway, sectionName: http}", []string{says(gateway, 7, "True")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			text := fmt.Sprintf("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: demo, namespace: shop, generation: 7}\nspec: {parentRefs: [%s]}\nstatus: {parents: [%s]}\n",
				row.spec, strings.Join(row.status, ", "))
			data, err := yaml.ToJSON([]byte(text))
			require.NoError(t, err)
			var object unstructured.Unstructured
			require.NoError(t, object.UnmarshalJSON(data))
			assert.Equal(t, row.want, Accepted(object.Object))
		})
	}
}
