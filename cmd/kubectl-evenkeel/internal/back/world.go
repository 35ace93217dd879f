// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package back

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/releases"
	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/revision"
)

// Previous names the last version that completed in place of a revision.
const Previous = "previous"

// World is what a person goes back in: a Deployment, its own ReplicaSets, and what
// its ledger keeps.
type World struct {
	Deployment *appsv1.Deployment
	Sets       []appsv1.ReplicaSet
	Records    []ledger.Record
	// Unread says what of the ledger could not be read.
	Unread error
}

// Read reads what there is of one Deployment.
func Read(ctx context.Context, c kubernetes.Interface, namespace, name string) (World, error) {
	d, err := c.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return World{}, fmt.Errorf("cannot read the Deployment: %w", err)
	}
	list, err := c.AppsV1().ReplicaSets(namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector)})
	if err != nil {
		return World{}, fmt.Errorf("cannot list ReplicaSets: %w", err)
	}
	w := World{Deployment: d, Sets: revision.Of(d, list.Items)}
	w.Records, w.Unread = releases.Read(ctx, c, namespace, flight.Deployment, name)
	return w, nil
}

// Parse reads a revision as a person writes it: a number from 1, or previous.
func Parse(text string) (int64, error) {
	if text == Previous {
		return revision.Last, nil
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 1 {
		return 0, fmt.Errorf("--to=%q is no revision: write a number that kubectl evenkeel history shows, or %s", text, Previous)
	}
	return number, nil
}

// To finds the version to go back to. The error says why there is none, or why the
// Deployment cannot go there now.
func (w World) To(number int64) (revision.Target, error) {
	d := w.Deployment
	seen := flight.OfDeployment(d, nil)
	now, there := revision.Newest(w.Sets)
	switch {
	case d.Spec.Paused && seen.Unread == "" && !seen.InFlight():
		return revision.Target{}, fmt.Errorf("%s is paused, so nothing would be released; let it go on first:\n  kubectl rollout resume deployment/%s -n %s", seen.Ref(), d.Name, d.Namespace)
	case there && !same(now.Template, d.Spec.Template) && seen.InFlight():
		return revision.Target{}, fmt.Errorf("the release in flight has no pods yet, so its template has no revision to go back from; take it back first, and then say this again:\n  kubectl evenkeel rollback %s -n %s", d.Name, d.Namespace)
	case there && !same(now.Template, d.Spec.Template):
		return revision.Target{}, errors.New("the template was changed just now, and has no revision yet; say it again in a moment")
	}
	return revision.To(w.Records, w.Sets, number)
}

// same compares templates as the stock controller does, without the hash.
func same(a, b corev1.PodTemplateSpec) bool {
	a, b = *a.DeepCopy(), *b.DeepCopy()
	delete(a.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	delete(b.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return equality.Semantic.DeepEqual(a, b)
}

// Said tells a person what going there means, and what the ledger keeps of it: a
// line each.
func (w World) Said(to revision.Target) []string {
	now, _ := revision.Newest(w.Sets)
	return []string{
		fmt.Sprintf("%s/%s goes back from %s to %s", w.Deployment.Namespace, w.Deployment.Name, named(now), named(to)),
		w.kept(to),
	}
}

// named is a version with its number and its images.
func named(t revision.Target) string {
	parts := []string{t.ReplicaSet}
	for _, container := range t.Template.Spec.Containers {
		parts = append(parts, container.Image)
	}
	return fmt.Sprintf("revision %d (%s)", t.Revision, strings.Join(parts, ", "))
}

// ends are how releases end, in a sentence.
var ends = map[string]string{"Completed": "completed", "RolledBack": "was rolled back", ledger.Replaced: "was replaced by another template"}

// kept is what the ledger keeps of a version.
func (w World) kept(to revision.Target) string {
	var parts []string
	for _, r := range w.Records {
		end, known := ends[r.Result]
		if r.To.Hash != to.Hash || !known {
			continue
		}
		part := fmt.Sprintf("%s on %s", end, r.Ended.UTC().Format("2006-01-02 at 15:04 UTC"))
		if r.Reason != "" && r.Result != ledger.Replaced {
			part += fmt.Sprintf(" (%s)", strings.Join(strings.Fields(r.Reason), " "))
		}
		parts = append(parts, part)
	}
	switch {
	case len(parts) == 0 && w.Unread != nil:
		return fmt.Sprintf("how releases of revision %d went is not known", to.Revision)
	case len(parts) == 0:
		return fmt.Sprintf("the ledger keeps no release of revision %d", to.Revision)
	}
	return fmt.Sprintf("revision %d %s", to.Revision, strings.Join(slices.Compact(parts), ", and "))
}
