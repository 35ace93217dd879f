// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook/audit"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

const safe = `apiVersion: apps/v1
kind: Deployment
metadata: {name: demo, annotations: {evenkeel.dev/strategy: canary, evenkeel.dev/steps: "20%,100%"}}
spec:
  replicas: 4
  selector: {matchLabels: {app: demo}}
  template: {metadata: {labels: {app: demo}}, spec: {containers: [{name: app, image: "demo:v2", ports: [{containerPort: 8080}]}]}}
---
apiVersion: v1
kind: Service
metadata: {name: demo}
spec: {selector: {app: demo}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: demo}
spec: {parentRefs: [{name: web}], rules: [{backendRefs: [{name: demo, port: 80}]}]}
`

var (
	unsafe = strings.Replace(safe, "replicas: 4", "replicas: 4\n  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 4}}", 1)
	warned = strings.Replace(safe, "demo:v2", "demo:latest", 1)
	old    = strings.Replace(strings.Split(safe, "---")[0], "demo:v2", "demo:v1", 1)
)

// called runs a command as main does.
func called(stdin string, args ...string) (code int, stdout, stderr string) {
	root := &cobra.Command{Use: "evenkeel", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(All(Kubectl{Flags: genericclioptions.NewConfigFlags(true)})...)
	var out, errs bytes.Buffer
	root.SetArgs(args)
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&errs)
	if err := root.Execute(); err != nil {
		code = Tell(&errs, err)
	}
	return code, out.String(), errs.String()
}

func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "f.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestLintEndsAsItFinds(t *testing.T) {
	strict := written(t, "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\ndefaults: {checks: {mutable-tag: Enforce}}\n")
	for name, row := range map[string]struct {
		stdin        string
		args         []string
		code         int
		out, errText string
	}{
		"clean":                   {safe, []string{"-"}, 0, "1 Deployments in 1 files: 0 refused, 0 warned, 0 audited\n", ""},
		"refused":                 {unsafe, []string{"-"}, 1, "-:1: Enforce floor-zero: an outage by arithmetic", ""},
		"warned":                  {warned, []string{"-"}, 0, "-:1: Warn mutable-tag", ""},
		"warned, and that is bad": {warned, []string{"-", "--fail-on", "Warn"}, 1, "-:1: Warn mutable-tag", ""},
		"never fail":              {unsafe, []string{"-", "--fail-on", "none"}, 0, "floor-zero", ""},
		"a policy":                {warned, []string{"-", "--policy", strict}, 1, "-:1: Enforce mutable-tag", ""},
		"broken":                  {"a: [", []string{"-"}, 2, "", "evenkeel: -:1: yaml: line 1: did not find expected node content\n"},
		"a typo":                  {strings.Replace(safe, "replicas", "replcias", 1), []string{"-"}, 2, "", `evenkeel: -:1: Deployment: unknown field "spec.replcias"`},
		"no such file":            {"", []string{"nothing.yaml"}, 2, "", "evenkeel: cannot read nothing.yaml: no such file or directory\n"},
		"no such policy":          {safe, []string{"-", "--policy", "nothing.yaml"}, 2, "", "evenkeel: cannot read the policy: open nothing.yaml: no such file or directory\n"},
		"no such output":          {safe, []string{"-", "-o", "xml"}, 2, "", `evenkeel: --output="xml" is not known: use github, json, sarif, text`},
		"no such action":          {safe, []string{"-", "--fail-on", "warn"}, 2, "", `evenkeel: --fail-on="warn" is not known: use Enforce, Warn, Audit, none`},
		"writing into a stream":   {safe, []string{"-", "--write"}, 2, "", "--write needs files"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := called(row.stdin, append([]string{"lint"}, row.args...)...)
			assert.Equal(t, row.code, code)
			assert.Contains(t, stdout, row.out)
			assert.Contains(t, stderr, row.errText)
		})
	}
}

func TestLintWrites(t *testing.T) {
	file := written(t, safe)
	code, _, stderr := called("", "lint", "--write", file)
	assert.Zero(t, code)
	assert.Contains(t, stderr, file+": wrote 6 fields")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(text), "  minReadySeconds: 5\n---\n")
	_, _, stderr = called("", "lint", "--write", file)
	assert.Empty(t, stderr, "nothing is left to write")
}

