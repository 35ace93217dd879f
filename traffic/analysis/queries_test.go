// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// asked is a question about shop/demo, a minute after its weight was accepted.
func asked(builtIn string) Question {
	return Question{
		Spec:      Spec{Prometheus: &Prometheus{BuiltIn: builtIn, Quantile: 0.99, Window: time.Hour}},
		Namespace: "shop", Deployment: "demo", Since: time.Unix(0, 0), At: time.Unix(60, 0),
		State: rollout.State{
			Backends: []string{"demo"}, Stable: rollout.Version{ReplicaSet: "demo-1", Hash: "1"}, Canary: rollout.Version{ReplicaSet: "demo-2", Hash: "2"},
		},
	}
}

var around = map[Version][]string{Canary: {"10.0.0.7", "fd00::7"}, Stable: {"10.0.0.8"}}

func TestTheBuiltInQueries(t *testing.T) {
	for controller, row := range map[string]struct {
		// canary and stable find the requests, failed the canary's that failed, and
		// latency is empty where there is none.
		canary, failed, stable []string
		latency, untimed       string
	}{
		"traefik.io/gateway-controller": {
			canary: []string{
				`traefik_service_requests_total{exported_service=~".+-svc-shop-(demo-canary)-[0-9]+@kubernetesgateway"}`,
				`traefik_service_requests_total{service=~".+-svc-shop-(demo-canary)-[0-9]+@kubernetesgateway",exported_service=""}`,
			},
			failed: []string{
				`traefik_service_requests_total{exported_service=~".+-svc-shop-(demo-canary)-[0-9]+@kubernetesgateway",code=~"5.."}`,
				`traefik_service_requests_total{service=~".+-svc-shop-(demo-canary)-[0-9]+@kubernetesgateway",exported_service="",code=~"5.."}`,
			},
			stable: []string{
				`traefik_service_requests_total{exported_service=~".+-svc-shop-(demo)-[0-9]+@kubernetesgateway"}`,
				`traefik_service_requests_total{service=~".+-svc-shop-(demo)-[0-9]+@kubernetesgateway",exported_service=""}`,
			},
			latency: `histogram_quantile(0.99, sum by (le) ((increase(traefik_service_request_duration_seconds_bucket{exported_service=~".+-svc-shop-(demo-canary)-[0-9]+@kubernetesgateway"}[60s]) or increase(traefik_service_request_duration_seconds_bucket{service=~".+-svc-shop-(demo-canary)-[0-9]+@kubernetesgateway",exported_service=""}[60s]))))`,
		},
		"istio.io/gateway-controller": {
			canary:  []string{`istio_requests_total{reporter="source",destination_service_namespace="shop",destination_service_name=~"demo-canary"}`},
			failed:  []string{`istio_requests_total{reporter="source",destination_service_namespace="shop",destination_service_name=~"demo-canary",response_code=~"5.."}`},
			stable:  []string{`istio_requests_total{reporter="source",destination_service_namespace="shop",destination_service_name=~"demo"}`},
			latency: `histogram_quantile(0.99, sum by (le) (increase(istio_request_duration_milliseconds_bucket{reporter="source",destination_service_namespace="shop",destination_service_name=~"demo-canary"}[60s]))) / 1000`,
		},
		"k8s.io/ingress-nginx": {
			canary: []string{
				`nginx_ingress_controller_requests{exported_namespace="shop",canary=~"shop-(demo-canary)-(80|http)"}`,
				`nginx_ingress_controller_requests{namespace="shop",exported_namespace="",canary=~"shop-(demo-canary)-(80|http)"}`,
			},
			failed: []string{
				`nginx_ingress_controller_requests{exported_namespace="shop",canary=~"shop-(demo-canary)-(80|http)",status=~"5.."}`,
				`nginx_ingress_controller_requests{namespace="shop",exported_namespace="",canary=~"shop-(demo-canary)-(80|http)",status=~"5.."}`,
			},
			stable: []string{
				`nginx_ingress_controller_requests{exported_namespace="shop",exported_service=~"demo",canary=""}`,
				`nginx_ingress_controller_requests{exported_namespace="shop",service=~"demo",exported_service="",canary=""}`,
				`nginx_ingress_controller_requests{namespace="shop",exported_namespace="",exported_service=~"demo",canary=""}`,
				`nginx_ingress_controller_requests{namespace="shop",exported_namespace="",service=~"demo",exported_service="",canary=""}`,
			},
			latency: `histogram_quantile(0.99, sum by (le) ((increase(nginx_ingress_controller_request_duration_seconds_bucket{exported_namespace="shop",canary=~"shop-(demo-canary)-(80|http)"}[60s]) or increase(nginx_ingress_controller_request_duration_seconds_bucket{namespace="shop",exported_namespace="",canary=~"shop-(demo-canary)-(80|http)"}[60s]))))`,
		},
		"gateway.envoyproxy.io/gatewayclass-controller": {
			canary:  []string{`envoy_cluster_endpoint_rq_total{envoy_endpoint_address=~"\\[?(10\\.0\\.0\\.7|fd00::7)\\]?:[0-9]+"}`},
			failed:  []string{`envoy_cluster_endpoint_rq_error{envoy_endpoint_address=~"\\[?(10\\.0\\.0\\.7|fd00::7)\\]?:[0-9]+"}`},
			stable:  []string{`envoy_cluster_endpoint_rq_total{envoy_endpoint_address=~"\\[?(10\\.0\\.0\\.8)\\]?:[0-9]+"}`},
			untimed: "Envoy Gateway does not tell how long the requests of a Service take (envoy_cluster_upstream_rq_time takes all backends of a rule for one, and by endpoint there are counters alone): give the analysis a query of its own",
		},
		"gateway.nginx.org/nginx-gateway-controller": {
			canary:  []string{`nginx_http_upstream_peer_responses_total{nginx_upstream_name=~"shop_(demo-canary)_[0-9]+(_.+)?"}`},
			failed:  []string{`nginx_http_upstream_peer_responses_total{nginx_upstream_name=~"shop_(demo-canary)_[0-9]+(_.+)?",nginx_status_range="5xx"}`},
			stable:  []string{`nginx_http_upstream_peer_responses_total{nginx_upstream_name=~"shop_(demo)_[0-9]+(_.+)?"}`},
			untimed: "NGINX Gateway Fabric does not tell how long the requests of a Service take (nginx_http_upstream_peer_response_time_milliseconds is a mean of the latest requests, of which there is no quantile): give the analysis a query of its own",
		},
	} {
		t.Run(controller, func(t *testing.T) {
			here := Around{Controller: controller, Addresses: around, Ports: []string{"80", "http"}}
			value, samples, err := BuiltInFor(asked(SuccessRate), Canary, here)
			require.NoError(t, err)
			assert.Equal(t, "100 * (1 - ("+counted(row.failed, row.canary, "60s")+" or vector(0)) / "+counted(row.canary, row.canary, "60s")+")", value)
			assert.Equal(t, counted(row.canary, row.canary, "60s"), samples)
			assert.Less(t, len(value), 8<<10)
			_, samples, err = BuiltInFor(asked(SuccessRate), Stable, here)
			require.NoError(t, err)
			assert.Equal(t, counted(row.stable, row.stable, "60s"), samples)
			value, _, err = BuiltInFor(asked(Latency), Canary, here)
			if row.latency == "" {
				require.EqualError(t, err, row.untimed)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, row.latency, value)
		})
	}
	_, _, err := BuiltInFor(asked(SuccessRate), Canary, Around{Controller: "example.com/other"})
	require.EqualError(t, err, `no built-in query is known for the controller "example.com/other": give the analysis a query of its own`)
	_, _, err = BuiltInFor(asked(SuccessRate), Canary, Around{Controller: "gateway.envoyproxy.io/gatewayclass-controller"})
	require.EqualError(t, err, "no pod of the canary is ready, by whose address requests are counted")
	_, _, err = BuiltInFor(asked("errors"), Canary, Around{Controller: "k8s.io/ingress-nginx"})
	require.EqualError(t, err, `"errors" is not a built-in query`)
}

