// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// theRecord is that of the first release.
func (p plugin) theRecord() {
	who := p.Kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
	r := p.waitForRelease(1)
	assert.Equal(p.t, []string{"Completed", "canary", who}, []string{r.Result, r.Strategy, r.AppliedBy})
	var told []string
	for _, word := range r.Told {
		if word.Who == who {
			told = append(told, word.What)
		}
	}
	assert.Subset(p.t, told, []string{"continue", "skip"})
	require.NotNil(p.t, r.Ready)
	assert.GreaterOrEqual(p.t, r.Ready.Ready, int32(2), "never fewer than asked for")
	require.NotEmpty(p.t, r.Steps)
	for _, step := range r.Steps[:2] {
		times := []time.Time{r.Started, step.Asked, step.Given, step.Accepted, step.Settled, step.Left, r.Ended}
		for i := range times[1:] {
			assert.False(p.t, times[i].IsZero(), "step %d, time %d", step.Number, i)
			assert.False(p.t, times[i+1].Before(times[i]), "step %d: %s is before %s", step.Number, times[i+1], times[i])
		}
	}
	table := p.ends(0, "history", "demo")
	assert.Regexp(p.t, `(?m)^2 +stable +demo-`, table)
	assert.Regexp(p.t, `canary +1 +2 +Completed +\d+/\d+ +`+who+` +.*continue \(`+who+`\)`, table)
	assert.Contains(p.t, p.ends(0, "history", "demo", "--record", "latest"), "Result:        Completed\n")
}

// somebody who may edit the namespace, as the flag that acts as them.
func (p plugin) somebody() (as string) {
	p.t.Helper()
	account := `{apiVersion: v1, kind: ServiceAccount, metadata: {name: somebody}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: somebody}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: ServiceAccount, name: somebody, namespace: ` + p.Namespace + `}]
`
	p.Apply(account)
	return "--as=system:serviceaccount:" + p.Namespace + ":somebody"
}

// theLedgerIsKept as it was written: somebody who may change all ConfigMaps of the
// namespace can neither forge a ledger, nor change or delete one.
func (p plugin) theLedgerIsKept() {
	as := p.somebody()
	require.Equal(p.t, "yes\n", p.Kubectl("auth", "can-i", "delete", "configmaps", as))
	name := strings.TrimSpace(p.Kubectl("get", "configmaps", "-l", "evenkeel.dev/role=ledger", "-o", "name"))
	written := p.Kubectl("get", name, "-o", "yaml")
	forged := "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, labels: {evenkeel.dev/role: ledger}}, data: {releases.json: '[]'}}"
	for what, row := range map[string]struct {
		stdin string
		args  []string
	}{
		"forged":          {strings.Replace(forged, "%s", "other-releases", 1), []string{"create", "-f", "-"}},
		"changed":         {"", []string{"patch", name, "--type=merge", "-p", `{"data":{"1":"{}"}}`}},
		"its label taken": {"", []string{"label", name, "evenkeel.dev/role-"}},
		"deleted":         {"", []string{"delete", name}},
	} {
		out, err := fixture.Run(row.stdin, append([]string{"kubectl", "-n", p.Namespace, as}, row.args...)...)
		require.Error(p.t, err, "%s: %s", what, out)
		assert.Contains(p.t, out, "is the record of the releases of a Deployment: Evenkeel alone writes it", what)
	}
	assert.Equal(p.t, written, p.Kubectl("get", name, "-o", "yaml"))
}
