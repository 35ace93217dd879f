// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
)

// dead is a cluster of which nothing can be read.
type dead struct{}

var errDead = errors.New("the cache is dead")

func (dead) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errDead
}

func (dead) List(context.Context, client.ObjectList, ...client.ListOption) error { return errDead }

// blind is the handler of a cluster of which nothing can be read, under a policy.
func blind(t *testing.T, rules string) http.Handler {
	t.Helper()
	policies := config.NewStore()
	if rules != "" {
		require.NoError(t, policies.Offer([]byte("apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules: "+rules)))
	}
	mux := http.NewServeMux()
	New(Options{Cache: dead{}, Live: dead{}, Policies: policies, Self: self, Log: logr.Discard()}).Register(mux.Handle)
	return mux
}

// ofVersion is a Deployment whose image and annotations differ.
func ofVersion(version, annotations string) string {
	return fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"demo","namespace":"shop","annotations":{%s}},
"spec":{"replicas":3,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%%","maxUnavailable":"25%%"}},
"selector":{"matchLabels":{"app":"demo"}},"template":{"metadata":{"labels":{"app":"demo"}},
"spec":{"containers":[{"name":"app","image":"example.org/demo:%s","ports":[{"name":"http","containerPort":8080}]}]}}}}`, annotations, version)
}

// A cluster of which nothing can be read costs the checks that look around, and
// nothing else: what is ordinary is filled in and passes. Where the answer itself
// would hang on what is not known there is none, and the failurePolicy decides.
func TestADeadCache(t *testing.T) {
	const anyNamespace, byLabel = `[{name: all, checks: {default: Enforce}}]`, `[{name: production, match: {namespaceSelector: {matchLabels: {env: production}}}}]`
	const canary = `"evenkeel.dev/strategy":"canary"`
	for name, row := range map[string]struct {
		rules, old, incoming string
		fails                string // where there is no answer
	}{
		"created":                            {incoming: ofVersion("v1", "")},
		"created, every check enforced":      {rules: anyNamespace, incoming: ofVersion("v1", "")},
		"changed":                            {old: ofVersion("v1", ""), incoming: ofVersion("v2", "")},
		"changed, every check enforced":      {rules: anyNamespace, old: ofVersion("v1", ""), incoming: ofVersion("v2", "")},
		"a canary is created":                {incoming: ofVersion("v1", canary)},
		"a canary is annotated":              {old: ofVersion("v1", canary), incoming: ofVersion("v1", canary+`,"team":"a"`)},
		"a canary would start":               {old: ofVersion("v1", canary), incoming: ofVersion("v2", canary), fails: "they cannot be listed"},
		"a rule hangs on the namespace":      {rules: byLabel, incoming: ofVersion("v1", ""), fails: `cannot get Namespace "shop": the cache is dead`},
		"a rule hangs on it, and a change":   {rules: byLabel, old: ofVersion("v1", ""), incoming: ofVersion("v2", ""), fails: `cannot get Namespace "shop": the cache is dead`},
		"a rule hangs on it, and the canary": {rules: byLabel, incoming: ofVersion("v1", canary), fails: `cannot get Namespace "shop": the cache is dead`},
	} {
		t.Run(name, func(t *testing.T) {
			out := post(blind(t, row.rules), "/mutate/deployments", "application/json", reviewOf(t, "Deployment", "apps", "team", row.old, row.incoming))
			if row.fails != "" {
				assert.Equal(t, http.StatusInternalServerError, out.Code)
				assert.Contains(t, out.Body.String(), row.fails)
				return
			}
			require.Equal(t, http.StatusOK, out.Code, out.Body.String())
			var answered admissionv1.AdmissionReview
			require.NoError(t, json.Unmarshal(out.Body.Bytes(), &answered))
			assert.True(t, answered.Response.Allowed)
			assert.Contains(t, string(answered.Response.Patch), `/maxUnavailable","value":0`, "filled in all the same")
			assert.Contains(t, answered.Response.Warnings, "evenkeel: readiness-missing was not checked: Services are not known: they cannot be listed")
		})
	}
}

// The last look at an object is as blind, and refuses only what the object itself
// says; what is in flight keeps its rendering, which comes out of its own record.
func TestADeadCacheElsewhere(t *testing.T) {
	incoming := ofVersion("v1", "")
	for rules, want := range map[string]int{"": http.StatusOK, `[{name: production, match: {namespaceSelector: {matchLabels: {env: production}}}}]`: http.StatusInternalServerError} {
		out := post(blind(t, rules), "/validate/deployments", "application/json", reviewOf(t, "Deployment", "apps", "team", "", incoming))
		assert.Equal(t, want, out.Code, out.Body.String())
	}
	asked := `{"metadata":{"name":"demo","annotations":{"evenkeel.dev/split":"{\"deployment\":\"demo\",\"hash\":\"abc\"}"}},"spec":{"selector":{"app":"demo"}}}`
	out := post(blind(t, ""), "/mutate/services", "application/json", reviewOf(t, "Service", "", "team", asked, asked))
	require.Equal(t, http.StatusOK, out.Code, out.Body.String())
	var answered admissionv1.AdmissionReview
	require.NoError(t, json.Unmarshal(out.Body.Bytes(), &answered))
	assert.Contains(t, string(answered.Response.Patch), `"abc"`)
}

// A kind whose cache is not filled yet is unknown, however it would be read.
func TestAnEmptyCacheIsUnknown(t *testing.T) {
	mux := http.NewServeMux()
	New(Options{
		Cache: dead{}, Live: dead{}, Policies: config.NewStore(), Self: self, Log: logr.Discard(), Filled: func(policy.Kind) bool { return false },
	}).Register(mux.Handle)
	out := post(mux, "/mutate/deployments", "application/json", reviewOf(t, "Deployment", "apps", "team", "", ofVersion("v1", "")))
	require.Equal(t, http.StatusOK, out.Code, out.Body.String())
	assert.Contains(t, out.Body.String(), "Services are not known: their cache is not filled")
}