func TestACountsText(t *testing.T) {
	assert.Equal(t, `sum(increase(a{}[60s]) or label_replace(min_over_time(a{}[60s]) unless (last_over_time(a{}[5m] offset 60s) <= min_over_time(a{}[60s])) `+
		`unless resets(a{}[60s]) > 0 unless on (instance) (count_over_time(b{}[60s]) == 1 and last_over_time(b{}[5m] offset 60s)), "born", "here", "", ""))`,
		counted([]string{"a{}"}, []string{"b{}"}, "60s"))
}

func TestFill(t *testing.T) {
	q := asked("")
	for version, want := range map[Version]string{
		Canary: "shop demo demo demo-canary demo-canary demo-2 2 60s", Stable: "shop demo demo demo-canary demo demo-1 1 60s",
	} {
		got, err := Fill("{{ .Namespace }} {{ .Deployment }} {{ .StableService }} {{ .CanaryService }} {{ .Service }} {{ .ReplicaSet }} {{ .PodHash }} {{ .Window }}", q.Vars(version))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	q.State.Backends = nil
	assert.Empty(t, q.Vars(Canary).Service, "pods alone have no Services")
	for text, says := range map[string]string{
		"{{ .Nmespace }}": "it cannot be filled in", "{{ .Namespace": "it is not a template", `{{ printf "%20000s" .Namespace }}`: `it is not a template: function "printf" is not known here`,
	} {
		_, err := Fill(text, Example(q.Spec, Canary))
		require.ErrorContains(t, err, says)
	}
	assert.NotEqual(t, Example(q.Spec, Canary), Example(q.Spec, Stable))
}
