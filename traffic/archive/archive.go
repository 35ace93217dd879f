// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logger "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// fieldOwner is under whose name the ledgers are written.
const fieldOwner = client.FieldOwner("evenkeel")

// Keeper keeps records. Its methods may be called by several goroutines, and of
// a nil Keeper they keep nothing.
type Keeper struct {
	// Live reads past the cache: no manager caches the ConfigMaps of others.
	Live client.Reader
	// Writer creates and updates ConfigMaps.
	Writer client.Writer
	// Events tells on the Deployment what became of a record.
	Events events.EventRecorder
	// Metrics counts; nil counts nothing.
	Metrics *Metrics

	counts counts
}

// Note is called with the state that a Deployment has and the one that it is about
// to get. It keeps the record of a release that ends with that, and those of
// releases that were replaced; and gives the state with what was counted folded in.
func (k *Keeper) Note(ctx context.Context, d *appsv1.Deployment, last, next rollout.State) rollout.State {
	if k == nil {
		return next.Noted(nil)
	}
	count := k.counts.of(client.ObjectKeyFromObject(d), last.Log)
	last, replaced := last.Noted(count), last.Log.Replaced
	w := ledger.Workload{Kind: "Deployment", Namespace: d.Namespace, Name: d.Name, UID: string(d.UID)}
	for _, gone := range replaced {
		k.keep(ctx, d, ledger.OfReplaced(w, last, gone))
	}
	if last.InFlight() && !next.InFlight() {
		k.keep(ctx, d, ledger.Of(w, last, next))
	}
	return next.Noted(count)
}

// keep writes one record, and tells what became of it.
func (k *Keeper) keep(ctx context.Context, d *appsv1.Deployment, record ledger.Record) {
	unread, err := k.write(ctx, d, record)
	k.Metrics.wrote(err)
	if unread != nil {
		k.Events.Eventf(d, nil, corev1.EventTypeWarning, "LedgerUnreadable", "Keep", "a part of ConfigMap %q is kept aside as it is: %v", ledger.Name(d.Name), brief(unread))
	}
	if err != nil {
		logger.FromContext(ctx).Error(err, "cannot keep the record of a release", "record", record)
		k.Events.Eventf(d, nil, corev1.EventTypeWarning, "LedgerNotWritten", "Keep", "the release goes on, its record stands in the log alone: %v", brief(err))
		return
	}
	k.Events.Eventf(d, nil, corev1.EventTypeNormal, "ReleaseRecorded", "Keep", "%s; the record is in ConfigMap %q", record.Summary(), ledger.Name(d.Name))
}

// write adds a record to the Deployment's ledger, which is made where there is
// none. It gives what could not be read of it, besides what went wrong.
func (k *Keeper) write(ctx context.Context, d *appsv1.Deployment, record ledger.Record) (unread, err error) {
	err = retry.OnError(retry.DefaultRetry, raced, func() error {
		var object corev1.ConfigMap
		err := k.Live.Get(ctx, client.ObjectKey{Namespace: d.Namespace, Name: ledger.Name(d.Name)}, &object)
		switch {
		case apierrors.IsNotFound(err):
			made := fresh(d)
			made.Data, unread = ledger.Append(nil, record)
			return k.Writer.Create(ctx, made, fieldOwner)
		case err != nil:
			return err
		case object.Labels[rollout.RoleLabel] != ledger.Role || !metav1.IsControlledBy(&object, d):
			return fmt.Errorf("ConfigMap %q exists and is not the ledger of this Deployment; delete or rename it, and the next release is kept", object.Name)
		}
		data, broken := ledger.Append(object.Data, record)
		if unread = broken; maps.Equal(data, object.Data) {
			return nil
		}
		object.Data = data
		return k.Writer.Update(ctx, &object, fieldOwner)
	})
	if err != nil {
		return unread, fmt.Errorf("cannot write the ledger: %w", err)
	}
	return unread, nil
}

// raced tells that somebody else wrote in between.
func raced(err error) bool { return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) }

// fresh is the ledger of a Deployment that has none.
func fresh(d *appsv1.Deployment) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: d.Namespace, Name: ledger.Name(d.Name),
		Labels: map[string]string{rollout.RoleLabel: ledger.Role, "app.kubernetes.io/managed-by": "evenkeel"},
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name, UID: d.UID, Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(false),
		}},
	}}
}

// brief bounds what an Event says.
func brief(err error) string {
	text := err.Error()
	return text[:min(len(text), 600)]
}
