// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/webhook"
)

// itself is the name under which a Writer asks its own admission.
const itself = "evenkeel: writing"

// Writer is a client that brings its own admission: what it patches is rendered
// as the webhook would have rendered it, where the webhook is not there to do so.
type Writer struct {
	client.Client
	handler http.Handler
}

// NewWriter makes a Writer of a client that reads the cluster itself. kinds are
// the kinds of routes that the cluster has.
func NewWriter(c client.Client, kinds []route.Kind) *Writer {
	mux := http.NewServeMux()
	webhook.New(webhook.Options{
		Cache: c, Live: c, Policies: config.NewStore(), Log: logr.Discard(), Self: itself, Kinds: kinds, Now: time.Now,
	}).Register(mux.Handle)
	return &Writer{Client: c, handler: mux}
}

// served are the kinds whose writes admission renders, with its paths.
var served = map[schema.GroupKind]string{
	{Group: "apps", Kind: "Deployment"}:                     "/mutate/deployments",
	{Group: "apps", Kind: "StatefulSet"}:                    "/mutate/statefulsets",
	{Group: "apps", Kind: "DaemonSet"}:                      "/mutate/daemonsets",
	{Kind: "Service"}:                                       "/mutate/services",
	{Group: "gateway.networking.k8s.io", Kind: "HTTPRoute"}: "/mutate/httproutes",
	{Group: "gateway.networking.k8s.io", Kind: "GRPCRoute"}: "/mutate/grpcroutes",
	{Group: "networking.k8s.io", Kind: "Ingress"}:           "/mutate/ingresses",
}

// Patch patches an object, which is then as the API server has it. A dry run tells whether admission renders the patch;
// where nobody does, what is written is rendered here, in that one write, and
// where a manager keeps the annotations as they are, nothing is.
func (w *Writer) Patch(ctx context.Context, object client.Object, patch client.Patch, options ...client.PatchOption) error {
	kind, err := apiutil.GVKForObject(object, w.Scheme())
	if err != nil {
		return fmt.Errorf("cannot patch: %w", err)
	}
	path, ours := served[kind.GroupKind()]
	if !ours {
		return w.Client.Patch(ctx, object, patch, options...)
	}
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(kind)
	if err := w.Get(ctx, client.ObjectKeyFromObject(object), live); err != nil {
		return err
	}
	patched, rendered, err := w.rendered(ctx, path, live, object, patch)
	if err != nil {
		return err
	}
	tried := live.DeepCopy()
	if err := w.Client.Patch(ctx, tried, patch, append(slices.Clone(options), client.DryRunAll)...); err != nil {
		return err
	}
	switch {
	case reflect.DeepEqual(tried.Object["spec"], rendered.Object["spec"]):
		return w.Client.Patch(ctx, object, patch, options...)
	case !maps.Equal(tried.GetAnnotations(), patched.GetAnnotations()):
		return nil
	}
	if err := w.Update(ctx, rendered, client.FieldOwner("evenkeel")); err != nil {
		return err
	}
	if u, untyped := object.(*unstructured.Unstructured); untyped {
		u.Object = rendered.Object
		return nil
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(rendered.Object, object)
}

// Delete deletes an object; of what leads to a canary the label goes first, for
// which the cluster refuses its deletion to everybody but the managers.
func (w *Writer) Delete(ctx context.Context, object client.Object, options ...client.DeleteOption) error {
	if object.GetLabels()[rollout.RoleLabel] != "" {
		unmark := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"labels":{%q:null}}}`, rollout.RoleLabel))
		copied, _ := object.DeepCopyObject().(client.Object)
		if err := w.Client.Patch(ctx, copied, unmark); err != nil {
			return client.IgnoreNotFound(err)
		}
	}
	return w.Client.Delete(ctx, object, options...)
}

// rendered is a patched object, and what admission makes of it.
func (w *Writer) rendered(ctx context.Context, path string, live *unstructured.Unstructured, object client.Object, patch client.Patch) (patched, rendered *unstructured.Unstructured, err error) {
	old, err := json.Marshal(live)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write %s: %w", live.GetKind(), err)
	}
	data, err := patch.Data(object)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read the patch: %w", err)
	}
	text, err := jsonpatch.MergePatch(old, data)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot apply the patch: %w", err)
	}
	if patched, err = parsed(text); err != nil {
		return nil, nil, err
	}
	kind := live.GroupVersionKind()
	response, err := post(ctx, w.handler, path, &admissionv1.AdmissionRequest{
		UID: "writing", Operation: admissionv1.Update, Name: live.GetName(), Namespace: live.GetNamespace(),
		Kind:   metav1.GroupVersionKind{Group: kind.Group, Version: kind.Version, Kind: kind.Kind},
		Object: runtime.RawExtension{Raw: text}, OldObject: runtime.RawExtension{Raw: old}, UserInfo: authenticationv1.UserInfo{Username: itself},
	})
	switch {
	case err != nil:
		return nil, nil, err
	case !response.Allowed:
		return nil, nil, errors.New(response.Result.Message)
	case len(response.Patch) == 0:
		return patched, patched, nil
	}
	operations, err := jsonpatch.DecodePatch(response.Patch)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read the rendering: %w", err)
	}
	if text, err = operations.Apply(text); err != nil {
		return nil, nil, fmt.Errorf("cannot apply the rendering: %w", err)
	}
	rendered, err = parsed(text)
	return patched, rendered, err
}

func parsed(text []byte) (*unstructured.Unstructured, error) {
	out := &unstructured.Unstructured{}
	if err := out.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("cannot read what is to be written: %w", err)
	}
	return out, nil
}
