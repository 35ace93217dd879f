// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
)

const self = "system:serviceaccount:evenkeel-system:evenkeel"

func server(t *testing.T) *http.ServeMux {
	t.Helper()
	mux := http.NewServeMux()
	New(Options{Policies: config.NewStore(), Self: self, Log: logr.Discard(), Now: func() time.Time { return time.Unix(0, 0) }}).Register(mux.Handle)
	return mux
}

func post(h http.Handler, path, contentType, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Content-Type", contentType)
	out := httptest.NewRecorder()
	h.ServeHTTP(out, request)
	return out
}

func TestWhatIsNoReviewGetsA4xx(t *testing.T) {
	head := `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"`
	for name, row := range map[string]struct {
		contentType, body string
		code              int
		says              string
	}{
		"not JSON":         {"application/json", "hello", 400, "cannot decode the review"},
		"another type":     {"text/plain", "{}", 415, "an AdmissionReview comes as application/json"},
		"no type":          {"", "{}", 415, "application/json"},
		"another object":   {"application/json", `{"kind":"Pod","apiVersion":"v1"}`, 400, "not an AdmissionReview"},
		"no request":       {"application/json", head + "}", 400, "not an AdmissionReview"},
		"another kind":     {"application/json", head + `,"request":{"uid":"1","kind":{"group":"","version":"v1","kind":"Pod"}}}`, 422, "a review of Pod came where Deployment.apps is reviewed"},
		"too large":        {"application/json", head + `,"x":"` + strings.Repeat("a", review.MaxBody) + `"}`, 413, "larger than"},
		"a broken object":  {"application/json", head + `,"request":{"uid":"1","kind":{"group":"apps","version":"v1","kind":"Deployment"},"object":{"spec":5}}}`, 500, "cannot decode the Deployment"},
		"no object at all": {"application/json", head + `,"request":{"uid":"1","kind":{"group":"apps","version":"v1","kind":"Deployment"}}}`, 500, "cannot decode the Deployment"},
	} {
		t.Run(name, func(t *testing.T) {
			out := post(server(t), "/mutate/deployments", row.contentType, row.body)
			assert.Equal(t, row.code, out.Code)
			assert.Contains(t, out.Body.String(), row.says)
		})
	}
	out := httptest.NewRecorder()
	server(t).ServeHTTP(out, httptest.NewRequest(http.MethodGet, "/mutate/deployments", nil))
	assert.Equal(t, http.StatusMethodNotAllowed, out.Code)
}

// reviewOf is what an API server sends about an object that somebody writes.
func reviewOf(t *testing.T, kind, group, user, old, incoming string) string {
	t.Helper()
	var before runtime.RawExtension
	if old != "" {
		before.Raw = []byte(old)
	}
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Kind: metav1.GroupVersionKind{Group: group, Kind: kind, Version: "v1"}, UserInfo: authenticationv1.UserInfo{Username: user},
			Object: runtime.RawExtension{Raw: []byte(incoming)}, OldObject: before,
		},
	})
	require.NoError(t, err)
	return string(body)
}

// send sends an object as somebody and gives the object that comes out.
func send(t *testing.T, path, kind, group, user, old, incoming string) (string, *admissionv1.AdmissionResponse) {
	t.Helper()
	out := post(server(t), path, "application/json", reviewOf(t, kind, group, user, old, incoming))
	require.Equal(t, http.StatusOK, out.Code, out.Body.String())
	var answered admissionv1.AdmissionReview
	require.NoError(t, json.Unmarshal(out.Body.Bytes(), &answered))
	if len(answered.Response.Patch) == 0 {
		return incoming, answered.Response
	}
	patch, err := jsonpatch.DecodePatch(answered.Response.Patch)
	require.NoError(t, err)
	patched, err := patch.Apply([]byte(incoming))
	require.NoError(t, err)
	return string(patched), answered.Response
}

