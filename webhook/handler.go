// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/trace"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/webhook/batches"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
	"github.com/evenkeel-dev/evenkeel/webhook/topology"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// Options are what a Handler is made of.
type Options struct {
	// Cache reads from informers, Live from the API server.
	Cache, Live client.Reader
	// Near reads PodDisruptionBudgets, HorizontalPodAutoscalers, ResourceQuotas,
	// PersistentVolumeClaims, Gateways and GatewayClasses; nil: Cache does.
	Near client.Reader
	// Filled tells whether the cache of a kind of neighbours is filled; nil: all are.
	Filled func(policy.Kind) bool
	// Unasked are the kinds of neighbours that are never looked at: the checks
	// that need them keep silent.
	Unasked []policy.Kind
	// Kinds are the kinds of routes that the cluster has; nil: all.
	Kinds []route.Kind
	// Policies holds the policy in force.
	Policies *config.Store
	// Self is the user name under which Evenkeel itself writes
	// ("system:serviceaccount:NAMESPACE:NAME").
	Self string
	Log  logr.Logger
	// Events tells on a workload what its writer should know later, too, without
	// waiting; nil tells nobody.
	Events events.EventRecorder
	// Metrics counts; nil counts nothing.
	Metrics *Metrics
	// Tracer makes a span of each review; nil makes none.
	Tracer trace.Tracer
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Handler answers all admission requests of Evenkeel.
type Handler struct {
	topology topology.Reader
	policies *config.Store
	self     string
	log      logr.Logger
	metrics  *Metrics
	told     workload.Told
	tracer   trace.Tracer
	now      func() time.Time
}

// New makes a Handler.
func New(o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Near == nil {
		o.Near = o.Cache
	}
	if o.Kinds == nil {
		o.Kinds = route.Kinds()
	}
	return &Handler{
		topology: topology.Reader{Cache: o.Cache, Near: o.Near, Live: o.Live, Filled: o.Filled, Unasked: o.Unasked, Kinds: o.Kinds},
		policies: o.Policies, self: o.Self, log: o.Log, metrics: o.Metrics, told: workload.Told{Events: o.Events}, tracer: o.Tracer, now: o.Now,
	}
}

// Register serves every path of the chart's webhook configurations; serve is such as
// the Register of controller-runtime's webhook.Server, or the Handle of a ServeMux.
func (h *Handler) Register(serve func(path string, handler http.Handler)) {
	apps := func(kind string) schema.GroupKind { return schema.GroupKind{Group: "apps", Kind: kind} }
	scales := schema.GroupKind{Group: "autoscaling", Kind: "Scale"}
	b := &batches.Handler{Topology: h.topology, Resolve: h.resolve, Self: h.self, Told: h.told, Log: h.log, Now: h.now}
	for _, served := range []struct {
		path   string
		kind   schema.GroupKind
		review review.Func
	}{
		{"/mutate/deployments", apps("Deployment"), h.mutateDeployment},
		{"/validate/deployments", apps("Deployment"), h.validateDeployment},
		{"/validate/scales", scales, h.validateScale},
		{"/mutate/statefulsets", apps(batch.StatefulSet), b.Mutate(batch.StatefulSet)},
		{"/validate/statefulsets", apps(batch.StatefulSet), b.Validate(batch.StatefulSet)},
		{"/validate/scales/statefulsets", scales, b.ValidateScale},
		{"/mutate/daemonsets", apps(batch.DaemonSet), b.Mutate(batch.DaemonSet)},
		{"/validate/daemonsets", apps(batch.DaemonSet), b.Validate(batch.DaemonSet)},
		{"/mutate/services", schema.GroupKind{Kind: "Service"}, h.mutateService},
		{"/mutate/httproutes", gatewayKind("HTTPRoute"), h.mutateRoute(route.HTTPRoute)},
		{"/mutate/grpcroutes", gatewayKind("GRPCRoute"), h.mutateRoute(route.GRPCRoute)},
		{"/mutate/ingresses", schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}, h.mutateRoute(route.Ingress)},
		{"/validate/policies", schema.GroupKind{Kind: "ConfigMap"}, h.validatePolicy},
	} {
		serve(served.path, review.Reviewer{
			Kind: served.kind, Review: served.review, Log: h.log, Path: served.path, Counts: h.metrics, Tracer: h.tracer, Now: h.now,
		})
	}
}

func gatewayKind(kind string) schema.GroupKind {
	return schema.GroupKind{Group: "gateway.networking.k8s.io", Kind: kind}
}

// validatePolicy refuses a policy that would not load.
func (h *Handler) validatePolicy(r *http.Request, request *admissionv1.AdmissionRequest) (review.Answer, error) {
	var object corev1.ConfigMap
	if err := json.Unmarshal(request.Object.Raw, &object); err != nil {
		return review.Answer{}, fmt.Errorf("cannot decode the ConfigMap: %w", err)
	}
	text, found := object.Data[config.PolicyKey]
	if !found {
		return review.Answer{Denied: fmt.Sprintf("evenkeel: a policy stands under the key %q, which this ConfigMap lacks", config.PolicyKey)}, nil
	}
	if err := h.usable(r, &object, request.Namespace, []byte(text)); err != nil {
		return review.Answer{Denied: fmt.Sprintf("evenkeel: this policy cannot be used: %v", err)}, nil
	}
	return review.Answer{}, nil
}

// usable tells what is wrong with a policy, as its label says whose it is.
func (h *Handler) usable(r *http.Request, object *corev1.ConfigMap, namespace string, text []byte) error {
	switch whose := object.Labels[config.PolicyLabel]; whose {
	case config.OfCluster:
		_, err := config.Load(text)
		return err
	case config.OfNamespace:
		rules, err := config.LoadLocal(text)
		if err != nil {
			return err
		}
		namespaceLabels, err := h.topology.NamespaceLabels(r.Context(), namespace)
		if err != nil {
			return err
		}
		return config.Allowed(h.policies.Current(), namespace, namespaceLabels, rules)
	default:
		return fmt.Errorf("label %s: %q is not known: write %s or %s", config.PolicyLabel, whose, config.OfCluster, config.OfNamespace)
	}
}
