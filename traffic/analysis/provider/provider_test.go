// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// around is a cluster with a canary of two pods, routes of all kinds and Secrets.
func around(t *testing.T) Provider {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, gatewayv1.Install(scheme))
	shop := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "shop", Name: name} }
	pod := func(name, hash, owner, address string, restarts int32) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: shop(name), Status: corev1.PodStatus{PodIP: address, ContainerStatuses: []corev1.ContainerStatus{{RestartCount: restarts}}}}
		p.Labels, p.OwnerReferences = map[string]string{"pod-template-hash": hash}, []metav1.OwnerReference{{Kind: "ReplicaSet", Name: owner}}
		return p
	}
	parent := gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{Kind: ptr.To[gatewayv1.Kind]("Service"), Name: "x"}, {Name: "edge", Namespace: ptr.To[gatewayv1.Namespace]("infra")}}}
	return New(fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		pod("demo-1-a", "1", "demo-1", "10.0.0.1", 1), pod("demo-2-a", "2", "demo-2", "10.0.0.2", 2), pod("demo-2-b", "2", "demo-2", "", 3), pod("else-2-a", "2", "else-2", "10.0.0.9", 9),
		&gatewayv1.HTTPRoute{ObjectMeta: shop("demo"), Spec: gatewayv1.HTTPRouteSpec{CommonRouteSpec: parent}},
		&gatewayv1.GRPCRoute{ObjectMeta: shop("demo"), Spec: gatewayv1.GRPCRouteSpec{CommonRouteSpec: parent}},
		&gatewayv1.HTTPRoute{ObjectMeta: shop("mesh"), Spec: gatewayv1.HTTPRouteSpec{CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: parent.ParentRefs[:1]}}},
		&gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "infra", Name: "edge"}, Spec: gatewayv1.GatewaySpec{GatewayClassName: "edge"}},
		&gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "edge"}, Spec: gatewayv1.GatewayClassSpec{ControllerName: "gateway.envoyproxy.io/gatewayclass-controller"}},
		&networkingv1.Ingress{ObjectMeta: shop("demo"), Spec: networkingv1.IngressSpec{IngressClassName: ptr.To("web"), Rules: []networkingv1.IngressRule{{IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
			Paths: []networkingv1.HTTPIngressPath{backend("demo", "", 8080), backend("demo", "web", 0), backend("other", "", 1), backend("demo", "", 8080)},
		}}}}}},
		&corev1.Service{ObjectMeta: shop("demo"), Spec: corev1.ServiceSpec{ClusterIPs: []string{"None"}}},
		&corev1.Service{ObjectMeta: shop("demo-canary"), Spec: corev1.ServiceSpec{ClusterIPs: []string{"10.96.0.7", "fd00::7"}}},
		&networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: networkingv1.IngressClassSpec{Controller: "k8s.io/ingress-nginx"}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "evenkeel", Name: "keys"}, Data: map[string][]byte{"token": []byte("hush\n"), "key": []byte("hush")}},
	).Build(), "evenkeel")
}

func backend(service, port string, number int32) networkingv1.HTTPIngressPath {
	return networkingv1.HTTPIngressPath{Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: service, Port: networkingv1.ServiceBackendPort{Name: port, Number: number}}}}
}

// about is a question about the canary in that cluster.
func about(spec analysis.Spec) analysis.Question {
	return analysis.Question{
		Spec: spec, Namespace: "shop", Deployment: "demo", Since: time.Unix(0, 0), At: time.Unix(60, 0),
		State: rollout.State{
			Weight: 20, Backends: []string{"demo"}, Routes: []string{"httproute/demo"},
			Stable: rollout.Version{ReplicaSet: "demo-1", Hash: "1"}, Canary: rollout.Version{ReplicaSet: "demo-2", Hash: "2"},
		},
	}
}

func TestPods(t *testing.T) {
	got, err := around(t).Measure(t.Context(), about(analysis.Spec{Pods: &analysis.Pods{}}))
	require.NoError(t, err)
	assert.Equal(t, map[analysis.Version]analysis.Health{analysis.Canary: {Pods: 2, Restarts: 5}, analysis.Stable: {Pods: 1, Restarts: 1}}, got.Pods)
	q := about(analysis.Spec{Pods: &analysis.Pods{}})
	q.State.Canary = rollout.Version{}
	got, err = around(t).Measure(t.Context(), q)
	require.NoError(t, err)
	assert.Zero(t, got.Pods[analysis.Canary], "a canary that nobody knows has no pods")
}

