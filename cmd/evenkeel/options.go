// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
)

// options are the manager's flags, and what the pod tells it of itself.
type options struct {
	policyConfigMap                    string
	webhookPort                        int
	healthAddress, metricsAddress      string
	tlsMode, certDir, caSecret         string
	serviceName                        string
	mutatingWebhook, validatingWebhook string
	leaderElectionID                   string
	namespace, serviceAccount          string
}

// The ways to get a serving certificate.
const (
	tlsSelf  = "self"
	tlsFiles = "files"
)

func (o *options) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.policyConfigMap, "policy-configmap", "evenkeel-policy", "ConfigMap with the policy, in the manager's namespace")
	f.IntVar(&o.webhookPort, "webhook-port", 9443, "port of the webhook server, 1 to 65535")
	f.StringVar(&o.healthAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz")
	f.StringVar(&o.metricsAddress, "metrics-bind-address", ":8080", "address of /metrics; 0 serves none")
	f.StringVar(&o.tlsMode, "tls-mode", tlsSelf, "where the serving certificate comes from: self or files")
	f.StringVar(&o.certDir, "cert-dir", "/tls", "folder with tls.crt and tls.key, for --tls-mode=files")
	f.StringVar(&o.caSecret, "ca-secret", "evenkeel-ca", "Secret that keeps the CA, for --tls-mode=self")
	f.StringVar(&o.serviceName, "service-name", "evenkeel-webhook", "Service of the webhook server")
	f.StringVar(&o.mutatingWebhook, "mutating-webhook", "evenkeel", "MutatingWebhookConfiguration whose caBundle is kept")
	f.StringVar(&o.validatingWebhook, "validating-webhook", "evenkeel", "ValidatingWebhookConfiguration whose caBundle is kept")
	f.StringVar(&o.leaderElectionID, "leader-election-id", "evenkeel", "Lease by which the replicas choose a leader")
}

// fromEnvironment reads what the chart's downward API gives.
func (o *options) fromEnvironment(get func(string) string) {
	o.namespace, o.serviceAccount = get("POD_NAMESPACE"), get("SERVICE_ACCOUNT")
}

// validate tells everything that is wrong with the options.
func (o *options) validate() error {
	var errs []error
	if o.namespace == "" || o.serviceAccount == "" {
		errs = append(errs, errors.New("POD_NAMESPACE and SERVICE_ACCOUNT must be set in the environment: the chart does so by the downward API"))
	}
	if o.webhookPort < 1 || o.webhookPort > 65535 {
		errs = append(errs, fmt.Errorf("--webhook-port=%d is not a port: 1 to 65535", o.webhookPort))
	}
	if o.tlsMode != tlsSelf && o.tlsMode != tlsFiles {
		errs = append(errs, fmt.Errorf("--tls-mode=%q is not known: use %s or %s", o.tlsMode, tlsSelf, tlsFiles))
	}
	return errors.Join(errs...)
}

// self is the user name under which the manager writes.
func (o *options) self() string {
	return fmt.Sprintf("system:serviceaccount:%s:%s", o.namespace, o.serviceAccount)
}
