// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Routes as the command itself would write them, so that they can be compared by letter.
const (
	httpRoute = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: demo
spec:
  rules:
  - backendRefs:
    - name: demo
      port: 80
`
	grpcRoute = `apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata:
  name: demo
spec:
  rules:
  - backendRefs:
    - name: demo
      port: 80
    matches:
    - method:
        method: Version
        service: evenkeel.demo.v1.Demo
`
	ingressOf = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  ingressClassName: nginx
  rules:
  - http:
      paths:
      - backend:
          service:
            name: demo
            port:
              number: 80
        path: /
        pathType: Prefix
`
	elsewhere = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: stock
spec:
  rules:
  - backendRefs:
    - name: stock
`
)

func TestRoutePrintsWhatIsInFlight(t *testing.T) {
	code, out, stderr := called(httpRoute, "route", "-f", "-", "--service", "demo", "--weight", "20")
	require.Zero(t, code, stderr)
	assert.Equal(t, strings.NewReplacer("metadata:\n", "metadata:\n  annotations:\n    evenkeel.dev/split: '{\"shares\":[{\"deployment\":\"\",\"service\":\"demo\",\"canary\":\"demo-canary\",\"weight\":20}],\"unset\":[\"0/0\"]}'\n",
		"      port: 80\n", "      port: 80\n      weight: 80\n    - name: demo-canary\n      port: 80\n      weight: 20\n").Replace(httpRoute), out)
	code, out, stderr = called(ingressOf, "route", "-f", "-", "--service", "demo", "--match", "header:x-group=beta", "--canary", "next")
	require.Zero(t, code, stderr)
	documents := strings.Split(out, "---\n")
	require.Len(t, documents, 2)
	assert.Equal(t, strings.Replace(ingressOf, "metadata:\n", "metadata:\n  annotations:\n    evenkeel.dev/split: '{\"shares\":[{\"deployment\":\"\",\"service\":\"demo\",\"canary\":\"next\",\"weight\":0,\"match\":\"header:x-group=beta\"}]}'\n", 1), documents[0])
	assert.Equal(t, strings.NewReplacer("metadata:\n", "metadata:\n  annotations:\n    evenkeel.dev/of: ingress/web\n    nginx.ingress.kubernetes.io/canary: \"true\"\n"+
		"    nginx.ingress.kubernetes.io/canary-by-header: x-group\n    nginx.ingress.kubernetes.io/canary-by-header-value: beta\n    nginx.ingress.kubernetes.io/canary-weight: \"0\"\n",
		"name: web", "name: web-next", "name: demo", "name: next").Replace(ingressOf), documents[1])
}

// A GRPCRoute keeps its methods; the group's, beside it, has them with its header.
func TestRoutePrintsAGRPCRoute(t *testing.T) {
	code, out, stderr := called(grpcRoute, "route", "-f", "-", "--service", "demo", "--weight", "20", "--match", "header:x-group=beta")
	require.Zero(t, code, stderr)
	documents := strings.Split(out, "---\n")
	require.Len(t, documents, 2)
	assert.Equal(t, strings.NewReplacer("metadata:\n", "metadata:\n  annotations:\n    evenkeel.dev/split: '{\"shares\":[{\"deployment\":\"\",\"service\":\"demo\",\"canary\":\"demo-canary\",\"weight\":20,\"match\":\"header:x-group=beta\"}],\"unset\":[\"0/0\"]}'\n",
		"      port: 80\n", "      port: 80\n      weight: 80\n    - name: demo-canary\n      port: 80\n      weight: 20\n").Replace(grpcRoute), documents[0])
	assert.Equal(t, strings.NewReplacer("metadata:\n", "metadata:\n  annotations:\n    evenkeel.dev/of: grpcroute/demo\n", "name: demo\n", "name: demo-canary\n",
		"    - method:\n", "    - headers:\n      - name: x-group\n        type: Exact\n        value: beta\n      method:\n").Replace(grpcRoute), documents[1])
}

// What was printed is divided anew, and restored, by letter.
func TestRouteRestores(t *testing.T) {
	alb := strings.Replace(ingressOf, "ingressClassName: nginx", "ingressClassName: alb", 1)
	skipper := strings.NewReplacer("  ingressClassName: nginx\n", "", "metadata:\n", "metadata:\n  annotations:\n    kubernetes.io/ingress.class: skipper\n").Replace(ingressOf)
	for name, own := range map[string]string{
		"gateway": httpRoute, "grpc": grpcRoute, "nginx": ingressOf, "alb": alb, "skipper": skipper,
		"several": httpRoute + "---\n" + elsewhere + "---\n" + ingressOf,
	} {
		t.Run(name, func(t *testing.T) {
			_, first, _ := called(own, "route", "-f", "-", "--service", "demo", "--weight", "20")
			require.Contains(t, first, "demo-canary")
			code, second, stderr := called(first, "route", "-f", "-", "--service", "demo", "--weight", "50")
			require.Zero(t, code, stderr)
			_, straight, _ := called(own, "route", "-f", "-", "--service", "demo", "--weight", "50")
			assert.Equal(t, straight, second)
			code, back, stderr := called(second, "route", "-f", "-", "--restore")
			require.Zero(t, code, stderr)
			assert.Equal(t, own, back)
		})
	}
}

// Copies are a filter, which goes with all else.
func TestRoutePrintsAMirror(t *testing.T) {
	audited := strings.Replace(httpRoute, "      port: 80\n", "      port: 80\n    filters:\n    - requestMirror:\n        backendRef:\n          name: audit\n          port: 80\n      type: RequestMirror\n", 1)
	for name, own := range map[string]string{"no filters": httpRoute, "a mirror of its own": audited} {
		t.Run(name, func(t *testing.T) {
			code, shown, stderr := called(own, "route", "-f", "-", "--service", "demo", "--weight", "20", "--mirror", "10%")
			require.Zero(t, code, stderr)
			assert.Contains(t, shown, "    - requestMirror:\n        backendRef:\n          name: demo-canary\n          port: 80\n        percent: 10\n      type: RequestMirror\n")
			assert.Contains(t, shown, "weight: 20")
			_, without, _ := called(shown, "route", "-f", "-", "--service", "demo", "--weight", "20")
			assert.NotContains(t, without, "percent: 10")
			code, back, stderr := called(shown, "route", "-f", "-", "--restore")
			require.Zero(t, code, stderr)
			assert.Equal(t, own, back)
		})
	}
}

func TestRouteSaysWhatItCannotDo(t *testing.T) {
	for name, row := range map[string]struct {
		stdin, flags string
		code         int
		says         string
	}{
		"no file":             {"", "--service demo", 2, "name the file with -f, or - for the standard input"},
		"no Service":          {httpRoute, "-f -", 2, "name the Service to divide with --service, or give --restore"},
		"two things at once":  {httpRoute, "-f - --restore --service demo", 2, "--restore takes no --service, --weight, --match or --mirror: all that was divided is restored"},
		"no share":            {httpRoute, "-f - --service demo --mirror 10", 2, `--mirror: "10" is not a whole percent from 1% to 100%; write for example "10%"`},
		"an Ingress's mirror": {ingressOf, "-f - --service demo --mirror 10%", 1, `cannot divide Ingress "web": an Ingress has no words for a mirror to the canary of Service "demo"; an HTTPRoute has, where its GatewayClass supports HTTPRouteRequestMirror`},
		"its own canary":      {httpRoute, "-f - --service demo --canary demo", 2, `--service and --canary name the same Service "demo"`},
		"no percent":          {httpRoute, "-f - --service demo --weight 101", 2, "--weight=101 is no percent: use 0 to 100"},
		"no match":            {httpRoute, "-f - --service demo --match beta", 2, `match: "beta": a condition is header:, cookie:, query: or host: and what it has; write for example "header:x-group=beta;cookie:gray=always"`},
		"a Deployment":        {"# a comment\n---\n" + safe, "-f - --service demo", 2, "-:3: apps/v1 Deployment is no route: use HTTPRoute or GRPCRoute of gateway.networking.k8s.io/v1, or Ingress of networking.k8s.io/v1"},
		"no YAML":             {"a: [", "-f - --service demo", 2, "-:1: cannot read it: error converting YAML to JSON: yaml: line 1: did not find expected node content"},
		"no file there":       {"", "-f nothing.yaml --service demo", 2, "cannot read the routes: open nothing.yaml: no such file or directory"},
		"a Service elsewhere": {httpRoute, "-f - --service stock", 2, `no route in - leads to Service "stock"`},
		"an unknown class":    {strings.Replace(ingressOf, "nginx", "own", 1), "-f - --service demo", 2, `Ingress "web": the controller of class "own" cannot be told without a cluster; name it with --controller, for example k8s.io/ingress-nginx`},
		"a broken split":      {strings.Replace(httpRoute, "  name: demo", "  name: demo\n  annotations: {evenkeel.dev/split: '['}", 1), "-f - --restore", 2, `HTTPRoute "demo": cannot read annotation evenkeel.dev/split: unexpected end of JSON input`},
		"it cannot be said":   {ingressOf, "-f - --service demo --match query:a=1", 1, `cannot divide Ingress "web": match: "query:a=1": an nginx Ingress matches by header or cookie, not by query`},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, stderr := called(row.stdin, append([]string{"route"}, strings.Fields(row.flags)...)...)
			assert.Equal(t, row.code, code)
			assert.Equal(t, "evenkeel: "+row.says+"\n", stderr)
			assert.Empty(t, out)
		})
	}
	code, _, stderr := called(ingressOf, "route", "-f", "-", "--service", "demo", "--controller", "traefik.io/ingress-controller")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, `cannot divide Ingress "web": its controller "traefik.io/ingress-controller" is not known to divide traffic`)
}
