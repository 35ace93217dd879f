// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/test/fixture/corpus"
)

// nothing is a cluster without objects.
type nothing struct{}

func (nothing) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

func (nothing) List(context.Context, client.ObjectList, ...client.ListOption) error { return nil }

// alone is admission without neighbours.
func alone() *http.ServeMux {
	mux := http.NewServeMux()
	New(Options{Cache: nothing{}, Live: nothing{}, Policies: config.NewStore(), Self: self, Log: logr.Discard(), Now: func() time.Time { return time.Unix(1.8e9, 0) }}).Register(mux.Handle)
	return mux
}

func asked(path string, body []byte) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	out := httptest.NewRecorder()
	alone().ServeHTTP(out, request)
	return out
}

// Whatever comes as a body, there is an answer and no panic.
func FuzzReview(f *testing.F) {
	f.Add([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","kind":{"kind":"Service"},"object":{"spec":{"selector":{"a":"b"}}}}}`))
	f.Add([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","kind":{"group":"apps","kind":"Deployment"},"object":{"spec":{"template":{"spec":{"containers":[{"name":"a"}]}}}}}}`))
	f.Add([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","kind":{"group":"apps","kind":"StatefulSet"},"object":{"metadata":{"annotations":{"evenkeel.dev/strategy":"batch"}},"spec":{"template":{},"updateStrategy":{"type":"OnDelete"}}},"oldObject":{"metadata":{"annotations":{"evenkeel.dev/rollout":"{\"phase\":\"Stepping\",\"user\":{\"batch.StatefulSet\":{}}}"}},"spec":{}}}}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{"/mutate/deployments", "/validate/deployments", "/mutate/services", "/mutate/httproutes", "/validate/policies", "/validate/scales", "/mutate/statefulsets", "/validate/statefulsets", "/mutate/daemonsets", "/validate/daemonsets", "/validate/scales/statefulsets"} {
			out := asked(path, body)
			require.NotContains(t, out.Body.String(), "internal error", "a panic")
			require.Contains(t, []int{200, 400, 422, 500}, out.Code)
		}
	})
}

// Whatever Deployment comes: the patch applies by somebody else's library, a
// second pass is an empty patch, the same question has the same answer, the
// selector is untouched, and what this version does not know survives.
func FuzzDeployment(f *testing.F) {
	for i, item := range corpus.All() {
		if text, err := yaml.YAMLToJSON([]byte(item.Manifest)); err == nil && i%10 == 0 {
			f.Add(text, []byte(nil))
			f.Add(text, text)
		}
	}
	f.Fuzz(func(t *testing.T, object, old []byte) {
		var tree map[string]any
		if json.Unmarshal(object, &tree) != nil || tree == nil {
			return
		}
		tree["fieldOfTomorrow"] = map[string]any{"a": []any{1.0, "x"}}
		object, err := json.Marshal(tree)
		require.NoError(t, err)
		first, said := decided(t, object, old)
		_, again := decided(t, object, old)
		require.Equal(t, said, again, "the same answer")
		if first == nil {
			return
		}
		var out map[string]any
		require.NoError(t, json.Unmarshal(first, &out))
		require.Equal(t, tree["fieldOfTomorrow"], out["fieldOfTomorrow"])
		require.Equal(t, selectorOf(tree), selectorOf(out))
		second, _ := decided(t, first, old)
		if second != nil {
			require.JSONEq(t, string(first), string(second), "a second pass is an empty patch")
		}
	})
}

func selectorOf(tree map[string]any) any {
	spec, _ := tree["spec"].(map[string]any)
	return spec["selector"]
}

// decided gives the object that comes out, nil where none does, and all that was said.
func decided(t *testing.T, object, old []byte) ([]byte, string) {
	t.Helper()
	if !json.Valid(old) {
		old = nil
	}
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Kind: metav1.GroupVersionKind{Group: "apps", Kind: "Deployment", Version: "v1"}, UserInfo: authenticationv1.UserInfo{Username: "alice"},
			Object: runtime.RawExtension{Raw: object}, OldObject: runtime.RawExtension{Raw: old},
		},
	})
	if err != nil {
		return nil, "" // raw JSON that cannot be sent
	}
	out := asked("/mutate/deployments", body)
	require.NotContains(t, out.Body.String(), "internal error", "a panic")
	var answered admissionv1.AdmissionReview
	if out.Code != http.StatusOK {
		return nil, out.Body.String()
	}
	require.NoError(t, json.Unmarshal(out.Body.Bytes(), &answered))
	if !answered.Response.Allowed {
		return nil, out.Body.String()
	}
	if len(answered.Response.Patch) == 0 {
		return object, out.Body.String()
	}
	patch, err := jsonpatch.DecodePatch(answered.Response.Patch)
	require.NoError(t, err)
	patched, err := patch.Apply(object)
	require.NoError(t, err, "%s", answered.Response.Patch)
	return patched, out.Body.String()
}
