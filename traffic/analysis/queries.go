// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// Around is what a built-in query has to know of the cluster.
type Around struct {
	// Controller is that of the GatewayClass, or IngressClass, that the routes have.
	Controller string
	// Addresses are those of each version's pods, and of its Services, which a
	// gateway may send to instead.
	Addresses map[Version][]string
	// Ports are those of the Services, as Ingresses write them: a number or a name.
	// Without any, each may be.
	Ports []string
}

// plane is a data plane: where it counts requests, and how it names the Services.
type plane struct {
	name string
	// controller is the name of its classes' controller.
	controller string
	// requests counts requests; failures counts those with the answer 5xx, where
	// failed does not select them in requests.
	requests, failures string
	failed             matcher
	// durations is its histogram of times, and perSecond how many of its units a
	// second has; untimed says why it has none.
	durations string
	perSecond string
	untimed   string
	// labels selects a version's requests.
	labels func(q Question, v Version, around Around) []matcher
	// needs says what has to be switched on.
	needs string
}

// planes are the data planes that the built-in queries know.
var planes = []plane{
	{
		name: "Traefik", controller: "traefik.io/gateway-controller", requests: "traefik_service_requests_total", failed: matcher{"code", `=~"5.."`},
		durations: "traefik_service_request_duration_seconds", labels: traefikLabels, needs: "`metrics.prometheus` with `addServicesLabels`, which is its default",
	},
	{
		name: "Istio", controller: "istio.io/gateway-controller", requests: "istio_requests_total", failed: matcher{"response_code", `=~"5.."`},
		durations: "istio_request_duration_milliseconds", perSecond: "1000", labels: istioLabels, needs: "its standard metrics, as the gateway reports them",
	},
	{
		name: "ingress-nginx", controller: "k8s.io/ingress-nginx", requests: "nginx_ingress_controller_requests", failed: matcher{"status", `=~"5.."`},
		durations: "nginx_ingress_controller_request_duration_seconds", labels: ingressNginxLabels, needs: "`controller.metrics.enabled`",
	},
	{
		name: "Envoy Gateway", controller: "gateway.envoyproxy.io/gatewayclass-controller", requests: "envoy_cluster_endpoint_rq_total",
		failures: "envoy_cluster_endpoint_rq_error", labels: envoyLabels,
		untimed: "envoy_cluster_upstream_rq_time takes all backends of a rule for one, and by endpoint there are counters alone",
		needs:   "`telemetry.metrics.enablePerEndpointStats: true` in its EnvoyProxy: otherwise it counts all backends of a rule as one",
	},
	{
		name: "NGINX Gateway Fabric", controller: "gateway.nginx.org/nginx-gateway-controller", requests: "nginx_http_upstream_peer_responses_total",
		failed: matcher{"nginx_status_range", `="5xx"`}, labels: fabricLabels,
		untimed: "nginx_http_upstream_peer_response_time_milliseconds is a mean of the latest requests, of which there is no quantile",
		needs:   "NGINX Plus: the open source NGINX counts no requests by Service",
	},
}

// BuiltInFor gives the value's query and the one that counts what it is made of,
// for one version, in the words of the data plane that serves the routes.
func BuiltInFor(q Question, v Version, around Around) (value, samples string, err error) {
	at := slices.IndexFunc(planes, func(p plane) bool { return p.controller == around.Controller })
	if at < 0 {
		return "", "", fmt.Errorf("no built-in query is known for the controller %q: give the analysis a query of its own", around.Controller)
	}
	p := planes[at]
	labels := p.labels(q, v, around)
	if len(labels) == 0 {
		return "", "", errors.New("no pod of " + v.words() + " is ready, by whose address requests are counted")
	}
	window := promDuration(q.window())
	switch q.Spec.Prometheus.BuiltIn {
	case SuccessRate:
		value, samples = p.successRate(labels, window)
		return value, samples, nil
	case Latency:
		return p.latency(q, labels, window)
	default:
		return "", "", fmt.Errorf("%q is not a built-in query", q.Spec.Prometheus.BuiltIn)
	}
}

