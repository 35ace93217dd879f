// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// set is the ReplicaSet of a template that has a number now, and had others before.
func set(hash, number, history string) appsv1.ReplicaSet {
	labels := map[string]string{"app": "demo", appsv1.DefaultDeploymentUniqueLabelKey: hash}
	return appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: "demo-" + hash, Labels: labels, Annotations: map[string]string{rollout.RevisionAnnotation: number, historyAnnotation: history}},
		Spec: appsv1.ReplicaSetSpec{Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "demo:" + hash}}},
		}},
	}
}

func record(hash, number, result string) ledger.Record {
	return ledger.Record{To: rollout.Version{Hash: hash, Revision: number}, Result: result}
}

var (
	completed, rolledBack = string(rollout.Completed), string(rollout.RolledBack)
	four                  = []appsv1.ReplicaSet{set("a", "5", "1"), set("b", "2", ""), set("d", "7", ""), set("c", "6", "3,4")}
)

func TestTo(t *testing.T) {
	for _, row := range []struct {
		name    string
		records []ledger.Record
		sets    []appsv1.ReplicaSet
		number  int64
		want    string // the hash, or the error
	}{
		{"by its number", nil, four, 2, "b"},
		{"by a number that it had", nil, four, 4, "c"},
		{"by a number that a record knows", []ledger.Record{record("b", "9", completed)}, four, 9, "b"},
		{"the number before", nil, four, Last, "c"},
		{"the last that completed", []ledger.Record{record("a", "5", completed), record("c", "6", rolledBack), record("d", "7", completed)}, four, Last, "a"},
		{"not one that failed", []ledger.Record{record("c", "6", rolledBack)}, four, Last, "a"},
		{"one that failed before it completed", []ledger.Record{record("c", "6", rolledBack), record("c", "6", completed)}, four, Last, "c"},
		{"the one that runs", nil, four, 7, "revision 7 is the one that the Deployment has now; kept are 6 (demo-c), 5 (demo-a), 2 (demo-b)"},
		{"one that is gone", nil, four, 8, "revision 8 is not kept; kept are 6 (demo-c), 5 (demo-a), 2 (demo-b) (revisionHistoryLimit says how many stay)"},
		{"no number", nil, four, -1, "revision -1: revisions count from 1; kept are 6 (demo-c), 5 (demo-a), 2 (demo-b)"},
		{"the first version", nil, four[2:3], Last, "there is no version to go back to; no other is kept"},
		{"nothing is kept", nil, []appsv1.ReplicaSet{set("a", "", "")}, 1, "no version is kept: the Deployment has no ReplicaSet with a revision; look at its revisionHistoryLimit"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := To(row.records, row.sets, row.number)
			if err != nil {
				assert.Equal(t, row.want, err.Error())
				return
			}
			assert.Equal(t, row.want, got.Hash)
		})
	}
}

func TestNewest(t *testing.T) {
	got, there := Newest(four)
	assert.True(t, there)
	assert.Equal(t, "demo-d", got.ReplicaSet)
	_, there = Newest([]appsv1.ReplicaSet{set("a", "", "")})
	assert.False(t, there)
}

// The template is the user's: without what the stock controller put in.
func TestTheTemplate(t *testing.T) {
	got, err := To(nil, four, 2)
	require.NoError(t, err)
	assert.Equal(t, Target{ReplicaSet: "demo-b", Hash: "b", Revision: 2, Template: corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "demo"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "demo:b"}}},
	}}, got)
	assert.Equal(t, "b", four[1].Spec.Template.Labels[appsv1.DefaultDeploymentUniqueLabelKey], "the ReplicaSet is as it was")
}

func TestOf(t *testing.T) {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{UID: "u"}}
	all := []appsv1.ReplicaSet{set("a", "1", ""), set("b", "2", "")}
	for i := range all {
		all[i].OwnerReferences = []metav1.OwnerReference{{UID: d.UID, Controller: ptr.To(i == 1)}}
	}
	own := Of(d, all)
	require.Len(t, own, 1)
	assert.Equal(t, "demo-b", own[0].Name)
	assert.Equal(t, "demo-a", all[0].Name, "the list is as it was")
}
