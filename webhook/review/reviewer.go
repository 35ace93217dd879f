// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package review

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/trace"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
	"github.com/evenkeel-dev/evenkeel/webhook/traced"
)

// MaxBody bounds a request, in bytes: an object of the largest size that etcd
// takes (1.5 MiB), its old version, and room for the envelope.
const MaxBody = 8 << 20

// maxKept bounds a body that is kept for the next request, in bytes.
const maxKept = 1 << 20

// bodies are used again: what a review decodes out of one is copied out of it,
// and nothing of it is left when the answer has been written.
var bodies = sync.Pool{New: func() any { return &bytes.Buffer{} }}

func giveBack(body *bytes.Buffer) {
	if body.Cap() <= maxKept {
		body.Reset()
		bodies.Put(body)
	}
}

// Answer is what a review says. The zero value lets the object be as it was sent.
type Answer struct {
	Patch []Operation
	// Warnings are shown to whoever writes; of each, the first 256 characters.
	Warnings []string
	// Denied is the message of a refusal; empty means allowed.
	Denied string
	// Audit is for the API server's audit log.
	Audit map[string]string
}

// The verdicts of a review.
const (
	Allowed   = "allowed"
	Denied    = "denied"
	Failed    = "error"     // answered as the failurePolicy says
	Panicked  = "panic"     // the same, and a fault of ours
	Malformed = "malformed" // no review at all
)

// Func reviews what is asked about one object. What it keeps of the request are
// copies: the text is used again. An error is answered with a 500.
type Func func(*http.Request, *admissionv1.AdmissionRequest) (Answer, error)

// Counter counts reviews.
type Counter interface {
	// Reviewed counts one review, by the path where it is served and its verdict.
	Reviewed(path, verdict string, took time.Duration)
}

// Reviewer answers the requests for one kind of object.
type Reviewer struct {
	Kind   schema.GroupKind
	Review Func
	Log    logr.Logger
	// Path is where it is served, for the metrics.
	Path   string
	Counts Counter
	Tracer trace.Tracer // nil traces nothing
	Now    func() time.Time
}

// ServeHTTP reads an AdmissionReview and writes one. What is not a review of
// this reviewer's kind gets a 4xx and a sentence; a review that fails gets a
// 500, which the API server treats as the webhook's failurePolicy says.
func (v Reviewer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started, verdict := v.Now(), Panicked
	r, end := traced.Review(v.Tracer, r, v.Path, Failed, Panicked, Malformed)
	defer func() { v.Counts.Reviewed(v.Path, verdict, v.Now().Sub(started)); end(verdict) }()
	defer v.recoverPanic(w)
	body := bodies.Get().(*bytes.Buffer) //nolint:forcetypeassert // it holds nothing else
	defer giveBack(body)
	request, status, err := v.read(w, r, body)
	if err != nil {
		verdict = Malformed
		v.Log.Info("refused a request that is not a review", "path", r.URL.Path, "status", status, "cause", err.Error())
		http.Error(w, err.Error(), status)
		return
	}
	traced.About(r.Context(), string(request.Operation), request.Namespace, request.Name)
	result, err := v.Review(r, request)
	if err != nil {
		verdict = Failed
		v.Log.Error(err, "cannot review", "namespace", request.Namespace, "name", request.Name, "operation", request.Operation)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	verdict = result.verdict()
	if err := write(w, respond(request, result)); err != nil {
		v.Log.V(1).Info("cannot answer", "cause", err.Error())
	}
}

func (v Reviewer) recoverPanic(w http.ResponseWriter) {
	if cause := recover(); cause != nil {
		v.Log.Error(fmt.Errorf("panic: %v", cause), "cannot review", "stack", string(debug.Stack()))
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

// read reads a request into a body. What it gives holds parts of that.
func (v Reviewer) read(w http.ResponseWriter, r *http.Request, body *bytes.Buffer) (*admissionv1.AdmissionRequest, int, error) {
	if r.Method != http.MethodPost {
		return nil, http.StatusMethodNotAllowed, errors.New("an AdmissionReview comes by POST")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, http.StatusUnsupportedMediaType, errors.New("an AdmissionReview comes as application/json")
	}
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, MaxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the review is larger than %d bytes", MaxBody)
	}
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("cannot read the review: %w", err)
	}
	review, err := decodeReview(body.Bytes())
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("cannot decode the review: %w", err)
	}
	if review.GroupVersionKind() != admissionv1.SchemeGroupVersion.WithKind("AdmissionReview") || review.Request == nil {
		return nil, http.StatusBadRequest, fmt.Errorf("not an AdmissionReview of %s with a request", admissionv1.SchemeGroupVersion)
	}
	got := schema.GroupKind{Group: review.Request.Kind.Group, Kind: review.Request.Kind.Kind}
	if got != v.Kind {
		return nil, http.StatusUnprocessableEntity, fmt.Errorf("a review of %s came where %s is reviewed", got, v.Kind)
	}
	return review.Request, http.StatusOK, nil
}

// respond makes the review that goes back.
func respond(request *admissionv1.AdmissionRequest, result Answer) *admissionv1.AdmissionReview {
	response := &admissionv1.AdmissionResponse{UID: request.UID, Allowed: result.Denied == "", Warnings: bounded(result.Warnings), AuditAnnotations: result.Audit}
	if !response.Allowed {
		response.Result = &metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: result.Denied,
		}
	} else if len(result.Patch) > 0 {
		kind := admissionv1.PatchTypeJSONPatch
		response.PatchType = &kind
		response.Patch, _ = json.Marshal(result.Patch) // values came out of JSON
	}
	review := &admissionv1.AdmissionReview{Response: response}
	review.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind("AdmissionReview"))
	return review
}

// bounded keeps each warning within the 256 characters that a client shows whole.
func bounded(warnings []string) []string {
	const most = 256
	out := make([]string, len(warnings))
	for i, warning := range warnings {
		out[i] = excerpt.Runes(warning, most)
	}
	return out
}

// verdict is that of an answer that was given.
func (a Answer) verdict() string {
	if a.Denied != "" {
		return Denied
	}
	return Allowed
}

func write(w http.ResponseWriter, review *admissionv1.AdmissionReview) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(review)
}
