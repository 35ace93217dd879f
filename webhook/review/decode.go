// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package review

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AsSent are the rules by which the API server itself reads objects: names match
// by case, and of names that come twice the last counts.
var AsSent = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// span is where in a text a value stands. It is decoded into what is left as it
// was sent.
type span struct{ from, to int64 }

// UnmarshalJSONFrom notes the place of the next value, and passes over it.
func (s *span) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	value, err := from.ReadValue()
	if err != nil || value.Kind() == 'n' {
		return err
	}
	s.to = from.InputOffset()
	s.from = s.to - int64(len(value))
	return nil
}

func (s span) of(text []byte) []byte {
	if s.to == 0 {
		return nil
	}
	return text[s.from:s.to:s.to]
}

// decodeReview reads an AdmissionReview. Its objects are parts of the body, not copies.
func decodeReview(body []byte) (*admissionv1.AdmissionReview, error) {
	var sent struct {
		metav1.TypeMeta `json:",inline"`
		Request         *struct {
			admissionv1.AdmissionRequest `json:",inline"`

			Object    span `json:"object"`
			OldObject span `json:"oldObject"`
			Options   span `json:"options"`
		} `json:"request"`
	}
	if err := json.Unmarshal(body, &sent, AsSent); err != nil {
		return nil, err
	}
	review := &admissionv1.AdmissionReview{TypeMeta: sent.TypeMeta}
	if sent.Request == nil {
		return review, nil
	}
	review.Request = &sent.Request.AdmissionRequest
	review.Request.Object.Raw = sent.Request.Object.of(body)
	review.Request.OldObject.Raw = sent.Request.OldObject.of(body)
	review.Request.Options.Raw = sent.Request.Options.of(body)
	return review, nil
}

// Template is a pod template with the text that it was read from.
type Template struct {
	Text  []byte
	Typed *corev1.PodTemplateSpec
}

// sentTemplate reads the template of an object's text. Most writes leave it as it
// is: one whose text is known already is copied instead of read.
type sentTemplate struct {
	object []byte
	known  Template
	Template
}

// UnmarshalJSONFrom reads the next value of the object's text.
func (t *sentTemplate) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	rest := bytes.TrimLeft(t.object[from.InputOffset():], ": \t\r\n")
	start := len(t.object) - len(rest)
	var err error
	if len(t.known.Text) > 0 && bytes.HasPrefix(rest, t.known.Text) {
		t.known.Typed.DeepCopyInto(t.Typed)
		err = from.SkipValue()
	} else {
		err = json.UnmarshalDecode(from, t.Typed)
	}
	if err == nil {
		t.Text = t.object[start:from.InputOffset()]
	}
	return err
}

// Deployment reads a Deployment, with the help of a template that is known.
func Deployment(raw []byte, known Template) (*appsv1.Deployment, Template, error) {
	d := &appsv1.Deployment{}
	var sent struct {
		*appsv1.Deployment `json:",inline"`

		Spec struct {
			*appsv1.DeploymentSpec `json:",inline"`

			Template sentTemplate `json:"template"`
		} `json:"spec"`
	}
	sent.Deployment, sent.Spec.DeploymentSpec = d, &d.Spec
	sent.Spec.Template = sentTemplate{object: raw, known: known, Template: Template{Typed: &d.Spec.Template}}
	if err := json.Unmarshal(raw, &sent, AsSent); err != nil {
		return nil, Template{}, fmt.Errorf("cannot decode the Deployment: %w", err)
	}
	return d, Template{sent.Spec.Template.Text, &d.Spec.Template}, nil
}
