// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batches

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
	"github.com/evenkeel-dev/evenkeel/webhook/topology"
)

// write is one write of a StatefulSet or of a DaemonSet, decoded.
type write struct {
	kind          string
	old, incoming *seen       // old is nil on CREATE
	sent          []byte      // incoming, as it was sent
	state         batch.State // of the live object
	frozen        error       // why the live object's state cannot be read
	self          bool        // Evenkeel wrote it
	requester     string
	rollout       policy.Rollout
	policy        policy.Policy
	now           time.Time
	warnings      []string
}

// seen is what a release in batches looks at in both kinds.
type seen struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Replicas             *int32                `json:"replicas"` // of a StatefulSet
		RevisionHistoryLimit *int32                `json:"revisionHistoryLimit"`
		Selector             *metav1.LabelSelector `json:"selector"`
		Template             jsontext.Value        `json:"template"`
		UpdateStrategy       jsontext.Value        `json:"updateStrategy"`
	} `json:"spec"`
	Status struct {
		UpdateRevision string `json:"updateRevision"` // of a StatefulSet
	} `json:"status"`

	template corev1.PodTemplateSpec
	knobs    batch.Knobs
}

// Mutate starts releases in batches, and renders what is in flight.
func (h *Handler) Mutate(kind string) review.Func {
	return func(r *http.Request, request *admissionv1.AdmissionRequest) (review.Answer, error) {
		w, err := h.decode(kind, request)
		if err != nil || w.incoming.Metadata.DeletionTimestamp != nil {
			return review.Answer{}, err
		}
		outcome, err := h.decide(r.Context(), w)
		if err != nil || outcome.Denied != "" {
			return review.Answer{Denied: outcome.Denied, Warnings: w.warnings}, err
		}
		patch, err := review.Patch(w.sent, outcome.Changes)
		if err == nil && outcome.Plainly != "" {
			h.Told.Plain(request, w.object(), outcome.Plainly)
		}
		return review.Answer{Patch: patch, Warnings: append(w.warnings, outcome.Warnings...)}, err
	}
}

// object is the live workload, as far as an Event names it.
func (w *write) object() runtime.Object {
	if w.kind == batch.StatefulSet {
		return &appsv1.StatefulSet{ObjectMeta: w.old.Metadata}
	}
	return &appsv1.DaemonSet{ObjectMeta: w.old.Metadata}
}

// Validate looks at what came out of all mutating webhooks.
func (h *Handler) Validate(kind string) review.Func {
	return func(_ *http.Request, request *admissionv1.AdmissionRequest) (review.Answer, error) {
		w, err := h.decode(kind, request)
		if err != nil || w.incoming.Metadata.DeletionTimestamp != nil || w.self || w.frozen != nil {
			return review.Answer{}, err
		}
		user := w.incoming.knobs
		if after, err := batch.ParseState(w.incoming.Metadata.Annotations[rollout.StateAnnotation]); err == nil && after.InFlight() {
			user = *after.User
		}
		return review.Answer{Denied: w.refused(user)}, nil
	}
}

func (h *Handler) decode(kind string, request *admissionv1.AdmissionRequest) (*write, error) {
	w := &write{kind: kind, sent: request.Object.Raw, self: request.UserInfo.Username == h.Self, requester: request.UserInfo.Username, now: h.Now()}
	var err error
	if w.incoming, err = read(kind, request.Object.Raw); err != nil {
		return nil, err
	}
	w.incoming.Metadata.Namespace = request.Namespace
	if len(request.OldObject.Raw) == 0 {
		return w, nil
	}
	if w.old, err = read(kind, request.OldObject.Raw); err != nil {
		return nil, err
	}
	w.old.Metadata.Namespace = request.Namespace
	w.state, w.frozen = batch.ParseState(w.old.Metadata.Annotations[rollout.StateAnnotation])
	return w, nil
}

func read(kind string, raw []byte) (*seen, error) {
	var sent seen
	err := json.Unmarshal(raw, &sent, review.AsSent)
	if err == nil && len(sent.Spec.Template) > 0 {
		err = json.Unmarshal(sent.Spec.Template, &sent.template, review.AsSent)
	}
	if err == nil && len(sent.Spec.UpdateStrategy) > 0 {
		err = json.Unmarshal(fmt.Appendf(nil, `{"%s%s":%s}`, strings.ToLower(kind[:1]), kind[1:], sent.Spec.UpdateStrategy), &sent.knobs, review.AsSent)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot decode the %s: %w", kind, err)
	}
	return &sent, nil
}

// templateChanged tells whether the pods are to become others.
func (w *write) templateChanged() bool {
	return !equality.Semantic.DeepEqual(w.old.template, w.incoming.template)
}

// opted tells whether a changed template is released in batches.
func (s *seen) opted() bool {
	return s.Metadata.Annotations[policy.StrategyAnnotation] == rollout.Batch
}

// wish is the updateStrategy that the requester has in mind.
func (w *write) wish() batch.Knobs {
	if w.state.InFlight() {
		return w.state.Wish(w.old.knobs, w.incoming.knobs)
	}
	return w.incoming.knobs
}

// refused says why a write cannot be released as it asks to be; empty where it
// can, and where the live object asks for no less.
func (w *write) refused(user batch.Knobs) string {
	err := w.unfit(w.incoming, user)
	if err == nil {
		return ""
	}
	if w.old != nil {
		before := w.old.knobs
		if w.state.InFlight() {
			before = *w.state.User
		}
		if w.unfit(w.old, before) != nil {
			return ""
		}
	}
	return "evenkeel: " + err.Error()
}

// unfit says what is wrong with what somebody wrote about the release.
func (w *write) unfit(s *seen, user batch.Knobs) error {
	strategy := s.Metadata.Annotations[policy.StrategyAnnotation]
	switch {
	case strategy == "" || strategy == rollout.Rolling:
		return nil
	case strategy != rollout.Batch:
		return fmt.Errorf("strategy: %q is not for a %s, whose pods change in batches; write:\n  %s: %s", strategy, w.kind, policy.StrategyAnnotation, rollout.Batch)
	}
	if steps, given := s.Metadata.Annotations[policy.StepsAnnotation]; given {
		if _, err := rollout.ParseSteps(steps); err != nil {
			return err
		}
	}
	if _, err := s.turn(); err != nil {
		return err
	}
	return batch.Manageable(user, s.Spec.RevisionHistoryLimit)
}

// defaultTurn is the share of the pods, in percent, that may be given all the
// traffic where nobody says so: fewer would be asked for twice their share.
const defaultTurn = 50

// turn is the weight from which on the new pods get all the traffic.
func (s *seen) turn() (int, error) {
	text, given := s.Metadata.Annotations[policy.TurnAnnotation]
	if !given {
		return defaultTurn, nil
	}
	turn, err := strconv.Atoi(strings.TrimSuffix(text, "%"))
	if err != nil || turn < 1 || turn > 100 || text != strconv.Itoa(turn)+"%" {
		return 0, fmt.Errorf("turn: %q is not a whole percent from 1%% to 100%%; write for example:\n  %s: 50%%", text, policy.TurnAnnotation)
	}
	return turn, nil
}

// around is the live workload for those who look around it.
func (w *write) around() topology.Batched {
	return topology.Batched{
		Kind: w.kind, Metadata: &w.old.Metadata, Selector: w.old.Spec.Selector, Template: &w.old.template, UpdateRevision: w.old.Status.UpdateRevision,
	}
}
