// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// keeperOwner owns the caBundle fields, so that whoever applies the
// configurations without them leaves them alone.
const keeperOwner = client.FieldOwner("evenkeel-ca")

// Keeper keeps the caBundle of our webhook configurations at the CA of a Secret.
// It runs on every replica: the write is the same whoever makes it, and it must
// not wait for a leader while nobody can be called.
type Keeper struct {
	// Client reads from the cache; the cache need hold these objects alone.
	Client client.Client
	// Secret holds the CA; Mutating and Validating name the configurations.
	Secret               client.ObjectKey
	Mutating, Validating string
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	filled atomic.Bool
	// until is when the CA ends.
	until atomic.Pointer[time.Time]
}

// SetupWithManager adds the keeper to a manager.
func (k *Keeper) SetupWithManager(mgr ctrl.Manager) error {
	everywhere := false
	toSelf := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: k.Secret}}
	})
	err := ctrl.NewControllerManagedBy(mgr).Named("cabundle").
		For(&corev1.Secret{}).
		Watches(&admissionv1.MutatingWebhookConfiguration{}, toSelf).
		Watches(&admissionv1.ValidatingWebhookConfiguration{}, toSelf).
		WithOptions(controller.Options{NeedLeaderElection: &everywhere}).Complete(k)
	if err != nil {
		return fmt.Errorf("cannot set up the CA keeper: %w", err)
	}
	return nil
}

// Ready is a readiness check: the API server has been told whom to trust.
func (k *Keeper) Ready(*http.Request) error {
	if !k.filled.Load() {
		return errors.New("the caBundles are not filled yet")
	}
	return nil
}

// Reconcile fills every caBundle that differs from the CA.
func (k *Keeper) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	var secret corev1.Secret
	if err := k.Client.Get(ctx, k.Secret, &secret); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if len(secret.Data[caKey]) == 0 {
		return reconcile.Result{}, nil // the certificate's source fills it
	}
	authority, err := parseCA(secret.Data[caKey])
	if err != nil {
		return reconcile.Result{}, reconcile.TerminalError(fmt.Errorf("cannot use %s of Secret %q: %w", caKey, k.Secret, err))
	}
	k.until.Store(&authority.cert.NotAfter)
	now := k.now()
	if err := k.fillAll(ctx, authority, now); err != nil {
		// A conflict is somebody's write, which is on its way to us.
		return reconcile.Result{}, ignoreConflict(err)
	}
	k.filled.Store(true)
	return reconcile.Result{RequeueAfter: max(authority.rest(now), 0)}, nil
}

func (k *Keeper) fillAll(ctx context.Context, authority ca, now time.Time) error {
	var mutating admissionv1.MutatingWebhookConfiguration
	err := k.fill(ctx, k.Mutating, &mutating, func() (changed bool) {
		for i := range mutating.Webhooks {
			changed = put(&mutating.Webhooks[i].ClientConfig, authority, now) || changed
		}
		return changed
	})
	if err != nil {
		return err
	}
	var validating admissionv1.ValidatingWebhookConfiguration
	return k.fill(ctx, k.Validating, &validating, func() (changed bool) {
		for i := range validating.Webhooks {
			changed = put(&validating.Webhooks[i].ClientConfig, authority, now) || changed
		}
		return changed
	})
}

// fill reads a configuration into object, lets it be changed, and writes it
// where it was, unless somebody else wrote in between. One that does not exist
// needs no caBundle.
func (k *Keeper) fill(ctx context.Context, name string, object client.Object, change func() bool) error {
	if err := k.Client.Get(ctx, client.ObjectKey{Name: name}, object); err != nil {
		return client.IgnoreNotFound(err)
	}
	live, _ := object.DeepCopyObject().(client.Object)
	if !change() {
		return nil
	}
	patch := client.StrategicMergeFrom(live, client.MergeFromWithOptimisticLock{})
	if err := k.Client.Patch(ctx, object, patch, keeperOwner); err != nil {
		return fmt.Errorf("cannot fill the caBundle of %q: %w", name, err)
	}
	log.FromContext(ctx).Info("caBundle filled", "configuration", name)
	return nil
}

// put writes the caBundle of one webhook, and tells whether it was another.
func put(to *admissionv1.WebhookClientConfig, authority ca, now time.Time) bool {
	bundle := authority.bundle(to.CABundle, now)
	if bytes.Equal(bundle, to.CABundle) {
		return false
	}
	to.CABundle = bundle
	return true
}

func (k *Keeper) now() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}

func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}
