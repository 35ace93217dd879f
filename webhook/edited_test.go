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
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

const (
	stateIsOurs = "evenkeel: annotation evenkeel.dev/rollout is Evenkeel's alone, so what was written there is put back; speak to the release by evenkeel.dev/action (continue, skip, rollback, retry)"
	splitIsOurs = "evenkeel: annotation evenkeel.dev/split is Evenkeel's alone, so what was written there is put back; its release writes it, or evenkeel.dev/canary-weight of a pair by hand"
)

// Whoever edits a state is told that it is put back, and nobody else is.
func TestAnEditedState(t *testing.T) {
	require.LessOrEqual(t, max(len(stateIsOurs), len(splitIsOurs)), 256)
	text := func(d *appsv1.Deployment) string {
		out, err := json.Marshal(d)
		require.NoError(t, err)
		return string(out)
	}
	_, begun := wrote(t, among(t, nil, demoService, demoRoute, demoServes), "jane", demo("v1", ""), demo("v2", ""))
	idle := begun.DeepCopy()
	delete(idle.Annotations, rollout.StateAnnotation)
	delete(idle.Labels, rollout.InFlightLabel)
	older := strings.Replace(demoServes, `name: demo-1,`, `name: demo-0, annotations: {evenkeel.dev/rollout: '{"phase":"Completed"}'},`, 1)
	for name, row := range map[string]struct {
		live  *appsv1.Deployment
		user  string
		state string // "-" leaves it out
		told  bool
	}{
		"another in flight":            {begun, "joe", `{"phase":"Promoting"}`, true},
		"one that is empty":            {begun, "joe", "", true},
		"where there is none":          {idle, "joe", `{"phase":"Completed","since":"2026-01-01T00:00:00Z"}`, true},
		"the same":                     {begun, "joe", begun.Annotations[rollout.StateAnnotation], false},
		"left out by whoever applies":  {begun, "joe", "-", false},
		"that of a revision, by undo":  {begun, "joe", `{"phase":"Completed"}`, false},
		"Evenkeel's own":               {begun, self, state(t, begun).String(), false},
		"Evenkeel's own, another step": {begun, self, strings.Replace(begun.Annotations[rollout.StateAnnotation], "Preparing", "Stepping", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			incoming := row.live.DeepCopy()
			if incoming.Annotations[rollout.StateAnnotation] = row.state; row.state == "-" {
				delete(incoming.Annotations, rollout.StateAnnotation)
			}
			answer, out := wrote(t, among(t, nil, demoService, demoRoute, demoServes, older), row.user, text(row.live), text(incoming))
			require.True(t, answer.Allowed, answer.Result)
			count := 0
			for _, line := range answer.Warnings {
				if line == stateIsOurs {
					count++
				}
			}
			assert.Equal(t, row.told, count == 1, answer.Warnings)
			if row.user != self {
				assert.Equal(t, row.live.Annotations[rollout.StateAnnotation], out.Annotations[rollout.StateAnnotation], "it is put back")
			}
		})
	}
}

// The same of what changes in batches.
func TestAnEditedStateOfBatches(t *testing.T) {
	for _, kind := range []string{batch.StatefulSet, batch.DaemonSet} {
		b := batched{kind: kind, services: []corev1.Service{service("demo")}}
		live, _ := b.write(t, "jane", manifest(kind), manifest(kind, "demo:v1", next))
		meta, _ := read(t, kind, live)
		var held map[string]any
		require.NoError(t, json.Unmarshal([]byte(live), &held))
		held["metadata"].(map[string]any)["annotations"].(map[string]any)[rollout.StateAnnotation] = "{}"
		edited, err := json.Marshal(held)
		require.NoError(t, err)
		out, answer := b.write(t, "joe", live, string(edited))
		assert.Contains(t, answer.Warnings, stateIsOurs)
		after, _ := read(t, kind, out)
		assert.Equal(t, meta.Metadata.Annotations, after.Metadata.Annotations)
		_, answer = b.write(t, "joe", live, live)
		assert.NotContains(t, answer.Warnings, stateIsOurs)
	}
}

// The same of a route in flight, and of a Service.
func TestAnEditedSplit(t *testing.T) {
	const (
		live   = `{"metadata":{"name":"demo","namespace":"shop","annotations":{"evenkeel.dev/split":"{\"deployment\":\"demo\",\"hash\":\"1\"}"},"labels":{"evenkeel.dev/in-flight":"true"}},"spec":{"selector":{"app":"demo","pod-template-hash":"1"}}}`
		shown  = `{"metadata":{"name":"demo","namespace":"shop","annotations":{"evenkeel.dev/split":"{\"shares\":[{\"deployment\":\"demo\",\"service\":\"demo\",\"canary\":\"demo-canary\",\"weight\":20}]}"}},"spec":{"rules":[{"backendRefs":[{"name":"demo","weight":80},{"name":"demo-canary","weight":20}]}]}}`
		edited = `{"metadata":{"name":"demo","namespace":"shop","annotations":{"evenkeel.dev/split":"{}"}},"spec":{}}`
		plain  = `{"metadata":{"name":"demo","namespace":"shop"},"spec":{}}`
	)
	mux := among(t, nil)
	for _, row := range []struct {
		path, kind, group, live string
	}{
		{"/mutate/services", "Service", "", live}, {"/mutate/httproutes", "HTTPRoute", "gateway.networking.k8s.io", shown},
	} {
		for name, one := range map[string]struct {
			user, old, sent string
			want            []string
		}{
			"edited":         {"joe", row.live, edited, []string{splitIsOurs}},
			"left out":       {"joe", row.live, plain, nil},
			"the same":       {"joe", row.live, row.live, nil},
			"Evenkeel's own": {self, row.live, edited, nil},
			"a copy of one":  {"joe", "", row.live, nil},
		} {
			t.Run(row.kind+"/"+name, func(t *testing.T) {
				out := post(mux, row.path, "application/json", reviewOf(t, row.kind, row.group, one.user, one.old, one.sent))
				require.Equal(t, http.StatusOK, out.Code, out.Body.String())
				var answered admissionv1.AdmissionReview
				require.NoError(t, json.Unmarshal(out.Body.Bytes(), &answered))
				require.True(t, answered.Response.Allowed, answered.Response.Result)
				assert.Equal(t, one.want, answered.Response.Warnings)
			})
		}
	}
}
