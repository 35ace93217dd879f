// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/golden"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const system = "evenkeel-system"

// ca is a certificate that ends at a time.
func ca(t *testing.T, end time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: end.AddDate(-1, 0, 0), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func called(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app.kubernetes.io/name": "evenkeel"}}
}

func managerOf(replicas, ready int32) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: called(system, "evenkeel"), Spec: appsv1.DeploymentSpec{Replicas: &replicas}, Status: appsv1.DeploymentStatus{ReadyReplicas: ready}}
}

func managerPod(name, image string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: called(system, name), Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "manager", Image: image}}}}
}

func configurations(bundle []byte) []client.Object {
	at := admissionv1.WebhookClientConfig{CABundle: bundle}
	return []client.Object{
		&admissionv1.MutatingWebhookConfiguration{ObjectMeta: called("", "evenkeel"), Webhooks: []admissionv1.MutatingWebhook{{Name: "deployments.evenkeel.dev", ClientConfig: at}}},
		&admissionv1.ValidatingWebhookConfiguration{ObjectMeta: called("", "evenkeel"), Webhooks: []admissionv1.ValidatingWebhook{{Name: "scale.evenkeel.dev", ClientConfig: at}}},
	}
}

func policyMap(namespace, name, text string, labels map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}, Data: map[string]string{"policy.yaml": text}}
}

func gatewayClassOf(name string, accepted metav1.ConditionStatus, supported ...string) *gatewayv1.GatewayClass {
	class := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: gatewayv1.GatewayClassSpec{ControllerName: gatewayv1.GatewayController("example.com/" + name)}}
	class.Status.Conditions = []metav1.Condition{{Type: "Accepted", Status: accepted}}
	for _, one := range supported {
		class.Status.SupportedFeatures = append(class.Status.SupportedFeatures, gatewayv1.SupportedFeature{Name: gatewayv1.FeatureName(one)})
	}
	return class
}

func flying(name, state string) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: name, UID: "uid", Labels: map[string]string{rollout.InFlightLabel: "true"}, Annotations: map[string]string{rollout.StateAnnotation: state},
	}}
}

func heldService(namespace, name string, owner *metav1.OwnerReference) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{rollout.InFlightLabel: "true"}}}
	if owner != nil {
		s.OwnerReferences = []metav1.OwnerReference{*owner}
	}
	return s
}

var (
	state      = rollout.State{Phase: rollout.Stepping, User: &rollout.Knobs{}}.String()
	goodPolicy = policyMap(system, "evenkeel-policy", "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules: [{name: all}]\n", nil)
)

// well is a cluster in which all is well.
func well(t *testing.T) []client.Object {
	return append(configurations(ca(t, now.AddDate(2, 0, 0))),
		managerOf(2, 2), managerPod("a", "evenkeel:v1"), managerPod("b", "evenkeel:v1"), goodPolicy,
		gatewayClassOf("traefik", metav1.ConditionTrue, "HTTPRouteRequestMirror", "HTTPRouteRequestPercentageMirror", "HTTPRouteQueryParamMatching"),
		&networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: "nginx"}, Spec: networkingv1.IngressClassSpec{Controller: "k8s.io/ingress-nginx"}},
		flying("demo", state), heldService("shop", "demo", nil), heldService("shop", "demo-canary", &metav1.OwnerReference{UID: "uid", Controller: ptr.To(true)}),
	)
}

// ill is a cluster in which much is not.
func ill(t *testing.T) []client.Object {
	return append(configurations(ca(t, now.Add(-time.Hour))),
		managerOf(2, 0), managerPod("a", "evenkeel:v1"), managerPod("b", "evenkeel:v2"), policyMap(system, "evenkeel-policy", "a: b", nil),
		policyMap("shop", "own", "c: d", map[string]string{"evenkeel.dev/policy": "namespace"}),
		gatewayClassOf("contour", metav1.ConditionUnknown), gatewayClassOf("old", metav1.ConditionTrue),
		&networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: "other"}, Spec: networkingv1.IngressClassSpec{Controller: "example.com/other"}},
		flying("odd", "{"), flying("ended", ""), heldService("web", "left", nil), heldService("shop", "orphan", &metav1.OwnerReference{UID: "gone", Controller: ptr.To(true)}),
	)
}

// answers is a cluster whose admission leaves a trace, or none.
func answers(traced bool) interceptor.Funcs {
	return interceptor.Funcs{Create: func(_ context.Context, _ client.WithWatch, object client.Object, options ...client.CreateOption) error {
		if traced && len(options) > 0 {
			object.SetAnnotations(map[string]string{"evenkeel.dev/injected": "{}"})
		}
		return nil
	}}
}

