// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// released is the ledger of the Deployment demo, with one release.
func released(hash, revision string, result rollout.Phase) *corev1.ConfigMap {
	data, _ := ledger.Append(nil, ledger.Record{
		APIVersion: ledger.APIVersion, Strategy: "canary", Result: string(result), Started: time.Unix(0, 0), Ended: time.Unix(60, 0),
		From: rollout.Version{ReplicaSet: "demo-0", Revision: "1"}, To: rollout.Version{ReplicaSet: "demo-" + hash, Hash: hash, Revision: revision},
	})
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo-releases", Labels: map[string]string{rollout.RoleLabel: ledger.Role}}, Data: data}
}

func TestReleasesArePrinted(t *testing.T) {
	w := newWorld(flying("demo", nil), released("a", "4", rollout.Completed))
	for name, row := range map[string]struct {
		args        []string
		code        int
		out, errOut string
	}{
		"a line":         {nil, 0, "1970-01-01T00:00:00Z   1m0s     canary     1      4    Completed", ""},
		"in full":        {[]string{"--record", "4"}, 0, "To:            demo-a, revision 4\n", ""},
		"as data":        {[]string{"--record", "latest", "-o", "yaml"}, 0, "result: Completed\n", ""},
		"all, as data":   {[]string{"-o", "json"}, 0, `"releases": [`, ""},
		"no such record": {[]string{"--record", "9"}, 1, "", `evenkeel: no release of revision "9" is recorded; recorded are 4, or write latest`},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := w.called(t, append([]string{"history", "demo"}, row.args...)...)
			assert.Equal(t, row.code, code)
			assert.Contains(t, out, row.out)
			assert.Contains(t, errOut, row.errOut)
		})
	}
}

// A ledger that may not be read is in nobody's way.
func TestHistoryWithoutTheLedger(t *testing.T) {
	w := newWorld(flying("demo", nil))
	w.typed.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("forbidden") })
	code, out, errOut := w.called(t, "history", "demo", "-o", "json")
	assert.Zero(t, code)
	assert.Contains(t, out, `"releases": []`)
	assert.Equal(t, "Warning: the ledger is left out: forbidden\n", errOut)
}
