// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	certtls "github.com/cert-manager/cert-manager/pkg/server/tls"
	"github.com/cert-manager/cert-manager/pkg/server/tls/authority"
	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	caName       = "evenkeel-webhook-ca"
	caDuration   = 365 * 24 * time.Hour
	leafDuration = 7 * 24 * time.Hour
)

// Source serves a certificate that it keeps valid while it runs, on every
// replica.
type Source struct {
	keeper certtls.CertificateSource
	get    func(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// SelfKept gives a source with a CA in the Secret, for a Service's DNS names.
func SelfKept(config *rest.Config, namespace, secret, service string) Source {
	keeper := &certtls.DynamicSource{
		DNSNames: []string{
			fmt.Sprintf("%s.%s.svc", service, namespace),
			fmt.Sprintf("%s.%s.svc.cluster.local", service, namespace),
		},
		Authority: &authority.DynamicAuthority{
			SecretNamespace: namespace, SecretName: secret, RESTConfig: config,
			SecretLabels: map[string]string{"app.kubernetes.io/name": "evenkeel"},
			CommonName:   caName, CADuration: caDuration, LeafDuration: leafDuration,
		},
	}
	gentle := &handover{next: keeper.GetCertificate, delay: handoverDelay, now: time.Now}
	return Source{keeper: keeper, get: gentle.GetCertificate}
}

// Files gives a source of the files tls.crt and tls.key, read again as they change.
func Files(dir string) Source {
	keeper := &certtls.FileCertificateSource{CertPath: filepath.Join(dir, "tls.crt"), KeyPath: filepath.Join(dir, "tls.key")}
	return Source{keeper: keeper, get: keeper.GetCertificate}
}

// NeedLeaderElection is false: every replica serves.
func (Source) NeedLeaderElection() bool { return false }

// Start keeps the certificate until the context ends.
func (s Source) Start(ctx context.Context) error {
	ctx = logr.NewContext(ctx, log.FromContext(ctx).WithName("certificate"))
	if err := s.keeper.Start(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("cannot keep the serving certificate: %w", err)
	}
	return nil
}

// Configure makes a TLS server use the source, with TLS 1.3 or nothing.
func (s Source) Configure(c *tls.Config) {
	c.MinVersion = tls.VersionTLS13
	c.GetCertificate = s.get
}

// Ready is a readiness check: there is a certificate to serve.
func (s Source) Ready(*http.Request) error {
	if _, err := s.get(nil); err != nil {
		return fmt.Errorf("no serving certificate yet: %w", err)
	}
	return nil
}
