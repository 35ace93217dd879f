// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook"
)

// Question is one write of a Deployment. Objects are as the API server would
// send them, with its defaults.
type Question struct {
	// Live is what is there, nil on CREATE.
	Live, Incoming *appsv1.Deployment
	// World is what is around it.
	World    *World
	Policies *config.Store
	// Unknown are the kinds of neighbours of which the world knows nothing.
	Unknown []policy.Kind
	// Requester is who writes; empty where nobody does yet.
	Requester string
	Now       time.Time
}

// Answer is what admission says.
type Answer struct {
	Allowed bool `json:"allowed"`
	// Message is that of a refusal.
	Message  string          `json:"message,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
	Patch    json.RawMessage `json:"patch,omitempty"`
	// Object is the Deployment after the patch; left out in a refusal.
	Object           json.RawMessage   `json:"object,omitempty"`
	AuditAnnotations map[string]string `json:"auditAnnotations,omitempty"`
}

// Admit gives the answer: the mutating webhook's, and where that lets the object
// pass, the validating one's about what came out.
func Admit(ctx context.Context, q Question) (Answer, error) {
	incoming, err := json.Marshal(q.Incoming)
	if err != nil {
		return Answer{}, fmt.Errorf("cannot write the Deployment: %w", err)
	}
	response, err := q.ask(ctx, "/mutate/deployments", incoming)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Allowed: response.Allowed, Warnings: response.Warnings, AuditAnnotations: response.AuditAnnotations}
	if !response.Allowed {
		answer.Message = response.Result.Message
		return answer, nil
	}
	answer.Object, answer.Patch = incoming, response.Patch
	if len(response.Patch) > 0 {
		patch, err := jsonpatch.DecodePatch(response.Patch)
		if err != nil {
			return Answer{}, fmt.Errorf("cannot read the patch: %w", err)
		}
		if answer.Object, err = patch.Apply(incoming); err != nil {
			return Answer{}, fmt.Errorf("cannot apply the patch: %w", err)
		}
	}
	verdict, err := q.ask(ctx, "/validate/deployments", answer.Object)
	if err != nil {
		return Answer{}, err
	}
	if !verdict.Allowed {
		return Answer{Message: verdict.Result.Message, Warnings: answer.Warnings, AuditAnnotations: answer.AuditAnnotations}, nil
	}
	return answer, nil
}

// ask sends one review through the handler that serves the path.
func (q Question) ask(ctx context.Context, path string, incoming []byte) (*admissionv1.AdmissionResponse, error) {
	request := &admissionv1.AdmissionRequest{
		UID: "offline", Operation: admissionv1.Create, Name: q.Incoming.Name, Namespace: q.Incoming.Namespace,
		Kind:     metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"},
		Object:   runtime.RawExtension{Raw: incoming},
		UserInfo: authenticationv1.UserInfo{Username: q.Requester},
	}
	if q.Live != nil {
		live, err := json.Marshal(q.Live)
		if err != nil {
			return nil, fmt.Errorf("cannot write the live Deployment: %w", err)
		}
		request.Operation, request.OldObject = admissionv1.Update, runtime.RawExtension{Raw: live}
	}
	return post(ctx, q.handler(), path, request)
}

// post is the way of a request, without a network.
func post(ctx context.Context, handler http.Handler, path string, asked *admissionv1.AdmissionRequest) (*admissionv1.AdmissionResponse, error) {
	review := admissionv1.AdmissionReview{Request: asked}
	review.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind("AdmissionReview"))
	body, err := json.Marshal(review)
	if err != nil {
		return nil, fmt.Errorf("cannot write the review: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("cannot ask: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	out := &reply{header: http.Header{}, status: http.StatusOK}
	handler.ServeHTTP(out, request)
	if out.status != http.StatusOK {
		return nil, errors.New(strings.TrimSpace(out.body.String()))
	}
	var answered admissionv1.AdmissionReview
	if err := json.Unmarshal(out.body.Bytes(), &answered); err != nil {
		return nil, fmt.Errorf("cannot read the answer: %w", err)
	}
	return answered.Response, nil
}

func (q Question) handler() http.Handler {
	mux := http.NewServeMux()
	Handler(q.World, q.Policies, q.Unknown, q.Now).Register(mux.Handle)
	return mux
}

// Handler is admission over a world at a time. Of the kinds that are unknown the
// world knows nothing: the checks that need them keep silent.
func Handler(world *World, policies *config.Store, unknown []policy.Kind, now time.Time) *webhook.Handler {
	return webhook.New(webhook.Options{
		Cache: world, Live: world, Policies: policies, Log: logr.Discard(), Unasked: unknown,
		Now: func() time.Time { return now }, Self: "nobody: offline, everybody is a user",
	})
}

// reply keeps what a handler answers.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header gives the header that is sent.
func (r *reply) Header() http.Header { return r.header }

// Write keeps a part of the body.
func (r *reply) Write(text []byte) (int, error) { return r.body.Write(text) }

// WriteHeader keeps the status.
func (r *reply) WriteHeader(status int) { r.status = status }
