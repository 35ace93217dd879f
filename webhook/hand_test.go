// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
)

// A pair by hand is refused where what is to stand beside the route has the name
// of somebody's own; one that stands there already is kept.
func TestNamesBesideAPairByHand(t *testing.T) {
	const (
		class = `{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx}, spec: {controller: k8s.io/ingress-nginx}}`
		other = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: demo-next, namespace: shop}, spec: {ingressClassName: nginx}}`
		ours  = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: demo-next, namespace: shop, ownerReferences: [{apiVersion: networking.k8s.io/v1, kind: Ingress, name: demo, uid: "7", controller: true}]}, spec: {ingressClassName: nginx}}`
		pair  = `"annotations":{"evenkeel.dev/stable-service":"demo","evenkeel.dev/canary-service":"demo-next","evenkeel.dev/canary-weight":"30"},`
		own   = `{"metadata":{"name":"demo","namespace":"shop","uid":"7"},"spec":{"ingressClassName":"nginx","rules":[{"http":{"paths":[{"path":"/","backend":{"service":{"name":"demo"}}}]}}]}}`
	)
	asked := strings.Replace(own, `{"metadata":{`, `{"metadata":{`+pair, 1)
	send := func(old, incoming string, around ...string) *admissionv1.AdmissionResponse {
		out := post(among(t, nil, append(around, class)...), "/mutate/ingresses", "application/json", reviewOf(t, "Ingress", "networking.k8s.io", "team", old, incoming))
		require.Equal(t, http.StatusOK, out.Code, out.Body.String())
		var answered admissionv1.AdmissionReview
		require.NoError(t, json.Unmarshal(out.Body.Bytes(), &answered))
		return answered.Response
	}
	refused := send(own, asked, other)
	require.False(t, refused.Allowed)
	assert.Equal(t, `evenkeel: Ingress "demo-next" exists and is not Evenkeel's, and the Ingress beside this one would have its name; give it another one`, refused.Result.Message)
	assert.True(t, send(own, asked, ours).Allowed, "its own")
	assert.True(t, send(own, asked).Allowed, "nothing is there")

	split := `"evenkeel.dev/split":"{\"namespace\":\"shop\",\"shares\":[{\"deployment\":\"\",\"service\":\"demo\",\"canary\":\"demo-next\",\"weight\":30}]}",`
	carries := strings.Replace(asked, `"annotations":{`, `"annotations":{`+split, 1)
	assert.True(t, send(carries, asked, other).Allowed, "what stood before this write")
}