// server answers each query by its text, and keeps what it was asked.
func server(t *testing.T, answers map[string]string) (asked *[]string, address string) {
	t.Helper()
	asked = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.FormValue("query")
		*asked = append(*asked, r.Header.Get("Authorization")+query)
		answer, known := answers[query]
		if !known {
			answer = `{"resultType":"vector","result":[{"metric":{},"value":[1,"7"]}]}`
		}
		if strings.HasPrefix(answer, "error") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"status":"error","errorType":"bad_data","error":%q}`, answer)
			return
		}
		_, _ = fmt.Fprintf(w, `{"status":"success","data":%s}`, answer)
	}))
	t.Cleanup(s.Close)
	return asked, s.URL
}

func own(address, query string) analysis.Spec {
	return analysis.Spec{Prometheus: &analysis.Prometheus{Address: address, Query: query, Window: time.Hour, Timeout: time.Second}}
}

func TestPrometheusAnswers(t *testing.T) {
	vector := func(values ...string) string {
		var list []string
		for i, value := range values {
			list = append(list, fmt.Sprintf(`{"metric":{"n":"%d"},"value":[1,%q]}`, i, value))
		}
		return `{"resultType":"vector","result":[` + strings.Join(list, ",") + `]}`
	}
	_, address := server(t, map[string]string{
		"one": vector("99.5"), "none": vector(), "two": vector("1", "2"), "nan": vector("NaN"), "inf": vector("+Inf"), "scalar": `{"resultType":"scalar","result":[1,"3"]}`,
		"range": `{"resultType":"matrix","result":[]}`, "bad": "error: parse error", "huge": `"` + strings.Repeat("x", maxBody+1) + `"`,
	})
	for query, want := range map[string]analysis.Sample{
		"one": {Known: true, Value: 99.5}, "scalar": {Known: true, Value: 3}, "none": {}, "nan": {}, "inf": {},
	} {
		got, err := around(t).Measure(t.Context(), about(own(address, query)))
		require.NoError(t, err, query)
		sample := got.Samples[analysis.Canary]
		assert.Equal(t, want.Known, sample.Known, query)
		if want.Known {
			assert.InDelta(t, want.Value, sample.Value, 0)
		}
	}
	for query, says := range map[string]string{
		"two": "the query gives 2 numbers, and one is needed", "range": "the query gives no number", "bad": "the server does not answer: bad_data: error: parse error",
		"huge": "the server does not answer", "{{ .Nothing }}": "query: it cannot be filled in",
	} {
		_, err := around(t).Measure(t.Context(), about(own(address, query)))
		require.ErrorContains(t, err, says)
		assert.Less(t, len(err.Error()), 400)
	}
	_, err := around(t).Measure(t.Context(), about(own("http://127.0.0.1:1", "one")))
	require.ErrorContains(t, err, "the server does not answer")
	_, err = around(t).Measure(t.Context(), about(own(":", "one")))
	require.ErrorContains(t, err, "cannot ask")
}

func TestPrometheusIsAskedAboutBoth(t *testing.T) {
	asked, address := server(t, nil)
	spec := own(address, "value {{ .ReplicaSet }}")
	spec.Prometheus.Samples, spec.Prometheus.TokenSecret, spec.Compare = "count {{ .ReplicaSet }}", "keys", &analysis.Compare{Ratio: ptr.To(1.0)}
	got, err := around(t).Measure(t.Context(), about(spec))
	require.NoError(t, err)
	assert.Equal(t, []string{"Bearer hushvalue demo-2", "Bearer hushcount demo-2", "Bearer hushvalue demo-1", "Bearer hushcount demo-1"}, *asked)
	assert.Equal(t, analysis.Sample{Known: true, Value: 7, Counted: true, Count: 7}, got.Samples[analysis.Stable])

	spec.Prometheus.TokenSecret = "none"
	_, err = around(t).Measure(t.Context(), about(spec))
	require.ErrorContains(t, err, `cannot get Secret "none" (is it among the chart's analysis.secrets?)`)
}

func TestTheDataPlaneChoosesTheQuery(t *testing.T) {
	for route, counted := range map[string]string{
		"httproute/demo": `envoy_endpoint_address=~"\\[?(10\\.96\\.0\\.7|fd00::7|10\\.0\\.0\\.2)\\]?:[0-9]+"`, "grpcroute/demo": "envoy_cluster_endpoint_rq_total", "ingress/demo": `canary=~"shop-(demo-canary)-(8080|web)"`,
	} {
		asked, address := server(t, nil)
		q := about(analysis.Spec{Prometheus: &analysis.Prometheus{Address: address, BuiltIn: analysis.SuccessRate, Window: time.Hour, Timeout: time.Second}})
		q.State.Routes = []string{route}
		_, err := around(t).Measure(t.Context(), q)
		require.NoError(t, err)
		assert.Contains(t, (*asked)[1], counted)
	}
	for route, says := range map[string]string{
		"httproute/mesh": `HTTPRoute "mesh" has no Gateway`, "httproute/none": `cannot get HTTPRoute "none"`, "ingress/none": `cannot get Ingress "none"`,
		"": "no route is divided here", "service/demo": "service/demo",
	} {
		q := about(analysis.Spec{Prometheus: &analysis.Prometheus{Address: "http://127.0.0.1:1", BuiltIn: analysis.SuccessRate}})
		if q.State.Routes = []string{route}; route == "" {
			q.State.Routes = nil
		}
		_, err := around(t).Measure(t.Context(), q)
		require.ErrorContains(t, err, says)
	}
}

func gateAt(url, secret string, retries int) analysis.Spec {
	return analysis.Spec{Name: "smoke", Gate: &analysis.Gate{URL: url, Secret: secret, Timeout: time.Second, Retries: retries}}
}

