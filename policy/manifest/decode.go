// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy/defaults"
)

// known makes an object of each kind that is typed.
var known = map[metav1.TypeMeta]func() client.Object{
	{APIVersion: "apps/v1", Kind: "Deployment"}:                          func() client.Object { return &appsv1.Deployment{} },
	{APIVersion: "apps/v1", Kind: "ReplicaSet"}:                          func() client.Object { return &appsv1.ReplicaSet{} },
	{APIVersion: "v1", Kind: "Namespace"}:                                func() client.Object { return &corev1.Namespace{} },
	{APIVersion: "v1", Kind: "Service"}:                                  func() client.Object { return &corev1.Service{} },
	{APIVersion: "v1", Kind: "ResourceQuota"}:                            func() client.Object { return &corev1.ResourceQuota{} },
	{APIVersion: "v1", Kind: "PersistentVolumeClaim"}:                    func() client.Object { return &corev1.PersistentVolumeClaim{} },
	{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}:               func() client.Object { return &policyv1.PodDisruptionBudget{} },
	{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"}:      func() client.Object { return &autoscalingv2.HorizontalPodAutoscaler{} },
	{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"}:                func() client.Object { return &networkingv1.Ingress{} },
	{APIVersion: "networking.k8s.io/v1", Kind: "IngressClass"}:           func() client.Object { return &networkingv1.IngressClass{} },
	{APIVersion: "gateway.networking.k8s.io/v1", Kind: "GRPCRoute"}:      func() client.Object { return &gatewayv1.GRPCRoute{} },
	{APIVersion: "gateway.networking.k8s.io/v1", Kind: "HTTPRoute"}:      func() client.Object { return &gatewayv1.HTTPRoute{} },
	{APIVersion: "gateway.networking.k8s.io/v1beta1", Kind: "HTTPRoute"}: func() client.Object { return &gatewayv1.HTTPRoute{} },
}

// objects reads what a document holds: one object, the items of a List, or
// nothing that matters.
func (d Document) objects() ([]Object, error) {
	if blank(d.Text) {
		return nil, nil
	}
	text := d.Text
	if !json.Valid(text) {
		var err error
		if text, err = yaml.YAMLToJSONStrict(d.Text); err != nil {
			return nil, d.located(err)
		}
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("null")) {
		return nil, nil
	}
	var head struct {
		metav1.TypeMeta `json:",inline"`
		Items           []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, errors.New("this is no Kubernetes object")
	}
	if !strings.HasSuffix(head.Kind, "List") || head.Items == nil {
		return one(text, head.TypeMeta, d, -1)
	}
	var out []Object
	for i, item := range head.Items {
		var of metav1.TypeMeta
		if err := json.Unmarshal(item, &of); err != nil {
			return out, fmt.Errorf("item %d is no Kubernetes object", i)
		}
		if of.Kind == "" {
			of = metav1.TypeMeta{APIVersion: head.APIVersion, Kind: strings.TrimSuffix(head.Kind, "List")}
		}
		found, err := one(item, of, d, i)
		if err != nil {
			return out, fmt.Errorf("item %d: %w", i, err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// one types an object of a kind that matters, strictly, and fills in the defaults.
func one(text []byte, of metav1.TypeMeta, d Document, item int) ([]Object, error) {
	fresh, matters := known[of]
	if !matters {
		return nil, nil
	}
	object := fresh()
	strict, err := kjson.UnmarshalStrict(text, object)
	if err = errors.Join(append([]error{err}, strict...)...); err != nil {
		return nil, fmt.Errorf("%s: %s", of.Kind, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if object.GetName() == "" && object.GetGenerateName() == "" {
		return nil, fmt.Errorf("%s: it has no metadata.name", of.Kind)
	}
	if object.GetNamespace() == "" && of.Kind != "Namespace" {
		object.SetNamespace(metav1.NamespaceDefault)
	}
	switch typed := object.(type) {
	case *appsv1.Deployment:
		defaults.Deployment(typed)
	case *corev1.Service:
		defaults.Service(typed)
	case *autoscalingv2.HorizontalPodAutoscaler:
		defaults.HorizontalPodAutoscaler(typed)
	case *corev1.ResourceQuota:
		if typed.Status.Hard == nil { // a file knows of no use yet
			typed.Status.Hard = typed.Spec.Hard
		}
	}
	return []Object{{Object: object, Line: d.Line + d.offset(), Document: d.Number, Item: item, raw: text}}, nil
}

// Applied is a Deployment as kubectl apply sends it: what its file says is known
// to be asked for. One that was read from a cluster tells that itself. What it is
// not gives nil.
func (o Object) Applied() *appsv1.Deployment {
	d, ok := o.Object.(*appsv1.Deployment)
	if !ok {
		return nil
	}
	out := d.DeepCopy()
	if out.Annotations[corev1.LastAppliedConfigAnnotation] == "" && len(out.ManagedFields) == 0 {
		if out.Annotations == nil {
			out.Annotations = map[string]string{}
		}
		out.Annotations[corev1.LastAppliedConfigAnnotation] = string(o.raw)
	}
	return out
}

// blank tells a document of comments and empty lines.
func blank(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// offset is how many lines of comments stand before the object.
func (d Document) offset() int {
	n := 0
	for line := range bytes.Lines(d.Text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			break
		}
		n++
	}
	return n
}

var lineOf = regexp.MustCompile(`line (\d+)`)

// located gives a parser's error the line of the file instead of the document's.
func (d Document) located(err error) error {
	text := lineOf.ReplaceAllStringFunc(err.Error(), func(found string) string {
		number, bad := strconv.Atoi(strings.TrimPrefix(found, "line "))
		if bad != nil {
			return found
		}
		return fmt.Sprintf("line %d", number+d.Line-1)
	})
	return errors.New(strings.ReplaceAll(strings.TrimPrefix(text, "error converting YAML to JSON: "), "\n", ";"))
}
