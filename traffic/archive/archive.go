// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logger "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// fieldOwner is under whose name the ledgers are written.
const fieldOwner = client.FieldOwner("evenkeel")

// maxCause bounds what an Event says of an error, in bytes.
const maxCause = 600

// Keeper keeps records. Its methods may be called by several goroutines, and of
// a nil Keeper they keep nothing.
type Keeper struct {
	// Live reads past the cache: no manager caches the ConfigMaps of others.
	Live client.Reader
	// Writer creates and updates ConfigMaps.
	Writer client.Writer
	// Events tells on the workload what became of a record.
	Events events.EventRecorder
	// Metrics counts; nil counts nothing.
	Metrics *Metrics

	counts counts
}

// Note is called with the state that a workload has and the one that it is about
// to get. It keeps the record of a release that ends with that, and those of
// releases that were replaced; and gives the next state's log, with what was
// counted.
func (k *Keeper) Note(ctx context.Context, object client.Object, last, next rollout.State) rollout.Log {
	if k == nil {
		return next.Log.Noted(nil)
	}
	key := keyOf(object)
	count := k.counts.of(key, last.Log)
	measured := k.counts.add(key, last)
	if next.InFlight() {
		k.counts.add(key, next)
	}
	replaced := last.Log.Replaced
	last.Log = last.Log.Noted(count)
	w := ledger.Workload{Kind: kindOf(object), Namespace: object.GetNamespace(), Name: object.GetName(), UID: string(object.GetUID())}
	for _, gone := range replaced {
		k.keep(ctx, object, ledger.OfReplaced(w, last, gone).Measured(short(gone.Log)...))
	}
	switch {
	case next.InFlight():
		return next.Log.Noted(count)
	case last.InFlight():
		k.keep(ctx, object, ledger.Of(w, last, next).Measured(measured...))
	}
	return next.Log
}

// keep writes one record, and tells what became of it.
func (k *Keeper) keep(ctx context.Context, object client.Object, record ledger.Record) {
	had, unread, err := k.write(ctx, object, record)
	if had && err == nil {
		return // it was counted and told when it came first
	}
	k.Metrics.wrote(err)
	if unread != nil {
		k.Events.Eventf(object, nil, corev1.EventTypeWarning, "LedgerUnreadable", "Keep", "a part of ConfigMap %q is kept aside as it is: %v", ledger.Name(kindOf(object), object.GetName()), excerpt.Bytes(unread.Error(), maxCause))
	}
	if err != nil {
		logger.FromContext(ctx).Error(err, "cannot keep the record of a release", "record", record)
		k.Events.Eventf(object, nil, corev1.EventTypeWarning, "LedgerNotWritten", "Keep", "the release goes on, its record stands in the log alone: %v", excerpt.Bytes(err.Error(), maxCause))
		return
	}
	k.Events.Eventf(object, nil, corev1.EventTypeNormal, "ReleaseRecorded", "Keep", "%s; the record is in ConfigMap %q", record.Summary(), ledger.Name(kindOf(object), object.GetName()))
}

// write adds a record to a workload's ledger, which is made where there is
// none. It tells whether that had the release's end already, and what could not be
// read of it, besides what went wrong.
func (k *Keeper) write(ctx context.Context, object client.Object, record ledger.Record) (had bool, unread, err error) {
	err = retry.OnError(retry.DefaultRetry, passing, func() error {
		var book corev1.ConfigMap
		err := k.Live.Get(ctx, client.ObjectKeyFromObject(fresh(object)), &book)
		switch {
		case apierrors.IsNotFound(err):
			made := fresh(object)
			made.Data, unread = ledger.Append(nil, record)
			return k.Writer.Create(ctx, made, fieldOwner)
		case err != nil:
			return err
		case book.Labels[rollout.RoleLabel] != ledger.Role || (!metav1.IsControlledBy(&book, object) && !orphaned(&book, record.Workload)):
			return fmt.Errorf("ConfigMap %q exists and is not the ledger of this %s; delete or rename it, and the next release is kept", book.Name, kindOf(object))
		}
		had = had || ledger.Has(book.Data, record)
		data, broken := ledger.Append(book.Data, record)
		if unread = broken; maps.Equal(data, book.Data) {
			return nil
		}
		book.Data, book.OwnerReferences = data, fresh(object).OwnerReferences
		return k.Writer.Update(ctx, &book, fieldOwner)
	})
	if err != nil {
		return had, unread, fmt.Errorf("cannot write the ledger: %w", err)
	}
	return had, unread, nil
}

// orphaned tells a ledger that lost its workload, as one does that was deleted with
// --cascade=orphan: nobody has it, and all its records are of that name. It is the
// new one's from then on.
func orphaned(book *corev1.ConfigMap, w ledger.Workload) bool {
	records, err := ledger.Read(book)
	return err == nil && len(records) > 0 && metav1.GetControllerOfNoCopy(book) == nil &&
		!slices.ContainsFunc(records, func(r ledger.Record) bool {
			return r.Workload.Kind != w.Kind || r.Workload.Namespace != w.Namespace || r.Workload.Name != w.Name
		})
}

// passing tells what may well work at once: somebody else wrote in between, or the
// API server had too much to do.
func passing(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) ||
		apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err) || apierrors.IsInternalError(err)
}

// fresh is the ledger of a workload that has none.
func fresh(object client.Object) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: object.GetNamespace(), Name: ledger.Name(kindOf(object), object.GetName()),
		Labels: map[string]string{rollout.RoleLabel: ledger.Role, "app.kubernetes.io/managed-by": "evenkeel"},
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "apps/v1", Kind: kindOf(object), Name: object.GetName(), UID: object.GetUID(), Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(false),
		}},
	}}
}

// kindOf names the kind of a workload, which the cache's objects do not do.
func kindOf(object client.Object) string {
	switch object.(type) {
	case *appsv1.StatefulSet:
		return "StatefulSet"
	case *appsv1.DaemonSet:
		return "DaemonSet"
	default:
		return "Deployment"
	}
}
