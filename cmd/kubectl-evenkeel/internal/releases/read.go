// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package releases

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Latest names the last release in place of a revision.
const Latest = "latest"

// unknown stands for what a record does not tell.
const unknown = "-"

// Read gives the records of a workload, the oldest first. A workload without a
// ledger has none. What could not be read is told in the error, and all others are
// there all the same.
func Read(ctx context.Context, c kubernetes.Interface, namespace, kind, name string) ([]ledger.Record, error) {
	book, err := c.CoreV1().ConfigMaps(namespace).Get(ctx, ledger.Name(kind, name), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the ledger is left out: %w", err)
	case book.Labels[rollout.RoleLabel] != ledger.Role:
		return nil, fmt.Errorf("ConfigMap %q is no ledger: it has no label %s=%s", book.Name, rollout.RoleLabel, ledger.Role)
	}
	records, err := ledger.Read(book)
	if err != nil {
		return records, fmt.Errorf("a part of ConfigMap %q is left out: %w", book.Name, err)
	}
	return records, nil
}

// Find gives the last release of a revision, or of all. A revision is a number,
// or the name of its ReplicaSet or ControllerRevision. The error says which there
// are instead.
func Find(records []ledger.Record, revision string) (ledger.Record, error) {
	var known []string
	for _, r := range slices.Backward(records) {
		if revision == Latest || revision == version(r.To) || revision == r.To.ReplicaSet {
			return r, nil
		}
		if name := version(r.To); name != unknown && !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	if len(known) == 0 {
		return ledger.Record{}, fmt.Errorf("no release is recorded, so there is no record of %s", revision)
	}
	return ledger.Record{}, fmt.Errorf("no release of revision %q is recorded; recorded are %s, or write %s", revision, strings.Join(known, ", "), Latest)
}

// version names a version as a person would: by its number, where it has one.
func version(v rollout.Version) string {
	switch {
	case v.Revision != "":
		return v.Revision
	case v.ReplicaSet != "":
		return v.ReplicaSet
	default:
		return unknown
	}
}
