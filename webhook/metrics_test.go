// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
)

func TestEveryReviewIsCounted(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m, err := NewMetrics(registry)
	require.NoError(t, err)
	_, err = NewMetrics(registry)
	require.ErrorContains(t, err, "cannot register the metrics of admission")
	mux := http.NewServeMux()
	New(Options{Cache: nothing{}, Live: nothing{}, Policies: config.NewStore(), Log: logr.Discard(), Metrics: m}).Register(mux.Handle)
	ask := func(object string) {
		post(mux, "/mutate/deployments", "application/json", `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","kind":{"group":"apps","version":"v1","kind":"Deployment"},"object":`+object+`}}`)
	}
	unsafe := `{"metadata":{"name":"a"},"spec":{"replicas":4,"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":4}}}}`
	ask(`{"metadata":{"name":"a"}}`)
	ask(unsafe)
	ask(strings.Replace(unsafe, `"name":"a"`, `"name":"a","annotations":{"evenkeel.dev/override":"until=`+time.Now().Add(time.Hour).Format(time.RFC3339)+`; reason=x"}`, 1))
	ask(`{"spec":5}`)
	post(mux, "/mutate/deployments", "application/json", "{")
	for verdict, want := range map[string]float64{review.Allowed: 2, review.Denied: 1, review.Failed: 1, review.Malformed: 1, review.Panicked: 0} {
		assert.InDelta(t, want, testutil.ToFloat64(m.reviews.WithLabelValues("/mutate/deployments", verdict)), 0, verdict)
	}
	assert.InDelta(t, 1, testutil.ToFloat64(m.violations.WithLabelValues("floor-zero", "denied")), 0)
	assert.InDelta(t, 1, testutil.ToFloat64(m.violations.WithLabelValues("floor-zero", "overridden")), 0)
	assert.InDelta(t, 0, testutil.ToFloat64(m.violations.WithLabelValues("pdb", "denied")), 0)
	count, err := testutil.GatherAndCount(registry, "evenkeel_admission_review_duration_seconds")
	require.NoError(t, err)
	assert.Equal(t, 1, count)
	count, err = testutil.GatherAndCount(registry, "evenkeel_check_duration_seconds")
	require.NoError(t, err)
	assert.Greater(t, count, 10, "each check that was looked at")

	v := review.Reviewer{Log: logr.Discard(), Path: "/x", Counts: m, Now: time.Now, Review: func(*http.Request, *admissionv1.AdmissionRequest) (review.Answer, error) { panic("oh") }}
	post(v, "/x", "application/json", `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1"}}`)
	assert.InDelta(t, 1, testutil.ToFloat64(m.reviews.WithLabelValues("/x", review.Panicked)), 0)
}

func TestWhatFollowedIsOneWord(t *testing.T) {
	for want, v := range map[string]policy.Violation{
		"denied": {Action: policy.Enforce}, "warned": {Action: policy.Warn}, "audited": {Action: policy.Audit}, "staged": {Action: policy.Warn, Excuse: policy.Staged},
	} {
		assert.Equal(t, want, outcomeOf(v))
	}
}
