// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
)

// maxCause bounds the change cause, in bytes.
const maxCause = 200

// injectCause fills in what kubectl rollout history shows: which image came, and
// by whom. It is metadata and restarts nothing.
//
// Reads the images; writes the annotation kubernetes.io/change-cause. Never over
// a cause of the user's.
func injectCause(r *review) {
	have, before := r.New.Annotations[policy.CauseAnnotation], ""
	if r.Old != nil {
		before = r.Old.Annotations[policy.CauseAnnotation]
	}
	ours := have == "" || (r.before.Cause && have == before)
	came := r.stamped.Cause && have != "" && (have != before || have == r.cause()) // with a revision, or of a first pass
	switch by := r.asked.by("metadata", "annotations", policy.CauseAnnotation); {
	case !r.Policy.Inject.ChangeCause || !r.wants.cause:
		return
	case by == "" && came:
		r.after.Cause = true
	case by != "" || !ours:
		r.keep("change cause", by)
	case r.TemplateChanged:
		r.after.Cause = true
		r.putCause(have, r.cause())
	case r.before.Cause:
		r.after.Cause = true
		r.putCause(have, before)
	}
}

func (r *review) putCause(have, want string) {
	if have == want {
		return
	}
	r.Object.Annotations = setLabel(r.Object.Annotations, policy.CauseAnnotation, want)
	r.change("/metadata/annotations/"+escape(policy.CauseAnnotation), orNil(want), "the change cause for kubectl rollout history")
}

// cause names the images that this template brings, and who brings it.
func (r *review) cause() string {
	var images []string
	for _, c := range r.New.Spec.Template.Spec.Containers {
		if r.Old == nil {
			images = append(images, c.Name+"="+c.Image)
			continue
		}
		if was := containerOf(r.Old, c.Name); was == nil || was.Image != c.Image {
			images = append(images, c.Name+"="+c.Image)
		}
	}
	text := "image " + strings.Join(images, ", ")
	if len(images) == 0 {
		text = "template changed"
	}
	text = excerpt.Bytes(text, maxCause)
	if r.Requester != "" {
		text = fmt.Sprintf("%s, by %s", text, r.Requester)
	}
	return text
}