func TestAGateAnswers(t *testing.T) {
	for name, row := range map[string]struct {
		code        int
		body        string
		verdict     rollout.Verdict
		says, fails string
		asked       int
	}{
		"yes":                  {code: 200, verdict: rollout.Passed, says: "the gate passes", asked: 1},
		"yes, without content": {code: 204, verdict: rollout.Passed, says: "the gate passes", asked: 1},
		"yes, in words":        {code: 200, body: `{"passed": true, "message": "12 of 12"}`, verdict: rollout.Passed, says: "the gate passes: 12 of 12", asked: 1},
		"no":                   {code: 200, body: `{"passed": false, "message": "it is Friday"}`, verdict: rollout.Failed, says: "the gate says no: it is Friday", asked: 1},
		"not yet":              {code: 200, body: `{"inconclusive": true}`, verdict: rollout.Inconclusive, says: "the gate does not know", asked: 1},
		"nonsense":             {code: 200, body: `<html>`, fails: "the gate's answer is not understood", asked: 1},
		"a wrong address":      {code: 404, fails: "the gate answers 404 Not Found, which is neither yes nor no", asked: 1},
		"it is broken":         {code: 503, fails: "the gate answers 503 Service Unavailable", asked: 3},
		"it is busy":           {code: 429, fails: "the gate answers 429 Too Many Requests", asked: 3},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.WriteHeader(row.code)
				_, _ = io.WriteString(w, row.body)
			}))
			defer s.Close()
			got, err := around(t).Measure(t.Context(), about(gateAt(s.URL, "", 2)))
			assert.Equal(t, row.asked, asked)
			if row.fails != "" {
				require.ErrorContains(t, err, row.fails)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, analysis.Reading{Verdict: row.verdict, Says: row.says}, got)
		})
	}
}

func TestAGateKnowsWhoAsks(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "60", r.Header.Get(timeHeader))
		assert.Equal(t, "sha256="+signature([]byte("hush"), "60", body), r.Header.Get(signatureHeader))
		var asks gateAsks
		assert.NoError(t, json.Unmarshal(body, &asks))
		assert.Equal(t, gateAsks{
			Analysis: "smoke", Namespace: "shop", Deployment: "demo", Step: 1, Weight: 20, Since: asks.Since,
			Stable: rollout.Version{ReplicaSet: "demo-1", Hash: "1"}, Canary: rollout.Version{ReplicaSet: "demo-2", Hash: "2"},
		}, asks)
		if asked == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer s.Close()
	got, err := around(t).Measure(t.Context(), about(gateAt(s.URL, "keys", 1)))
	require.NoError(t, err)
	assert.Equal(t, rollout.Passed, got.Verdict, "the second answer counts")
	// As anybody can compute it: printf '60.{}' | openssl dgst -sha256 -hmac hush
	assert.Equal(t, "e6601365c7", signature([]byte("hush"), "60", []byte("{}"))[:10])
}

// What a gate is sent does not go to whomever it names.
func TestNoRedirectLeavesItsHost(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	defer elsewhere.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	for _, spec := range []analysis.Spec{gateAt(s.URL, "keys", 0), own(s.URL, "one")} {
		_, err := around(t).Measure(t.Context(), about(spec))
		require.ErrorContains(t, err, "it redirects to another host")
		assert.NotContains(t, err.Error(), "hush")
	}
	round := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer round.Close()
	_, err := around(t).Measure(t.Context(), about(gateAt(round.URL, "", 0)))
	require.ErrorContains(t, err, "it redirects more than 3 times")
}

// Whoever does not answer in time does not hold a measurement up: the gate is asked
// again as often as it may be, and then nothing is known.
func TestWhoDoesNotAnswerInTime(t *testing.T) {
	for name, row := range map[string]struct {
		spec  func(url string) analysis.Spec
		asked int32
		says  string
	}{
		"Prometheus": {func(url string) analysis.Spec {
			spec := own(url, "one")
			spec.Prometheus.Timeout = 300 * time.Millisecond
			return spec
		}, 1, "the server does not answer: "},
		"a gate": {func(url string) analysis.Spec {
			spec := gateAt(url, "", 0)
			spec.Gate.Timeout = 300 * time.Millisecond
			return spec
		}, 1, "the gate does not answer"},
		"a gate that is asked again": {func(url string) analysis.Spec {
			spec := gateAt(url, "", 1)
			spec.Gate.Timeout = 300 * time.Millisecond
			return spec
		}, 2, "the gate does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				_, _ = io.Copy(io.Discard, r.Body) // whoever hangs up is seen once all is read
				<-r.Context().Done()
			}))
			defer s.Close()
			_, err := around(t).Measure(t.Context(), about(row.spec(s.URL)))
			require.ErrorContains(t, err, row.says)
			require.ErrorContains(t, err, "deadline exceeded")
			assert.Equal(t, row.asked, asked.Load())
			verdict, _ := analysis.Unknown(err)
			assert.Equal(t, rollout.Inconclusive, verdict)
		})
	}
}
