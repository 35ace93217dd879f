// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// historyAnnotation lists the numbers that a version had before.
const historyAnnotation = "deployment.kubernetes.io/revision-history"

// Last stands for the version of the last release that completed, before the one
// that runs.
const Last int64 = 0

// Target is a version to go back to.
type Target struct {
	// ReplicaSet is its name, Hash the pod-template-hash of its pods.
	ReplicaSet, Hash string
	// Revision is its number now.
	Revision int64
	// Template is as it was applied and admitted, without the hash.
	Template corev1.PodTemplateSpec
}

// Of leaves those ReplicaSets that are a Deployment's own.
func Of(d *appsv1.Deployment, all []appsv1.ReplicaSet) []appsv1.ReplicaSet {
	return slices.DeleteFunc(slices.Clone(all), func(rs appsv1.ReplicaSet) bool { return !metav1.IsControlledBy(&rs, d) })
}

// Newest is the version with the highest number: the one that a Deployment has now,
// once the stock controller has seen it. There may be none.
func Newest(sets []appsv1.ReplicaSet) (Target, bool) {
	kept := newestFirst(sets)
	if len(kept) == 0 {
		return Target{}, false
	}
	return target(kept[0]), true
}

// To finds the version of a revision, or of Last, among the ReplicaSets of one
// Deployment (see Of). A revision is a number that a ReplicaSet has, or had, or
// that a record names. The error says which there are instead.
func To(records []ledger.Record, sets []appsv1.ReplicaSet, number int64) (Target, error) {
	kept := newestFirst(sets)
	switch {
	case number < 0:
		return Target{}, fmt.Errorf("revision %d: revisions count from 1; %s", number, those(kept))
	case len(kept) == 0:
		return Target{}, errors.New("no version is kept: the Deployment has no ReplicaSet with a revision; look at its revisionHistoryLimit")
	case number == Last:
		return last(records, kept)
	}
	found := slices.IndexFunc(kept, func(rs *appsv1.ReplicaSet) bool { return numberOf(rs) == number })
	if found < 0 {
		found = slices.IndexFunc(kept, func(rs *appsv1.ReplicaSet) bool { return had(rs, number) || recorded(records, rs, number) })
	}
	switch {
	case found < 0:
		return Target{}, fmt.Errorf("revision %d is not kept; %s (revisionHistoryLimit says how many stay)", number, those(kept))
	case found == 0:
		return Target{}, fmt.Errorf("revision %d is the one that the Deployment has now; %s", number, those(kept))
	}
	return target(kept[found]), nil
}

// last is the version before the one that runs: by the records the last that was
// proved, and without them the number before.
func last(records []ledger.Record, kept []*appsv1.ReplicaSet) (Target, error) {
	for _, record := range slices.Backward(records) {
		if record.Result != string(rollout.Completed) {
			continue
		}
		for _, rs := range kept[1:] {
			if hashOf(rs) == record.To.Hash {
				return target(rs), nil
			}
		}
	}
	for _, rs := range kept[1:] {
		if !failed(records, rs) {
			return target(rs), nil
		}
	}
	return Target{}, fmt.Errorf("there is no version to go back to; %s", those(kept))
}

// failed tells a version whose last release did not complete.
func failed(records []ledger.Record, rs *appsv1.ReplicaSet) bool {
	for _, record := range slices.Backward(records) {
		if record.To.Hash == hashOf(rs) {
			return record.Result != string(rollout.Completed)
		}
	}
	return false
}

// newestFirst orders ReplicaSets by their numbers; the first is what the
// Deployment has now.
func newestFirst(sets []appsv1.ReplicaSet) []*appsv1.ReplicaSet {
	var out []*appsv1.ReplicaSet
	for i := range sets {
		if numberOf(&sets[i]) > 0 {
			out = append(out, &sets[i])
		}
	}
	slices.SortFunc(out, func(a, b *appsv1.ReplicaSet) int { return int(numberOf(b) - numberOf(a)) })
	return out
}

func numberOf(rs *appsv1.ReplicaSet) int64 {
	number, err := strconv.ParseInt(rs.Annotations[rollout.RevisionAnnotation], 10, 32)
	if err != nil {
		return 0
	}
	return number
}

// had tells whether a ReplicaSet had a number before it came back.
func had(rs *appsv1.ReplicaSet, number int64) bool {
	return slices.Contains(strings.Split(rs.Annotations[historyAnnotation], ","), strconv.FormatInt(number, 10))
}

// recorded tells whether a record knows a ReplicaSet by a number.
func recorded(records []ledger.Record, rs *appsv1.ReplicaSet, number int64) bool {
	text := strconv.FormatInt(number, 10)
	return slices.ContainsFunc(records, func(r ledger.Record) bool {
		return (r.To.Revision == text && r.To.Hash == hashOf(rs)) || (r.From.Revision == text && r.From.Hash == hashOf(rs))
	})
}

func hashOf(rs *appsv1.ReplicaSet) string { return rs.Labels[appsv1.DefaultDeploymentUniqueLabelKey] }

func target(rs *appsv1.ReplicaSet) Target {
	template := rs.Spec.Template.DeepCopy()
	delete(template.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return Target{ReplicaSet: rs.Name, Hash: hashOf(rs), Revision: numberOf(rs), Template: *template}
}

// those lists what is kept, for a person.
func those(kept []*appsv1.ReplicaSet) string {
	if len(kept) < 2 {
		return "no other is kept"
	}
	var out []string
	for _, rs := range kept[1:] {
		out = append(out, fmt.Sprintf("%d (%s)", numberOf(rs), rs.Name))
	}
	return "kept are " + strings.Join(out, ", ")
}
