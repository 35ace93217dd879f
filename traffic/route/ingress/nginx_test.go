// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

func TestWhatNginxCannotSay(t *testing.T) {
	for name, row := range map[string]struct{ annotations, spec, match, says string }{
		"two headers":      {match: "header:a=1;header:b=2", says: `match: "header:b=2": an nginx Ingress matches by one header, and another is asked for already`},
		"and":              {match: "header:a=1&cookie:b=always", says: `match: "header:a=1&cookie:b=always": an nginx Ingress cannot join conditions by "&"`},
		"a query":          {match: "query:a=1", says: `match: "query:a=1": an nginx Ingress matches by header or cookie, not by query`},
		"a cookie's value": {match: "cookie:gray=1", says: `match: "cookie:gray=1": an nginx Ingress matches a cookie by the value "always" alone; write "cookie:gray=always"`},
		"sessions": {annotations: "{nginx.ingress.kubernetes.io/affinity: cookie}", match: "header:a=1",
			says: `match: "header:a=1": the Ingress keeps sessions by cookie (nginx.ingress.kubernetes.io/affinity), which beats a canary's header; add nginx.ingress.kubernetes.io/affinity-canary-behavior: legacy`},
		"a canary": {annotations: `{nginx.ingress.kubernetes.io/canary: "true"}`, says: "it is a canary of another Ingress itself, by annotation nginx.ingress.kubernetes.io/canary"},
		"no paths": {spec: "{defaultBackend: {service: {name: demo, port: {number: 80}}}}",
			says: `its defaultBackend leads to Service "demo", and a canary divides paths alone; write a rule with path "/" instead`},
	} {
		t.Run(name, func(t *testing.T) {
			if row.spec == "" {
				row.spec = "{rules: [{http: {paths: [{path: /, backend: {service: {name: demo}}}]}}]}"
			}
			if row.annotations == "" {
				row.annotations = "{}"
			}
			var own route.Object
			require.NoError(t, yaml.Unmarshal([]byte("metadata: {name: web, annotations: "+row.annotations+"}\nspec: "+row.spec), &own))
			_, err := nginx{}.Render(own, route.Split{Shares: []route.Share{{Service: "demo", Canary: "demo-canary", Weight: 20, Match: row.match}}})
			assert.EqualError(t, err, row.says)
		})
	}
}

func TestFor(t *testing.T) {
	for _, controller := range Controllers() {
		got, err := For(controller)
		require.NoError(t, err)
		assert.NotNil(t, got)
	}
	_, err := For("traefik.io/ingress-controller")
	require.ErrorContains(t, err, `its controller "traefik.io/ingress-controller" is not known to divide traffic; those that are: k8s.io/ingress-nginx, `)
	_, err = For("")
	require.ErrorContains(t, err, "it has no class")
	assert.Equal(t, "k8s.io/ingress-nginx", Usual("nginx"))
	assert.Empty(t, Usual("unheard-of"))
}
