// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package history

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Revision is one version that a workload had, or has.
type Revision struct {
	Number int64 `json:"revision"`
	// Name is the ReplicaSet or ControllerRevision.
	Name string `json:"name"`
	// Role is what it is to the rollout: stable, canary, rolled back, or nothing.
	Role   string   `json:"role,omitempty"`
	Images []string `json:"images,omitempty"`
	// Cause is what kubectl rollout history shows.
	Cause string `json:"cause,omitempty"`
	// Pods are how many there are to be; -1 where the revision does not tell.
	Pods int32     `json:"pods"`
	Made time.Time `json:"made,omitzero"`
}

// Read reads the revisions of a workload, the newest first.
func Read(ctx context.Context, c kubernetes.Interface, f flight.Flight) ([]Revision, error) {
	var out []Revision
	var err error
	if f.Kind == flight.Deployment {
		out, err = replicaSets(ctx, c, f)
	} else {
		out, err = revisions(ctx, c, f)
	}
	slices.SortStableFunc(out, func(a, b Revision) int { return cmp.Compare(b.Number, a.Number) })
	return out, err
}

func replicaSets(ctx context.Context, c kubernetes.Interface, f flight.Flight) ([]Revision, error) {
	list, err := c.AppsV1().ReplicaSets(f.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list ReplicaSets: %w", err)
	}
	var out []Revision
	for i := range list.Items {
		rs := &list.Items[i]
		number, err := strconv.ParseInt(rs.Annotations[rollout.RevisionAnnotation], 10, 64)
		if !ownedBy(rs, f) || err != nil { // one that the stock controller has not numbered yet
			continue
		}
		out = append(out, Revision{
			Number: number, Name: rs.Name, Role: role(f, rs.Name), Images: images(rs.Spec.Template), Cause: rs.Annotations[policy.CauseAnnotation],
			Pods: ptr.Deref(rs.Spec.Replicas, 0), Made: rs.CreationTimestamp.Time,
		})
	}
	return out, nil
}

func revisions(ctx context.Context, c kubernetes.Interface, f flight.Flight) ([]Revision, error) {
	list, err := c.AppsV1().ControllerRevisions(f.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list ControllerRevisions: %w", err)
	}
	var out []Revision
	for i := range list.Items {
		one := &list.Items[i]
		if !ownedBy(one, f) {
			continue
		}
		out = append(out, Revision{
			Number: one.Revision, Name: one.Name, Role: role(f, one.Name), Images: images(templateOf(one)), Cause: one.Annotations[policy.CauseAnnotation],
			Pods: -1, Made: one.CreationTimestamp.Time,
		})
	}
	return out, nil
}

// ownedBy goes by kind and name: a Flight keeps no UID, and a name has one owner.
func ownedBy(object metav1.Object, f flight.Flight) bool {
	owner := metav1.GetControllerOfNoCopy(object)
	return owner != nil && owner.Kind == f.Kind && owner.Name == f.Name
}

// templateOf is the template that a ControllerRevision keeps; empty where it keeps
// something else.
func templateOf(revision *appsv1.ControllerRevision) corev1.PodTemplateSpec {
	var kept struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(revision.Data.Raw, &kept); err != nil {
		return corev1.PodTemplateSpec{}
	}
	return kept.Spec.Template
}

func images(template corev1.PodTemplateSpec) []string {
	var out []string
	for _, container := range template.Spec.Containers {
		out = append(out, container.Image)
	}
	return out
}

// role tells which revision serves. After a rollout the one it ended on is stable.
func role(f flight.Flight, name string) string {
	stable, canary := f.Stable.Version, f.Canary.Version
	switch {
	case f.InFlight() && name == stable, f.Phase == rollout.RolledBack && name == stable, f.Phase == rollout.Completed && name == canary:
		return "stable"
	case f.InFlight() && name == canary:
		return "canary"
	case f.Phase == rollout.RolledBack && name == canary:
		return "rolled back"
	default:
		return ""
	}
}

// Table writes revisions for a person.
func Table(to io.Writer, revisions []Revision, now time.Time) error {
	table := tabwriter.NewWriter(to, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "REVISION\tROLE\tNAME\tPODS\tAGE\tIMAGES\tCHANGE-CAUSE")
	for _, r := range revisions {
		pods := "-"
		if r.Pods >= 0 {
			pods = strconv.Itoa(int(r.Pods))
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Number, dash(r.Role), r.Name, pods, duration.HumanDuration(now.Sub(r.Made)), dash(strings.Join(r.Images, ",")), dash(r.Cause))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("cannot write the table: %w", err)
	}
	return nil
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