func (p plane) successRate(labels []matcher, window string) (value, samples string) {
	all := selectors(p.requests, labels...)
	failed := selectors(p.failures, labels...)
	if p.failures == "" {
		failed = selectors(p.requests, append(slices.Clone(labels), p.failed)...)
	}
	total := counted(all, all, window)
	return fmt.Sprintf("100 * (1 - (%s or vector(0)) / %s)", counted(failed, all, window), total), total
}

// latency takes no counter at its birth: of a histogram that would be a quantile of
// all that came before the window.
func (p plane) latency(q Question, labels []matcher, window string) (value, samples string, err error) {
	if p.durations == "" {
		return "", "", fmt.Errorf("%s does not tell how long the requests of a Service take (%s): give the analysis a query of its own", p.name, p.untimed)
	}
	value = fmt.Sprintf("histogram_quantile(%g, sum by (le) (%s))", q.Spec.Prometheus.Quantile, over("increase", selectors(p.durations+"_bucket", labels...), window, ""))
	if p.perSecond != "" {
		value += " / " + p.perSecond
	}
	return value, fmt.Sprintf("sum(%s)", over("increase", selectors(p.durations+"_count", labels...), window, "")), nil
}

// Services are the names of a version's Services, as routes lead to them.
func (q Question) Services(v Version) []string {
	names := slices.Clone(q.State.Backends)
	if v == Canary {
		for i := range names {
			names[i] += route.CanarySuffix
		}
	}
	return names
}

func (q Question) alternatives(v Version) string { return strings.Join(q.Services(v), "|") }

// traefikLabels: ROUTE-svc-NAMESPACE-SERVICE-INDEX@kubernetesgateway.
func traefikLabels(q Question, v Version, _ Around) []matcher {
	return []matcher{{"service", fmt.Sprintf(`=~".+-svc-%s-(%s)-[0-9]+@kubernetesgateway"`, q.Namespace, q.alternatives(v))}}
}

// istioLabels are those of the gateway, where requests begin.
func istioLabels(q Question, v Version, _ Around) []matcher {
	return []matcher{
		{"reporter", `="source"`}, {"destination_service_namespace", fmt.Sprintf(`="%s"`, q.Namespace)},
		{"destination_service_name", fmt.Sprintf(`=~"%s"`, q.alternatives(v))},
	}
}

// ingressNginxLabels: what the canary answers is counted with stable's Service, and
// the name of the canary's upstream besides: NAMESPACE-SERVICE-PORT.
func ingressNginxLabels(q Question, v Version, around Around) []matcher {
	namespace, ports := matcher{"namespace", fmt.Sprintf(`="%s"`, q.Namespace)}, "[a-z0-9-]{1,15}"
	if len(around.Ports) > 0 {
		ports = strings.Join(around.Ports, "|")
	}
	if v == Canary {
		return []matcher{namespace, {"canary", fmt.Sprintf(`=~"%s-(%s)-(%s)"`, q.Namespace, q.alternatives(v), ports)}}
	}
	return []matcher{namespace, {"service", fmt.Sprintf(`=~"%s"`, q.alternatives(v))}, {"canary", `=""`}}
}

// envoyLabels are the addresses of the pods, or of the Services where it sends to
// those: all backends of a rule are one cluster.
func envoyLabels(_ Question, v Version, around Around) []matcher {
	var quoted []string
	for _, address := range around.Addresses[v] {
		quoted = append(quoted, strings.ReplaceAll(regexp.QuoteMeta(address), `\`, `\\`))
	}
	if len(quoted) == 0 {
		return nil
	}
	return []matcher{{"envoy_endpoint_address", fmt.Sprintf(`=~"\\[?(%s)\\]?:[0-9]+"`, strings.Join(quoted, "|"))}}
}

// fabricLabels: NAMESPACE_SERVICE_PORT, and more behind it where sessions persist.
func fabricLabels(q Question, v Version, _ Around) []matcher {
	return []matcher{{"nginx_upstream_name", fmt.Sprintf(`=~"%s_(%s)_[0-9]+(_.+)?"`, q.Namespace, q.alternatives(v))}}
}
