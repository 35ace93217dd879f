// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/config"
)

// one is a cluster of which a single Deployment is known.
type one struct {
	dead
	text string
}

func (o one) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	d, ok := into.(*appsv1.Deployment)
	if !ok {
		return errDead
	}
	return json.Unmarshal([]byte(o.text), d)
}

// Whoever scales is warned of what the size would do, and never refused.
func TestScaling(t *testing.T) {
	live := strings.NewReplacer(`"maxSurge":"25%"`, `"maxSurge":0`).Replace(ofVersion("v1", "")) // 0 and 25% of 3 make no progress
	const all, byLabel = `[{name: all, checks: {default: Enforce}}]`, `[{name: production, match: {namespaceSelector: {matchLabels: {env: production}}}}]`
	for name, row := range map[string]struct {
		cluster client.Reader
		rules   string
		to      string
		want    string // what the only warning starts with
	}{
		"a size without progress":         {one{text: strings.Replace(live, `"replicas":3`, `"replicas":4`, 1)}, all, "3", "evenkeel: zero-progress: no pod could ever be replaced: of 3 replicas"},
		"a size that is fine":             {one{text: live}, all, "8", ""},
		"an old sin":                      {one{text: live}, all, "2", ""},
		"a Deployment that is not cached": {dead{}, all, "3", ""},
		"a namespace that is not cached":  {one{text: strings.Replace(live, `"replicas":3`, `"replicas":4`, 1)}, byLabel, "3", ""},
	} {
		t.Run(name, func(t *testing.T) {
			policies := config.NewStore()
			require.NoError(t, policies.Offer([]byte("apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules: "+row.rules)))
			mux := http.NewServeMux()
			New(Options{Cache: row.cluster, Live: dead{}, Policies: policies, Self: self, Log: logr.Discard()}).Register(mux.Handle)
			scale := `{"metadata":{"name":"demo","namespace":"shop"},"spec":{"replicas":` + row.to + `}}`
			out := post(mux, "/validate/scales", "application/json", reviewOf(t, "Scale", "autoscaling", "team", scale, scale))
			require.Equal(t, http.StatusOK, out.Code, out.Body.String())
			var answered admissionv1.AdmissionReview
			require.NoError(t, json.Unmarshal(out.Body.Bytes(), &answered))
			assert.True(t, answered.Response.Allowed)
			if row.want == "" {
				assert.Empty(t, answered.Response.Warnings)
				return
			}
			require.Len(t, answered.Response.Warnings, 1)
			assert.True(t, strings.HasPrefix(answered.Response.Warnings[0], row.want), answered.Response.Warnings[0])
		})
	}
}