func TestPlanAnswersAsAdmission(t *testing.T) {
	answerOf := func(stdin string, args ...string) offline.Answer {
		t.Helper()
		code, stdout, stderr := called(stdin, append([]string{"plan", "-f", "-", "-o", "json"}, args...)...)
		require.Zero(t, code, stderr)
		var answer offline.Answer
		require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
		return answer
	}
	created := answerOf(safe, "--as", "alice")
	assert.True(t, created.Allowed)
	assert.Contains(t, string(created.Patch), `"path": "/spec/template/spec/containers/0/readinessProbe"`)
	assert.Contains(t, string(created.Object), "image app=demo:v2, by alice")
	assert.Equal(t, "default", created.AuditAnnotations["rule"])

	refused := answerOf(unsafe)
	assert.False(t, refused.Allowed)
	assert.Contains(t, refused.Message, "evenkeel: floor-zero: an outage by arithmetic: maxUnavailable 4 is 4 of 4 replicas")
	assert.Empty(t, refused.Object)

	canary := answerOf(safe, "--live", written(t, old))
	assert.Contains(t, strings.Join(canary.Warnings, "\n"), `canary 20%,100% starts; demo-live stays whole, traffic moves by HTTPRoute "demo"`)
	assert.Contains(t, string(canary.Object), `"paused": true`)

	code, stdout, _ := called(safe+"---\n"+strings.Replace(unsafe, "name: demo", "name: other", 1), "plan", "-f", "-")
	assert.Zero(t, code)
	assert.Equal(t, 1, strings.Count(stdout, "\n---\n"), "one answer a Deployment")
	var first map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(strings.Split(stdout, "\n---\n")[0]), &first))
	assert.Equal(t, true, first["allowed"])
}

func TestPlanOfAPolicy(t *testing.T) {
	strict := written(t, "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\ndefaults: {checks: {mutable-tag: Enforce}, inject: {revisionHistoryLimit: 3}}\n")
	code, stdout, stderr := called("", "plan", "--policy", strict, written(t, warned))
	require.Zero(t, code, stderr)
	assert.Regexp(t, `default +demo +default +mutable-tag +- +.*revisionHistoryLimit: 3`, stdout)
	assert.Contains(t, stdout, "1 Deployments: the next rollout of 1 changes more than it was asked to, 1 would be refused as new\n")
	code, stdout, _ = called("", "plan", "--policy", strict, "-o", "json", written(t, warned))
	require.Zero(t, code)
	var effects []offline.Effect
	require.NoError(t, json.Unmarshal([]byte(stdout), &effects))
	assert.Equal(t, []string{"mutable-tag"}, effects[0].Refused)
	for _, args := range [][]string{{"plan"}, {"plan", "-f", "-", "x"}, {"plan", "-f", "-"}, {"plan", "--policy", "nothing.yaml", "-"}, {"plan", "-f", "-", "-o", "xml"}, {"plan", "--policy", strict, "-o", "xml", "-"}} {
		code, _, stderr := called("", args...)
		assert.Equal(t, 2, code, args)
		assert.True(t, strings.HasPrefix(stderr, "evenkeel: "), stderr)
	}
}

func TestAReportIsATable(t *testing.T) {
	report := audit.Report{Deployments: 2, Findings: []audit.Finding{{Namespace: "shop", Name: "web", Check: "pdb", Action: policy.Warn, Message: "it is odd. Write:\n  fix: me"}}}
	var out bytes.Buffer
	require.NoError(t, writeReport(&out, report, "table"))
	assert.Equal(t, "NAMESPACE  NAME  CHECK  ACTION  FINDING\nshop       web   pdb    Warn    it is odd. Write: fix: me\n2 Deployments, 1 findings\n", out.String())
	out.Reset()
	require.NoError(t, writeReport(&out, report, "yaml"))
	assert.Contains(t, out.String(), "deployments: 2\nfindings:\n- action: Warn\n  check: pdb\n")
	code, _, stderr := called("", "audit", "-o", "xml")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, `--output="xml" is not known: use table, json, yaml`)
}

// The program evenkeel looks at all namespaces where none is named, kubectl's plugin
// at that of the kubeconfig's context; -A is all of them for both.
func TestWhichNamespaceIsLookedAt(t *testing.T) {
	kubeconfig := written(t, `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, namespace: shop}}], clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]}`)
	for name, row := range map[string]struct {
		one        bool
		namespace  string
		everywhere bool
		want       string
	}{
		"the program":            {want: ""},
		"the program, one":       {namespace: "web", want: "web"},
		"the program, all":       {namespace: "web", everywhere: true, want: ""},
		"the plugin":             {one: true, want: "shop"},
		"the plugin, one":        {one: true, namespace: "web", want: "web"},
		"the plugin, all":        {one: true, everywhere: true, want: ""},
		"the plugin, all of one": {one: true, namespace: "web", everywhere: true, want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			flags := genericclioptions.NewConfigFlags(true)
			flags.KubeConfig, flags.Namespace = &kubeconfig, &row.namespace
			a := &access{Kubectl: Kubectl{Flags: flags, One: row.one}, everywhere: row.everywhere}
			namespace, err := a.namespace()
			require.NoError(t, err)
			assert.Equal(t, row.want, namespace)
		})
	}
}
