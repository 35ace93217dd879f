// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/config"
)

// Options are what a Handler is made of.
type Options struct {
	// Cache reads from informers, Live from the API server.
	Cache, Live client.Reader
	// Policies holds the policy in force.
	Policies *config.Store
	// Self is the user name under which Evenkeel itself writes
	// ("system:serviceaccount:NAMESPACE:NAME").
	Self string
	Log  logr.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Handler answers all admission requests of Evenkeel.
type Handler struct {
	topology topology
	policies *config.Store
	self     string
	log      logr.Logger
	now      func() time.Time
}

// New makes a Handler.
func New(o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Handler{topology: topology{cache: o.Cache, live: o.Live}, policies: o.Policies, self: o.Self, log: o.Log, now: o.Now}
}

// registrar is where paths are served, such as controller-runtime's webhook.Server.
type registrar interface {
	Register(path string, handler http.Handler)
}

// Register serves every path of the chart's webhook configurations.
func (h *Handler) Register(server registrar) {
	deployments := schema.GroupKind{Group: "apps", Kind: "Deployment"}
	server.Register("/mutate/deployments", reviewer{kind: deployments, review: h.mutateDeployment, log: h.log})
	server.Register("/validate/deployments", reviewer{kind: deployments, review: h.validateDeployment, log: h.log})
	server.Register("/mutate/services", reviewer{kind: schema.GroupKind{Kind: "Service"}, review: h.mutateService, log: h.log})
	server.Register("/mutate/httproutes", reviewer{
		kind: schema.GroupKind{Group: "gateway.networking.k8s.io", Kind: "HTTPRoute"}, review: h.mutateRoute, log: h.log,
	})
	server.Register("/validate/policies", reviewer{kind: schema.GroupKind{Kind: "ConfigMap"}, review: h.validatePolicy, log: h.log})
}

// validatePolicy refuses a policy that would not load.
func (h *Handler) validatePolicy(_ *http.Request, request *admissionv1.AdmissionRequest) (answer, error) {
	var object corev1.ConfigMap
	if err := json.Unmarshal(request.Object.Raw, &object); err != nil {
		return answer{}, fmt.Errorf("cannot decode the ConfigMap: %w", err)
	}
	text, found := object.Data[config.PolicyKey]
	if !found {
		return answer{denied: fmt.Sprintf("evenkeel: a policy stands under the key %q, which this ConfigMap lacks", config.PolicyKey)}, nil
	}
	if _, err := config.Load([]byte(text)); err != nil {
		return answer{denied: fmt.Sprintf("evenkeel: this policy cannot be used: %v", err)}, nil
	}
	return answer{}, nil
}
