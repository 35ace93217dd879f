// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
)

var (
	audited = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "evenkeel_audit_deployments", Help: "Deployments that the last audit looked at.",
	})
	found = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "evenkeel_audit_findings", Help: "Deployments for which a check does not hold, by the last audit; action is what a CREATE of the same object would meet.",
	}, []string{"check", "action"})
	overridden = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "evenkeel_audit_overrides", Help: "Deployments with an emergency's override in force, by the last audit.",
	})
)

// maxNote is how long an Event's note may be.
const maxNote = 1024

// loop audits now and then, on the leader.
type loop struct {
	client   client.Client
	reviewer Reviewer
	every    time.Duration
	log      logr.Logger
	now      func() time.Time
	// told holds what was told of each Deployment that is there, so that it is
	// told once.
	told map[types.UID]map[string]bool
}

// RegisterMetrics registers what the last audit found.
func RegisterMetrics(registry prometheus.Registerer) error {
	for _, collector := range []prometheus.Collector{audited, found, overridden} {
		if err := registry.Register(collector); err != nil {
			return fmt.Errorf("cannot register the audit's metrics: %w", err)
		}
	}
	return nil
}

// SetupWithManager audits every so often with the manager.
func SetupWithManager(mgr ctrl.Manager, reviewer Reviewer, every time.Duration) error {
	l := &loop{client: mgr.GetClient(), reviewer: reviewer, every: every, log: mgr.GetLogger().WithName("audit"), now: time.Now, told: map[types.UID]map[string]bool{}}
	if err := mgr.Add(l); err != nil {
		return fmt.Errorf("cannot audit: %w", err)
	}
	return nil
}

// NeedLeaderElection tells that one replica audits.
func (*loop) NeedLeaderElection() bool { return true }

// Start audits until the context ends.
func (l *loop) Start(ctx context.Context) error {
	ticker := time.NewTicker(l.every)
	defer ticker.Stop()
	for {
		if err := l.once(ctx); err != nil && ctx.Err() == nil {
			l.log.Error(err, "cannot audit")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// once looks at every Deployment, shows the figures and tells what is new.
func (l *loop) once(ctx context.Context) error {
	var list appsv1.DeploymentList
	if err := l.client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("cannot list Deployments: %w", err)
	}
	report, err := Run(ctx, l.reviewer, list.Items, nil)
	if err != nil {
		return err
	}
	show(report)
	there := map[types.UID]bool{}
	byName := map[types.NamespacedName]*appsv1.Deployment{}
	for i := range list.Items {
		there[list.Items[i].UID] = true
		byName[client.ObjectKeyFromObject(&list.Items[i])] = &list.Items[i]
	}
	for uid := range l.told {
		if !there[uid] {
			delete(l.told, uid)
		}
	}
	return l.tell(ctx, report, byName)
}

func show(report Report) {
	audited.Set(float64(report.Deployments))
	overridden.Set(float64(len(report.Overrides)))
	found.Reset()
	for _, finding := range report.Findings {
		found.WithLabelValues(finding.Check, string(finding.Action)).Inc()
	}
}

// tell writes an Event for each finding that nobody heard of: those that are
// audited alone are for the metrics.
func (l *loop) tell(ctx context.Context, report Report, deployments map[types.NamespacedName]*appsv1.Deployment) error {
	for _, finding := range report.Findings {
		if finding.Action == policy.Audit {
			continue
		}
		d := deployments[types.NamespacedName{Namespace: finding.Namespace, Name: finding.Name}]
		if err := l.event(ctx, d, "CheckFailed", finding.Check+": "+finding.Message); err != nil {
			return err
		}
	}
	for _, one := range report.Overrides {
		d := deployments[types.NamespacedName{Namespace: one.Namespace, Name: one.Name}]
		note := fmt.Sprintf("checks are overridden until %s: %s", one.Override.Until.Format(time.RFC3339), one.Override.Reason)
		if err := l.event(ctx, d, "ChecksOverridden", note); err != nil {
			return err
		}
	}
	return nil
}

// event tells something of a Deployment once. Its name comes from what it tells,
// so that another leader, or the same after a restart, cannot tell it twice.
func (l *loop) event(ctx context.Context, d *appsv1.Deployment, reason, note string) error {
	sum := sha256.Sum256([]byte(string(d.UID) + reason + note))
	key := hex.EncodeToString(sum[:8])
	if l.told[d.UID][key] {
		return nil
	}
	event := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: d.Namespace, Name: fmt.Sprintf("%.200s.%s", d.Name, key)},
		EventTime:           metav1.NewMicroTime(l.now()),
		ReportingController: "evenkeel", ReportingInstance: "audit", Action: "Audit", Reason: reason, Type: corev1.EventTypeWarning, Note: excerpt.Bytes(note, maxNote),
		Regarding: corev1.ObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Namespace: d.Namespace, Name: d.Name, UID: d.UID, ResourceVersion: d.ResourceVersion},
	}
	err := l.client.Create(ctx, event)
	switch {
	case apierrors.IsAlreadyExists(err):
	case apierrors.IsNotFound(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return nil
	case err != nil:
		return fmt.Errorf("cannot tell of Deployment %s/%s: %w", d.Namespace, d.Name, err)
	}
	if l.told[d.UID] == nil {
		l.told[d.UID] = map[string]bool{}
	}
	l.told[d.UID][key] = true
	return nil
}