// One annotation by Evenkeel renders a route; whoever writes it afterwards gets
// the same rendering; taking the annotation off gives the user's own back.
func TestARouteInFlight(t *testing.T) {
	own := `{"metadata":{"name":"demo"},"spec":{"rules":[{"backendRefs":[{"name":"demo","port":80}]}]}}`
	split := `"annotations":{"evenkeel.dev/split":"{\"shares\":[{\"deployment\":\"demo\",\"service\":\"demo\",\"canary\":\"demo-canary\",\"weight\":20}]}"}`
	asked := `{"metadata":{"name":"demo",` + split + `},"spec":{"rules":[{"backendRefs":[{"name":"demo","port":80}]}]}}`
	const kind, group, path = "HTTPRoute", "gateway.networking.k8s.io", "/mutate/httproutes"

	rendered, _ := send(t, path, kind, group, self, own, asked)
	assert.Contains(t, rendered, `{"name":"demo","port":80,"weight":80},{"name":"demo-canary","port":80,"weight":20}`)
	assert.Contains(t, rendered, `"evenkeel.dev/in-flight":"true"`)

	reapplied, _ := send(t, path, kind, group, "team", rendered, own)
	assert.JSONEq(t, rendered, reapplied, "applying the original again changes nothing")

	changed := strings.Replace(own, `"spec":{`, `"spec":{"hostnames":["new.example"],`, 1)
	got, _ := send(t, path, kind, group, "team", rendered, changed)
	assert.Contains(t, got, "new.example")
	assert.Contains(t, got, `"weight":20`)

	var tree map[string]any
	require.NoError(t, json.Unmarshal([]byte(rendered), &tree))
	delete(tree["metadata"].(map[string]any), "annotations")
	without, err := json.Marshal(tree)
	require.NoError(t, err)
	restored, _ := send(t, path, kind, group, self, rendered, string(without))
	assert.Contains(t, restored, `"rules":[{"backendRefs":[{"name":"demo","port":80}]}]`)
	kept, _ := send(t, path, kind, group, "team", rendered, string(without))
	assert.JSONEq(t, rendered, kept, "only Evenkeel takes it off")
}

func TestAServiceInFlight(t *testing.T) {
	own := `{"metadata":{"name":"demo"},"spec":{"selector":{"app":"demo"}}}`
	asked := `{"metadata":{"name":"demo","annotations":{"evenkeel.dev/split":"{\"deployment\":\"demo\",\"hash\":\"abc\"}"}},"spec":{"selector":{"app":"demo"}}}`
	rendered, _ := send(t, "/mutate/services", "Service", "", self, own, asked)
	assert.Contains(t, rendered, `"selector":{"app":"demo","pod-template-hash":"abc"}`)
	reapplied, _ := send(t, "/mutate/services", "Service", "", "team", rendered, own)
	assert.JSONEq(t, rendered, reapplied)
	restored, _ := send(t, "/mutate/services", "Service", "", self, rendered, `{"metadata":{"name":"demo","labels":{}},"spec":{"selector":{"app":"demo","pod-template-hash":"abc"}}}`)
	assert.Contains(t, restored, `"selector":{"app":"demo"}`)

	bare, left := `{"metadata":{"name":"demo"},"spec":{"selector":{"app":"demo","pod-template-hash":"abc"}}}`, `{"metadata":{"name":"demo","labels":{}},"spec":{"selector":{"app":"demo","pod-template-hash":"abc"}}}`
	healed, _ := send(t, "/mutate/services", "Service", "", self, bare, left)
	assert.Contains(t, healed, `"selector":{"app":"demo"}`, "one that was left behind")
	kept, _ := send(t, "/mutate/services", "Service", "", "team", bare, left)
	assert.JSONEq(t, left, kept, "a user's own")
}

func TestAPolicyIsRefusedWithTheReason(t *testing.T) {
	_, response := send(t, "/validate/policies", "ConfigMap", "", "team", "", `{"metadata":{"labels":{"evenkeel.dev/policy":"cluster"}},"data":{"policy.yaml":"kind: X"}}`)
	assert.False(t, response.Allowed)
	assert.Contains(t, response.Result.Message, "evenkeel: this policy cannot be used: [apiVersion: Unsupported value")
	_, response = send(t, "/validate/policies", "ConfigMap", "", "team", "", `{"metadata":{"labels":{"evenkeel.dev/policy":"mine"}},"data":{"policy.yaml":"kind: X"}}`)
	assert.Equal(t, `evenkeel: this policy cannot be used: label evenkeel.dev/policy: "mine" is not known: write cluster or namespace`, response.Result.Message)
	_, response = send(t, "/validate/policies", "ConfigMap", "", "team", "", `{"data":{}}`)
	assert.Equal(t, `evenkeel: a policy stands under the key "policy.yaml", which this ConfigMap lacks`, response.Result.Message)
}
