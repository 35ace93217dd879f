// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// keeperWorld is a keeper, its cluster, and what was written to it.
type keeperWorld struct {
	*Keeper
	writes []string
	fails  error // what the next writes answer
}

func newKeeper(objects ...client.Object) *keeperWorld {
	w := &keeperWorld{}
	c := fake.NewClientBuilder().WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			if w.fails != nil {
				return w.fails
			}
			w.writes = append(w.writes, o.GetName())
			return c.Patch(ctx, o, p, opts...)
		},
	}).Build()
	w.Keeper = &Keeper{
		Client: c, Secret: client.ObjectKey{Namespace: "evenkeel-system", Name: "evenkeel-ca"},
		Mutating: "mutating", Validating: "validating", Now: func() time.Time { return born.Add(time.Minute) },
	}
	return w
}

func caSecret(data []byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "evenkeel-system", Name: "evenkeel-ca"}, Data: map[string][]byte{caKey: data},
	}
}

func mutatingWith(bundles ...[]byte) *admissionv1.MutatingWebhookConfiguration {
	c := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "mutating"}}
	for i, bundle := range bundles {
		c.Webhooks = append(c.Webhooks, admissionv1.MutatingWebhook{
			Name: string(rune('a'+i)) + ".evenkeel.dev", ClientConfig: admissionv1.WebhookClientConfig{CABundle: bundle},
		})
	}
	return c
}

func validatingWith(bundle []byte) *admissionv1.ValidatingWebhookConfiguration {
	return &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "validating"},
		Webhooks:   []admissionv1.ValidatingWebhook{{Name: "a.evenkeel.dev", ClientConfig: admissionv1.WebhookClientConfig{CABundle: bundle}}},
	}
}

func TestKeeper(t *testing.T) {
	ca, before := newCA(t, caName, born), newCA(t, caName, born.Add(-time.Hour))
	both := append(append([]byte{}, ca.pem...), before.pem...)
	for _, row := range []struct {
		name    string
		objects []client.Object
		writes  []string
		bundle  []byte // of every webhook, afterwards
		ready   bool
	}{
		{"fills what is empty", []client.Object{caSecret(ca.pem), mutatingWith(nil, nil), validatingWith(nil)}, []string{"mutating", "validating"}, ca.pem, true},
		{"fills what one webhook lacks", []client.Object{caSecret(ca.pem), mutatingWith(ca.pem, nil), validatingWith(ca.pem)}, []string{"mutating"}, ca.pem, true},
		{"writes nothing where nothing differs", []client.Object{caSecret(ca.pem), mutatingWith(ca.pem, ca.pem), validatingWith(ca.pem)}, nil, ca.pem, true},
		{"keeps the CA before", []client.Object{caSecret(ca.pem), mutatingWith(before.pem, before.pem), validatingWith(before.pem)}, []string{"mutating", "validating"}, both, true},
		{"fills what there is", []client.Object{caSecret(ca.pem), validatingWith(nil)}, []string{"validating"}, ca.pem, true},
		{"waits for the Secret", []client.Object{mutatingWith(nil), validatingWith(nil)}, nil, nil, false},
		{"waits for the Secret's data", []client.Object{caSecret(nil), mutatingWith(nil), validatingWith(nil)}, nil, nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newKeeper(row.objects...)
			_, err := w.Reconcile(t.Context(), reconcile.Request{})
			require.NoError(t, err)
			assert.Equal(t, row.writes, w.writes)
			assert.Equal(t, row.ready, w.Ready(nil) == nil)
			for _, bundle := range w.bundles(t) {
				assert.Equal(t, string(row.bundle), string(bundle))
			}
		})
	}
}

// bundles reads all caBundles of the cluster.
func (w *keeperWorld) bundles(t *testing.T) [][]byte {
	t.Helper()
	var out [][]byte
	var mutating admissionv1.MutatingWebhookConfigurationList
	require.NoError(t, w.Client.List(t.Context(), &mutating))
	for _, c := range mutating.Items {
		for _, hook := range c.Webhooks {
			out = append(out, hook.ClientConfig.CABundle)
		}
	}
	var validating admissionv1.ValidatingWebhookConfigurationList
	require.NoError(t, w.Client.List(t.Context(), &validating))
	for _, c := range validating.Items {
		for _, hook := range c.Webhooks {
			out = append(out, hook.ClientConfig.CABundle)
		}
	}
	return out
}

func TestKeeperLooksAgainAfterTheOverlap(t *testing.T) {
	ca := newCA(t, caName, born)
	w := newKeeper(caSecret(ca.pem), mutatingWith(nil), validatingWith(nil))
	result, err := w.Reconcile(t.Context(), reconcile.Request{})
	require.NoError(t, err)
	assert.Equal(t, overlap-time.Minute, result.RequeueAfter)

	w.Now = func() time.Time { return born.Add(overlap) }
	result, err = w.Reconcile(t.Context(), reconcile.Request{})
	require.NoError(t, err)
	assert.Zero(t, result.RequeueAfter)
}

func TestKeeperWritesThatFail(t *testing.T) {
	ca := newCA(t, caName, born)
	conflict := apierrors.NewConflict(schema.GroupResource{}, "mutating", errors.New("written in between"))
	for _, row := range []struct {
		name string
		err  error
		want string // empty: the next event brings it back
	}{
		{"a conflict waits for the write that it lost to", conflict, ""},
		{"all else is tried again", errors.New("forbidden"), `cannot fill the caBundle of "mutating": forbidden`},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newKeeper(caSecret(ca.pem), mutatingWith(nil), validatingWith(nil))
			w.fails = row.err
			_, err := w.Reconcile(t.Context(), reconcile.Request{})
			if row.want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, row.want)
			}
			require.Error(t, w.Ready(nil), "not ready before every caBundle is filled")

			w.fails = nil
			_, err = w.Reconcile(t.Context(), reconcile.Request{})
			require.NoError(t, err)
			assert.NoError(t, w.Ready(nil))
		})
	}
}

func TestKeeperRefusesWhatIsNoCA(t *testing.T) {
	w := newKeeper(caSecret([]byte("nonsense")), mutatingWith(nil), validatingWith(nil))
	_, err := w.Reconcile(t.Context(), reconcile.Request{})
	require.ErrorIs(t, err, reconcile.TerminalError(nil))
	assert.ErrorContains(t, err, `cannot use ca.crt of Secret "evenkeel-system/evenkeel-ca": not one CA certificate`)
	assert.Empty(t, w.writes)
}
