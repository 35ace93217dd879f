// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package releases

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/golden"
	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func at(seconds int) time.Time {
	return time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

// some are the releases of one Deployment: one that completed, one that went back,
// and one that another took the place of before its first pod.
func some() []ledger.Record {
	demo := ledger.Workload{Kind: "Deployment", Namespace: "shop", Name: "demo", UID: "u"}
	one := rollout.Version{ReplicaSet: "demo-6d4b8f", Hash: "6d4b8f", Revision: "1"}
	two := rollout.Version{ReplicaSet: "demo-7f9c55", Hash: "7f9c55", Revision: "2"}
	return []ledger.Record{
		{
			APIVersion: ledger.APIVersion, ID: "u/7f9c55/1", Workload: demo, Strategy: "canary", Plan: "20%:pause,100%", From: one, To: two, Result: "Completed",
			Started: at(0), Ended: at(723), AppliedBy: "argocd", Ready: &rollout.Count{Ready: 10, Of: 10},
			Steps: []ledger.Step{
				{Number: 1, Step: "20%:pause", Asked: at(7), Given: at(19), Accepted: at(20), Settled: at(25), Left: at(641), Measurements: []ledger.Measurement{
					{Analysis: "success-rate", At: at(60), Verdict: "Passed", Text: "99.94 % of 1,204\nrequests"}, {Analysis: "latency", At: at(61), Verdict: "Passed"},
				}},
				{Number: 2, Step: "100%", Asked: at(641), Given: at(658), Accepted: at(659), Left: at(664)},
			},
			Told: []rollout.Word{{Who: "jane", What: "pause", When: at(500)}, {Who: "jane", What: "continue", When: at(640)}, {What: "continue", When: at(641)}, {Who: "jane", What: "continue", When: at(642)}},
		},
		{
			APIVersion: ledger.APIVersion, ID: "u/other/2", Workload: demo, Strategy: "canary", From: two,
			To: rollout.Version{ReplicaSet: "demo-85d988", Hash: "85d988", Revision: "3"}, Result: "RolledBack",
			Reason: "no canary pod is ready while traffic goes to them;\ncontainer \"app\" of pod \"demo-85d988-x2x7q\" crashes (CrashLoopBackOff), the last time with exit code 1", Started: at(3600), Ended: at(3723), AppliedBy: "joe", Ready: &rollout.Count{Ready: 9, Of: 10},
		},
		{APIVersion: ledger.APIVersion, Workload: demo, Strategy: "rolling", From: two, Result: "Replaced", Reason: "another template was applied", Started: at(7000), Ended: at(7200), AppliedBy: "jane"},
	}
}

func TestScreens(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Table(&out, some()))
	golden.Equal(t, "table", out.String())
	old := ledger.Record{Workload: some()[0].Workload, Strategy: "batch", From: rollout.Version{ReplicaSet: "db-7"}, Result: "RolledBack", Ended: at(0)}
	for name, record := range map[string]ledger.Record{"completed": some()[0], "rolled-back": some()[1], "replaced": some()[2], "knows-little": old} {
		out.Reset()
		require.NoError(t, Write(&out, record))
		golden.Equal(t, name, out.String())
	}
	out.Reset()
	require.NoError(t, Table(&out, []ledger.Record{old}))
	golden.Equal(t, "table-knows-little", out.String())
}

func TestFind(t *testing.T) {
	for _, row := range []struct {
		records  []ledger.Record
		revision string
		want     string // the result, or the error
	}{
		{some(), "2", "Completed"},
		{some(), "demo-7f9c55", "Completed"},
		{some(), "demo-85d988", "RolledBack"},
		{some(), "latest", "Replaced"},
		{append(some(), ledger.Record{Result: "again", To: some()[0].To}), "2", "again"},
		{some(), "9", `no release of revision "9" is recorded; recorded are 3, 2, or write latest`},
		{nil, "latest", "no release is recorded, so there is no record of latest"},
	} {
		t.Run(row.revision, func(t *testing.T) {
			got, err := Find(row.records, row.revision)
			if err != nil {
				assert.Equal(t, row.want, err.Error())
				return
			}
			assert.Equal(t, row.want, got.Result)
		})
	}
}

// book is the ConfigMap that a workload's ledger stands in.
func book(role string, records ...ledger.Record) *corev1.ConfigMap {
	data := map[string]string{}
	for _, r := range records {
		data, _ = ledger.Append(data, r)
	}
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo-releases", Labels: map[string]string{rollout.RoleLabel: role}}, Data: data}
}

func TestRead(t *testing.T) {
	broken := book(ledger.Role, some()...)
	broken.Data["20261120T020000.000Z-a.json"] = "{"
	for _, row := range []struct {
		name    string
		objects []runtime.Object
		records int
		says    string
	}{
		{"no ledger", nil, 0, ""},
		{"all", []runtime.Object{book(ledger.Role, some()...)}, 3, ""},
		{"a broken record", []runtime.Object{broken}, 3, `a part of ConfigMap "demo-releases" is left out: cannot read the record "20261120T020000.000Z-a.json"`},
		{"somebody else's", []runtime.Object{book("", some()...)}, 0, `ConfigMap "demo-releases" is no ledger: it has no label evenkeel.dev/role=ledger`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Read(t.Context(), fake.NewClientset(row.objects...), "shop", "Deployment", "demo")
			assert.Len(t, got, row.records)
			if row.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, row.says)
		})
	}
}

func TestWhatMayNotBeRead(t *testing.T) {
	c := fake.NewClientset()
	c.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("forbidden") })
	_, err := Read(t.Context(), c, "shop", "Deployment", "demo")
	require.EqualError(t, err, "the ledger is left out: forbidden")
}
