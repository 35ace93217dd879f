// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// injectVersion fills the version label of the pods and of the Deployment.
//
// Reads spec.template.spec.containers[0].image (or that of the container named
// like the Deployment); writes the policy's key in spec.template.metadata.labels
// and metadata.labels. An image without a tag gives nothing. Never a key of the
// selector, and never over a value of the user's.
func injectVersion(r *review) {
	if !r.TemplateChanged {
		r.carryVersion()
	}
	if !r.TemplateChanged || r.back != nil {
		return
	}
	key, version := r.wantedVersion()
	if ours := r.ours.VersionLabel; ours != "" && ours != key {
		r.setVersion(ours, "") // what was true of the old image is not of this one
	}
	if key == "" || r.versionIsTheUsers(key, version) {
		return
	}
	r.setVersion(key, version)
	r.after.VersionLabel = key
	if r.before.VersionLabel != key && r.stamped.VersionLabel != key {
		r.filled = append(r.filled, "label "+key+" "+version)
	}
}

// wantedVersion is the label that the policy gives this image; no key is none.
func (r *review) wantedVersion() (key, version string) {
	key, version = r.Policy.Inject.VersionLabel, versionOf(r.New, r.Policy.Inject.VersionFrom)
	if !r.wants.version || version == "" || selects(r.New, key) {
		return "", ""
	}
	return key, version
}

// versionIsTheUsers tells whether the template has the label by somebody else's will.
func (r *review) versionIsTheUsers(key, version string) bool {
	value, set := r.New.Spec.Template.Labels[key]
	given := r.stamped.VersionLabel == key && value == version && !r.asked.forLabel(key)
	return set && r.ours.VersionLabel != key && !given
}

// carryVersion puts back what was injected where the requester left it out.
func (r *review) carryVersion() {
	ours := r.ours.VersionLabel
	if ours == "" {
		return
	}
	r.after.VersionLabel = ours
	if value, had := r.Old.Spec.Template.Labels[ours]; had {
		r.setVersion(ours, value)
	}
}

// setVersion writes the label where it differs; "" removes it. The Deployment's
// own label follows unless the user gave it another value.
func (r *review) setVersion(key, value string) {
	why := r.because("label " + key + " " + value)
	if value == "" {
		why = "label " + key + " is not injected any more"
	}
	if r.Object.Spec.Template.Labels[key] != value {
		r.Object.Spec.Template.Labels = setLabel(r.Object.Spec.Template.Labels, key, value)
		r.change("/spec/template/metadata/labels/"+escape(key), orNil(value), why)
	}
	own, set := r.Object.Labels[key]
	mine := r.Old != nil && r.before.VersionLabel == key && !r.asked.forField("metadata", "labels", key) &&
		own == r.Old.Labels[key] && own == r.Old.Spec.Template.Labels[key]
	if own != value && (!set || mine) {
		r.Object.Labels = setLabel(r.Object.Labels, key, value)
		r.change("/metadata/labels/"+escape(key), orNil(value), why)
	}
}

func setLabel(labels map[string]string, key, value string) map[string]string {
	if labels == nil {
		labels = map[string]string{}
	}
	if labels[key] = value; value == "" {
		delete(labels, key)
	}
	return labels
}

func selects(d *appsv1.Deployment, key string) bool {
	if d.Spec.Selector == nil {
		return false
	}
	for _, expression := range d.Spec.Selector.MatchExpressions {
		if expression.Key == key {
			return true
		}
	}
	_, matched := d.Spec.Selector.MatchLabels[key]
	return matched
}

// versionOf gives the version of the main container's image as a label's value:
// its tag, or its digest where that is asked for or there is no tag; "" is none.
func versionOf(d *appsv1.Deployment, from string) string {
	main := containerOf(d, d.Name)
	if main == nil && len(d.Spec.Template.Spec.Containers) > 0 {
		main = &d.Spec.Template.Spec.Containers[0]
	}
	if main == nil {
		return ""
	}
	_, tag, digest := splitImage(main.Image)
	if tag == "" || from == policy.FromImageDigest {
		tag = shortDigest(digest)
	}
	if len(tag) > validation.LabelValueMaxLength {
		tag = tag[:validation.LabelValueMaxLength]
	}
	tag = strings.Trim(tag, "-._")
	if len(validation.IsValidLabelValue(tag)) > 0 {
		return ""
	}
	return tag
}

// shortDigest writes "sha256:0123..." as a label can: its algorithm and first 12 digits.
func shortDigest(digest string) string {
	algorithm, sum, found := strings.Cut(digest, ":")
	if !found {
		return ""
	}
	return algorithm + "-" + sum[:min(12, len(sum))]
}

func escape(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}
