// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"
)

// options are the manager's flags, and what the pod tells it of itself.
type options struct {
	policyConfigMap                    string
	webhookPort                        int
	healthAddress, metricsAddress      string
	dashboardAddress, pprofAddress     string
	tlsMode, certDir, caSecret         string
	serviceName                        string
	mutatingWebhook, validatingWebhook string
	leaderElectionID                   string
	namespacePolicies, ledger          bool
	clientCA                           string
	clientNames                        []string
	drainDelay, auditInterval          time.Duration
	namespace, serviceAccount          string
}

// The ways to get a serving certificate.
const (
	tlsSelf  = "self"
	tlsFiles = "files"
)

// longestDrain bounds --drain-delay: nobody waits longer for a pod to end.
const longestDrain = 5 * time.Minute

func (o *options) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.policyConfigMap, "policy-configmap", "evenkeel-policy", "ConfigMap with the policy, in the manager's namespace")
	f.BoolVar(&o.namespacePolicies, "namespace-policies", false, "follow namespaces' own policies: ConfigMaps labelled evenkeel.dev/policy=namespace")
	f.BoolVar(&o.ledger, "ledger", false, "keep a record of each release of a Deployment in a ConfigMap beside it; needs the right to write ConfigMaps")
	f.IntVar(&o.webhookPort, "webhook-port", 9443, "port of the webhook server, 1 to 65535")
	f.StringVar(&o.healthAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz")
	f.StringVar(&o.metricsAddress, "metrics-bind-address", ":8080", "address of /metrics, plain HTTP; 0 serves none")
	f.StringVar(&o.dashboardAddress, "dashboard-address", "127.0.0.1:8082", "address of the dashboard, plain HTTP, of this host alone; 0 serves none")
	f.StringVar(&o.pprofAddress, "pprof-bind-address", "0", "address of /debug/pprof, plain HTTP, of this host alone; 0 serves none")
	f.StringVar(&o.tlsMode, "tls-mode", tlsSelf, "where the serving certificate comes from: self or files")
	f.StringVar(&o.certDir, "cert-dir", "/tls", "folder with tls.crt and tls.key, for --tls-mode=files")
	f.StringVar(&o.clientCA, "client-ca-file", "", "file with the CA of clients: whoever has no certificate of it is refused; where left out, nobody is asked for one")
	f.StringSliceVar(&o.clientNames, "client-names", nil, "common names or DNS names of the clients that are let in, with --client-ca-file; all of the CA where left out")
	f.StringVar(&o.caSecret, "ca-secret", "evenkeel-ca", "Secret that keeps the CA, for --tls-mode=self")
	f.StringVar(&o.serviceName, "service-name", "evenkeel-webhook", "Service of the webhook server, for --tls-mode=self")
	f.StringVar(&o.mutatingWebhook, "mutating-webhook", "evenkeel", "MutatingWebhookConfiguration whose caBundle is kept, for --tls-mode=self")
	f.StringVar(&o.validatingWebhook, "validating-webhook", "evenkeel", "ValidatingWebhookConfiguration whose caBundle is kept, for --tls-mode=self")
	f.StringVar(&o.leaderElectionID, "leader-election-id", "evenkeel", "Lease by which the replicas choose a leader")
	f.DurationVar(&o.auditInterval, "audit-interval", 10*time.Minute, "how often to audit the Deployments that run, 1m or more; 0s for never")
	f.DurationVar(&o.drainDelay, "drain-delay", 5*time.Second, "how long to serve on, unready, after the signal to end, each answer the last one of its connection")
}

// fromEnvironment reads what the chart's downward API gives.
func (o *options) fromEnvironment(get func(string) string) {
	o.namespace, o.serviceAccount = get("POD_NAMESPACE"), get("SERVICE_ACCOUNT")
}

// validate tells everything that is wrong with the options.
func (o *options) validate() error {
	errs := []error{
		address("--health-probe-bind-address", o.healthAddress),
		address("--metrics-bind-address", o.metricsAddress),
		name("--policy-configmap", o.policyConfigMap),
		name("--leader-election-id", o.leaderElectionID),
		loopback("--dashboard-address", o.dashboardAddress),
		loopback("--pprof-bind-address", o.pprofAddress),
		o.validateTLS(),
	}
	if o.namespace == "" || o.serviceAccount == "" {
		errs = append(errs, errors.New("POD_NAMESPACE and SERVICE_ACCOUNT must be set in the environment, as the chart does"))
	}
	if !isPort(o.webhookPort) {
		errs = append(errs, fmt.Errorf("--webhook-port=%d is not a port: use 1 to 65535", o.webhookPort))
	}
	if o.drainDelay < 0 || o.drainDelay > longestDrain {
		errs = append(errs, fmt.Errorf("--drain-delay=%s is out of range: use 0s to %s", o.drainDelay, longestDrain))
	}
	if len(o.clientNames) > 0 && o.clientCA == "" {
		errs = append(errs, errors.New("--client-names needs --client-ca-file, by which clients are known"))
	}
	if o.auditInterval != 0 && o.auditInterval < time.Minute {
		errs = append(errs, fmt.Errorf("--audit-interval=%s is out of range: use 1m or more, or 0s for never", o.auditInterval))
	}
	return errors.Join(errs...)
}

func (o *options) validateTLS() error {
	switch o.tlsMode {
	case tlsSelf:
		return errors.Join(
			name("--ca-secret", o.caSecret),
			name("--service-name", o.serviceName),
			name("--mutating-webhook", o.mutatingWebhook),
			name("--validating-webhook", o.validatingWebhook),
		)
	case tlsFiles:
		if o.certDir == "" {
			return errors.New("--cert-dir is empty: name the folder with tls.crt and tls.key")
		}
		return nil
	default:
		return fmt.Errorf("--tls-mode=%q is not known: use %s or %s", o.tlsMode, tlsSelf, tlsFiles)
	}
}

// name refuses what no object can be called.
func name(flag, value string) error {
	if problems := validation.IsDNS1123Subdomain(value); len(problems) > 0 {
		return fmt.Errorf("%s=%q is not an object's name: %s", flag, value, problems[0])
	}
	return nil
}

// address refuses what cannot be listened on; 0 means not at all.
func address(flag, value string) error {
	if value == "0" {
		return nil
	}
	_, port, err := net.SplitHostPort(value)
	if number, bad := strconv.Atoi(port); err != nil || bad != nil || !isPort(number) {
		return fmt.Errorf("%s=%q is not an address: use HOST:PORT, :PORT, or 0 for none", flag, value)
	}
	return nil
}

func isPort(number int) bool { return number >= 1 && number <= 65535 }

// self is the user name under which the manager writes.
func (o *options) self() string {
	return fmt.Sprintf("system:serviceaccount:%s:%s", o.namespace, o.serviceAccount)
}
