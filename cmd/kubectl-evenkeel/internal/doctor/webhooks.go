// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// soon is how long before its end a certificate is worth a word. The manager makes
// a new one long before that.
const soon = 7 * 24 * time.Hour

// bundle is the caBundle of one webhook.
type bundle struct {
	webhook string
	pem     []byte
}

// configured reads the webhooks that lead to Evenkeel.
func configured(ctx context.Context, d *Doctor) (mutating, validating []bundle, err error) {
	var m admissionv1.MutatingWebhookConfigurationList
	if err := d.Client.List(ctx, &m, ours); err != nil {
		return nil, nil, err
	}
	for _, one := range m.Items {
		for _, webhook := range one.Webhooks {
			mutating = append(mutating, bundle{webhook.Name, webhook.ClientConfig.CABundle})
		}
	}
	var v admissionv1.ValidatingWebhookConfigurationList
	if err := d.Client.List(ctx, &v, ours); err != nil {
		return nil, nil, err
	}
	for _, one := range v.Items {
		for _, webhook := range one.Webhooks {
			validating = append(validating, bundle{webhook.Name, webhook.ClientConfig.CABundle})
		}
	}
	return mutating, validating, nil
}

// webhooks looks whether the API server knows whom to ask.
func webhooks(ctx context.Context, d *Doctor) []Finding {
	const about = "webhooks"
	const again = "helm upgrade evenkeel charts/evenkeel --reuse-values    # the chart makes them"
	mutating, validating, err := configured(ctx, d)
	switch {
	case err != nil:
		return []Finding{unread(about, err)}
	case len(mutating) == 0:
		return []Finding{{Fail, about, "there is no MutatingWebhookConfiguration of Evenkeel: nothing is reviewed, and nothing in flight is rendered", again}}
	case len(validating) == 0:
		return []Finding{{Fail, about, "there is no ValidatingWebhookConfiguration of Evenkeel: what others change after it is not seen", again}}
	default:
		return []Finding{{OK, about, fmt.Sprintf("%d mutating and %d validating", len(mutating), len(validating)), ""}}
	}
}

// certificates looks at the CAs by which the API server knows the managers.
func certificates(ctx context.Context, d *Doctor) []Finding {
	const about = "certificates"
	mutating, validating, err := configured(ctx, d)
	if err != nil {
		return []Finding{unread(about, err)}
	}
	var out []Finding
	ends := time.Time{}
	for _, one := range append(mutating, validating...) {
		end, err := endOf(one.pem)
		if err != nil {
			out = append(out, Finding{Fail, about, fmt.Sprintf("webhook %s: %v", one.webhook, err), "kubectl -n " + d.Namespace + " rollout restart deployment -l app.kubernetes.io/name=evenkeel    # the manager writes caBundle when it starts"})
			continue
		}
		if ends.IsZero() || end.Before(ends) {
			ends = end
		}
	}
	switch left := ends.Sub(d.Now); {
	case ends.IsZero():
		return out
	case left <= 0:
		return append(out, Finding{Fail, about, "the CA ended at " + ends.UTC().Format(time.RFC3339), "kubectl -n " + d.Namespace + " rollout restart deployment -l app.kubernetes.io/name=evenkeel    # with cert-manager: kubectl get certificates -A"})
	case left < soon:
		return append(out, Finding{Warn, about, "the CA ends at " + ends.UTC().Format(time.RFC3339) + "; the manager should have made another by now", "kubectl -n " + d.Namespace + " logs deployment -l app.kubernetes.io/name=evenkeel --tail=50"})
	default:
		return append(out, Finding{OK, about, "the CA holds until " + ends.UTC().Format(time.DateOnly), ""})
	}
}

// endOf is when the last of a bundle's certificates ends: one of them is enough.
func endOf(bundle []byte) (time.Time, error) {
	var end time.Time
	if len(bundle) == 0 {
		return end, fmt.Errorf("it has no caBundle, so the API server cannot trust the manager")
	}
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return end, fmt.Errorf("its caBundle cannot be read: %w", err)
		}
		if certificate.NotAfter.After(end) {
			end = certificate.NotAfter
		}
	}
	if end.IsZero() {
		return end, fmt.Errorf("its caBundle holds no certificate")
	}
	return end, nil
}

// admission asks about a Deployment that is never made, and looks for a trace of
// Evenkeel in the answer.
func admission(ctx context.Context, d *Doctor) []Finding {
	about := "admission in " + d.Try
	object := specimen(d.Try)
	d.Warnings()
	err := d.Client.Create(ctx, object, client.DryRunAll)
	warnings := d.Warnings()
	switch {
	case err != nil && strings.Contains(err.Error(), "evenkeel.dev\" denied the request"):
		return []Finding{{OK, about, "it answered (dry run): " + err.Error(), ""}}
	case apierrors.IsForbidden(err):
		return []Finding{unread(about, err)}
	case err != nil:
		return []Finding{{Fail, about, "a Deployment could not be created (dry run): " + err.Error(), "kubectl -n " + d.Namespace + " get pods,endpointslices    # does the webhook's Service lead to a ready manager?"}}
	case object.Annotations[policy.InjectedAnnotation] != "" || object.Annotations[policy.CauseAnnotation] != "":
		return []Finding{{OK, about, "a Deployment passed through Evenkeel (dry run)", ""}}
	case len(warnings) > 0:
		return []Finding{{OK, about, "it answered (dry run): " + warnings[0], ""}}
	default:
		return []Finding{{
			Fail, about, "a Deployment passed without a trace of Evenkeel (dry run): the webhook was not called, the namespace is left out, or policy injects nothing there",
			"kubectl get namespace " + d.Try + " --show-labels    # compare with the namespaceSelector: kubectl get mutatingwebhookconfigurations -l app.kubernetes.io/name=evenkeel -o yaml",
		}}
	}
}

// specimen is a Deployment that policy has something to add to.
func specimen(namespace string) *appsv1.Deployment {
	labels := map[string]string{"app": "evenkeel-doctor"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "evenkeel-doctor"},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](2), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "app", Image: "example.invalid/doctor:v1", Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
				}}},
			},
		},
	}
}
