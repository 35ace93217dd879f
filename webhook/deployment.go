// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/rules"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
	"github.com/evenkeel-dev/evenkeel/webhook/traced"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// deployment is one write of a Deployment, decoded.
type deployment struct {
	old, incoming *appsv1.Deployment // old is nil on CREATE
	// template is the live object's, as it was sent; sameTemplate tells that the
	// incoming object has it to the letter.
	template     review.Template
	sameTemplate bool
	sent         []byte        // incoming, as it was sent
	state        rollout.State // of the live object
	frozen       error         // why the live object's state cannot be read
	self         bool          // Evenkeel wrote it
	requester    string
	policy       policy.Policy
	now          time.Time
	warnings     []string
}

// mutateDeployment reviews a write of a Deployment and renders what is in flight.
func (h *Handler) mutateDeployment(r *http.Request, request *admissionv1.AdmissionRequest) (review.Answer, error) {
	d, err := h.decode(request)
	if err != nil || d.incoming.DeletionTimestamp != nil {
		return review.Answer{}, err
	}
	if d.self && d.old != nil {
		return h.renderOwn(r.Context(), d)
	}
	if d.frozen != nil {
		return h.frozenWrite(r.Context(), d)
	}
	subject, err := h.subject(r, d)
	if err != nil {
		return review.Answer{}, err
	}
	plan := rules.Review(subject)
	h.metrics.planned(plan, subject.Neighbours)
	audit := plan.AuditAnnotations()
	if message, denied := plan.Denied(); denied {
		return review.Answer{Denied: message, Warnings: plan.Warnings, Audit: audit}, nil
	}
	d.warnings = append(d.warnings, plan.Warnings...)
	outcome, err := h.decideFlight(r.Context(), d, plan)
	if err != nil || outcome.Denied != "" {
		return review.Answer{Denied: outcome.Denied, Warnings: d.warnings, Audit: audit}, err
	}
	patch, err := review.Patch(d.sent, outcome.Changes)
	if err == nil {
		h.told.Plain(request, d.old, outcome.Plainly)
	}
	warnings := slices.Concat(d.warnings, outcome.Warnings, h.editedState(r.Context(), d))
	return review.Answer{Patch: patch, Warnings: warnings, Audit: audit}, err
}

// validateDeployment reviews the object that came out of all mutating webhooks.
func (h *Handler) validateDeployment(r *http.Request, request *admissionv1.AdmissionRequest) (review.Answer, error) {
	d, err := h.decode(request)
	if err != nil || d.incoming.DeletionTimestamp != nil || d.self || d.frozen != nil {
		return review.Answer{}, err
	}
	subject, err := h.subject(r, d)
	if err != nil {
		return review.Answer{}, err
	}
	if after, err := rollout.ParseState(d.incoming.Annotations[rollout.StateAnnotation]); err == nil && after.InFlight() {
		subject.New = subject.New.DeepCopy()
		after.User.Put(subject.New)
	}
	message, _ := rules.Review(subject).Denied()
	return review.Answer{Denied: message}, nil
}

func (h *Handler) decode(request *admissionv1.AdmissionRequest) (*deployment, error) {
	d := &deployment{sent: request.Object.Raw, self: request.UserInfo.Username == h.self, requester: request.UserInfo.Username, now: h.now()}
	var err error
	if len(request.OldObject.Raw) > 0 {
		if d.old, d.template, err = review.Deployment(request.OldObject.Raw, review.Template{}); err != nil {
			return nil, err
		}
	}
	incoming, template, err := review.Deployment(request.Object.Raw, d.template)
	if err != nil {
		return nil, err
	}
	d.incoming, d.sameTemplate = incoming, bytes.Equal(d.template.Text, template.Text)
	if d.incoming.Namespace == "" {
		d.incoming.Namespace = request.Namespace
	}
	if d.old == nil {
		return d, nil
	}
	d.state, d.frozen = rollout.ParseState(d.old.Annotations[rollout.StateAnnotation])
	return d, nil
}

// subject gives the policy's rules the user's own view of the write: the hold's
// knobs are replaced by what the user wrote for them, now or before.
func (h *Handler) subject(r *http.Request, d *deployment) (policy.Subject, error) {
	subject, err := h.around(r.Context(), d.incoming, d.now)
	if err != nil {
		return policy.Subject{}, err
	}
	d.policy = subject.Policy
	subject.Watch = traced.Checks(r.Context(), h.now, h.metrics.watch(h.now))
	subject.Old, subject.Requester, subject.SameTemplate = d.old, d.requester, d.sameTemplate
	if d.old != nil && !d.sameTemplate {
		subject.Revisions = h.topology.Revisions(r.Context(), d.old)
	}
	if d.state.InFlight() {
		live := rollout.KnobsOf(d.old)
		subject.Old, subject.New = d.old.DeepCopy(), d.incoming.DeepCopy()
		d.state.User.Put(subject.Old)
		d.state.Wish(live, rollout.KnobsOf(d.incoming)).Put(subject.New)
	}
	return subject, nil
}

// around resolves the policy of a Deployment and reads its neighbours.
func (h *Handler) around(ctx context.Context, d *appsv1.Deployment, now time.Time) (policy.Subject, error) {
	p, err := h.resolve(ctx, d.Namespace, d.Labels)
	if err != nil {
		return policy.Subject{}, err
	}
	p = p.WithAnnotations(d.Annotations)
	return policy.Subject{
		New: d, Policy: p, Now: now, Neighbours: h.topology.Neighbours(ctx, d, p.Rollout),
	}, nil
}

// resolve gives the policy of an object, but for its own annotations.
func (h *Handler) resolve(ctx context.Context, namespace string, objectLabels map[string]string) (policy.Policy, error) {
	set := h.policies.Current()
	var namespaceLabels map[string]string
	if set.NeedsNamespaceLabels() {
		var err error
		if namespaceLabels, err = h.topology.NamespaceLabels(ctx, namespace); err != nil {
			return policy.Policy{}, err
		}
	}
	return set.Resolve(namespace, namespaceLabels, objectLabels), nil
}

// editedState tells whoever edited the state of a Deployment. kubectl rollout undo
// brings the annotations of the revision that it goes back to, and edits nothing.
func (h *Handler) editedState(ctx context.Context, d *deployment) []string {
	if d.old == nil || !workload.Edited(rollout.StateAnnotation, d.old.Annotations, d.incoming.Annotations) || h.topology.Carried(ctx, d.old, d.incoming.Annotations[rollout.StateAnnotation]) {
		return nil
	}
	return workload.PutBack(rollout.StateAnnotation)
}
