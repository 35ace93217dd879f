// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"context"
	"fmt"

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

// Keeper keeps the caBundle of our webhook configurations at the CA of a Secret.
// It runs on every replica: the write is the same whoever makes it, and it must
// not wait for a leader while nobody can be called.
type Keeper struct {
	Client client.Client
	// Secret holds the CA; Mutating and Validating name the configurations.
	Secret               client.ObjectKey
	Mutating, Validating string
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

// Reconcile fills every caBundle that differs from the CA.
func (k *Keeper) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	var secret corev1.Secret
	if err := k.Client.Get(ctx, k.Secret, &secret); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	ca := secret.Data["ca.crt"]
	if len(ca) == 0 {
		return reconcile.Result{}, nil
	}
	err := k.fillMutating(ctx, ca)
	if err == nil {
		err = k.fillValidating(ctx, ca)
	}
	if apierrors.IsConflict(err) {
		return reconcile.Result{Requeue: true}, nil
	}
	return reconcile.Result{}, err
}

func (k *Keeper) fillMutating(ctx context.Context, ca []byte) error {
	var live admissionv1.MutatingWebhookConfiguration
	if err := k.Client.Get(ctx, client.ObjectKey{Name: k.Mutating}, &live); err != nil {
		return client.IgnoreNotFound(err)
	}
	filled := live.DeepCopy()
	for i := range filled.Webhooks {
		filled.Webhooks[i].ClientConfig.CABundle = ca
	}
	return k.patch(ctx, &live, filled, len(live.Webhooks) > 0 && same(ca, len(live.Webhooks), func(i int) []byte { return live.Webhooks[i].ClientConfig.CABundle }))
}

func (k *Keeper) fillValidating(ctx context.Context, ca []byte) error {
	var live admissionv1.ValidatingWebhookConfiguration
	if err := k.Client.Get(ctx, client.ObjectKey{Name: k.Validating}, &live); err != nil {
		return client.IgnoreNotFound(err)
	}
	filled := live.DeepCopy()
	for i := range filled.Webhooks {
		filled.Webhooks[i].ClientConfig.CABundle = ca
	}
	return k.patch(ctx, &live, filled, len(live.Webhooks) > 0 && same(ca, len(live.Webhooks), func(i int) []byte { return live.Webhooks[i].ClientConfig.CABundle }))
}

func same(ca []byte, n int, bundle func(int) []byte) bool {
	for i := range n {
		if !bytes.Equal(bundle(i), ca) {
			return false
		}
	}
	return true
}

// patch writes the filled configuration, unless somebody else wrote in between.
func (k *Keeper) patch(ctx context.Context, live, filled client.Object, filledAlready bool) error {
	if filledAlready {
		return nil
	}
	patch := client.StrategicMergeFrom(live, client.MergeFromWithOptimisticLock{})
	if err := k.Client.Patch(ctx, filled, patch, client.FieldOwner("evenkeel-ca")); err != nil {
		return fmt.Errorf("cannot fill the caBundle of %q: %w", live.GetName(), err)
	}
	log.FromContext(ctx).Info("caBundle filled", "configuration", live.GetName())
	return nil
}
