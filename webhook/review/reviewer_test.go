// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	admissionv1 "k8s.io/api/admission/v1"
)

func TestAPanicIsAnswered(t *testing.T) {
	var counted verdicts
	v := Reviewer{Path: "/x", Counts: &counted, Log: logr.Discard(), Now: time.Now, Review: func(*http.Request, *admissionv1.AdmissionRequest) (Answer, error) { panic("oh") }}
	request := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1"}}`))
	request.Header.Set("Content-Type", "application/json")
	out := httptest.NewRecorder()
	v.ServeHTTP(out, request)
	assert.Equal(t, http.StatusInternalServerError, out.Code)
	assert.Equal(t, verdicts{"/x panic"}, counted)
}

// verdicts are those that were counted.
type verdicts []string

func (v *verdicts) Reviewed(path, verdict string, _ time.Duration) { *v = append(*v, path+" "+verdict) }

func TestWarningsAreBounded(t *testing.T) {
	out := bounded([]string{strings.Repeat("ä", 300), "short"})
	assert.Len(t, []rune(out[0]), 256)
	assert.Equal(t, "short", out[1])
}