// closed is a cluster of which one may see nothing, for one reason or another.
func closed(err error) interceptor.Funcs {
	return interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return err
		},
		List:   func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error { return err },
		Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error { return err },
	}
}

func doctorOf(funcs interceptor.Funcs, objects ...client.Object) *Doctor {
	c := fake.NewClientBuilder().WithScheme(command.Scheme()).WithObjects(objects...).WithInterceptorFuncs(funcs).Build()
	return &Doctor{Client: c, Warnings: func() []string { return nil }, Namespace: system, Policy: "evenkeel-policy", Try: "default", Now: now}
}

func TestWholeReports(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "", fmt.Errorf("you are nobody"))
	for name, row := range map[string]struct {
		doctor *Doctor
		failed bool
	}{
		"well":      {doctorOf(answers(true), well(t)...), false},
		"ill":       {doctorOf(answers(false), ill(t)...), true},
		"empty":     {doctorOf(answers(false)), true},
		"forbidden": {doctorOf(closed(forbidden)), false},
	} {
		t.Run(name, func(t *testing.T) {
			findings := Run(t.Context(), row.doctor)
			assert.Equal(t, row.failed, Failed(findings))
			var out bytes.Buffer
			require.NoError(t, Text(&out, findings, func(_ Verdict, text string) string { return text }))
			golden.Equal(t, name, out.String())
		})
	}
}

func TestSingleFindings(t *testing.T) {
	for name, row := range map[string]struct {
		check   func(context.Context, *Doctor) []Finding
		doctor  *Doctor
		verdict Verdict
		says    string
	}{
		"some are ready":        {managers, doctorOf(answers(true), managerOf(3, 1)), Warn, "1 of 3 replicas are ready"},
		"one replica":           {managers, doctorOf(answers(true), managerOf(1, 1)), Warn, "it has one replica"},
		"no pods":               {managers, doctorOf(answers(true), managerOf(2, 2)), Fail, "it has no pods"},
		"half of the webhooks":  {webhooks, doctorOf(answers(true), configurations(nil)[0]), Fail, "no ValidatingWebhookConfiguration"},
		"no bundle":             {certificates, doctorOf(answers(true), configurations(nil)...), Fail, "webhook deployments.evenkeel.dev: it has no caBundle"},
		"an empty bundle":       {certificates, doctorOf(answers(true), configurations([]byte("x"))...), Fail, "its caBundle holds no certificate"},
		"a broken bundle":       {certificates, doctorOf(answers(true), configurations(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))...), Fail, "its caBundle cannot be read"},
		"ends soon":             {certificates, doctorOf(answers(true), configurations(ca(t, now.AddDate(0, 0, 3)))...), Warn, "the CA ends at 2026-11-24T12:00:00Z"},
		"the newer one counts":  {certificates, doctorOf(answers(true), configurations(append(ca(t, now.Add(-time.Hour)), ca(t, now.AddDate(1, 0, 0))...))...), OK, "the CA holds until 2027-11-21"},
		"nobody answers":        {admission, doctorOf(closed(fmt.Errorf(`failed calling webhook "deployments.evenkeel.dev"`))), Fail, "could not be created (dry run): failed calling webhook"},
		"refused":               {admission, doctorOf(closed(apierrors.NewForbidden(schema.GroupResource{}, "", fmt.Errorf(`admission webhook "deployments.evenkeel.dev" denied the request: evenkeel: pdb`)))), OK, "it answered (dry run)"},
		"no policy":             {policies, doctorOf(answers(true)), Warn, "the built-in defaults are in force"},
		"namespaces' policies":  {policies, doctorOf(answers(true), goodPolicy, policyMap("shop", "own", "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules: [{name: own, rollout: {steps: 100%}}]\n", map[string]string{"evenkeel.dev/policy": "namespace"})), OK, "1, all of them load"},
		"no Gateway API":        {gateways, doctorOf(closed(&meta.NoKindMatchError{})), Warn, "the cluster has no Gateway API"},
		"an API server is away": {gateways, doctorOf(closed(fmt.Errorf("connection refused"))), Fail, "cannot look at it: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			findings := row.check(t.Context(), row.doctor)
			var fits []Finding
			for _, f := range findings {
				if f.Verdict == row.verdict && strings.Contains(f.Says, row.says) {
					fits = append(fits, f)
				}
			}
			assert.NotEmpty(t, fits, "%v", findings)
		})
	}
}

// A warning of admission is a trace, too.
func TestAWarningIsATrace(t *testing.T) {
	d := doctorOf(answers(false))
	asked := 0
	d.Warnings = func() []string {
		asked++
		return [][]string{{"of another request"}, {"evenkeel: single-replica"}}[asked-1]
	}
	assert.Equal(t, []Finding{{OK, "admission in default", "it answered (dry run): evenkeel: single-replica", ""}}, admission(t.Context(), d))
}
