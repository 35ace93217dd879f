// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/manifest"
	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/webhook/audit"
	"github.com/evenkeel-dev/evenkeel/webhook/lint"
)

// One engine, three faces: what admission says of a manifest, what lint says of
// its file, and what the audit says of it once it runs, is the same word for word.
func TestThreeFacesSayTheSame(t *testing.T) {
	fixture.Need(t)
	world := clientset(t)
	rule := withRule(t, "\n    checks: {default: Warn}") // so that all of it can run
	binary := filepath.Join(t.TempDir(), "evenkeel")
	fixture.Must(t, "", "go", "build", "-o", binary, "github.com/evenkeel-dev/evenkeel/cmd/evenkeel")
	store := config.NewStore()
	require.NoError(t, store.Offer([]byte("apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules:\n- name: "+rule+"\n  checks: {default: Warn}\n")))
	fixtures, err := filepath.Glob(filepath.Join(fixture.Root(), "policy", "rules", "testdata", "*", "*.yaml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(fixtures), 2*len(policy.AllChecks()))
	for _, file := range fixtures {
		check, kind := filepath.Base(filepath.Dir(file)), strings.TrimSuffix(filepath.Base(file), ".yaml")
		if check == "malformed-percent" && kind == "fail" {
			continue // the API server itself refuses it, once warned
		}
		t.Run(check+"/"+kind, func(t *testing.T) {
			namespace := "face-" + check + "-" + kind
			fresh(t, world, namespace)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			parts := strings.SplitAfterN(string(text), "\n---\n", 2)
			if len(parts) == 2 {
				fixture.Must(t, parts[1], "kubectl", "apply", "--server-side", "-n", namespace, "-f", "-")
				if strings.Contains(parts[1], "ResourceQuota") {
					used(t, namespace, parts[1])
				}
				time.Sleep(2 * time.Second) // the informers' way
			}
			deployment := strings.Replace(strings.TrimSuffix(parts[0], "---\n"), "spec:\n", "spec:\n  paused: true\n", 1)

			files := []manifest.File{{Path: file}}
			files[0].Objects, err = manifest.Parse(file, []byte(strings.Replace(string(text), parts[0], deployment+"---\n", 1)))
			require.NoError(t, err)
			reviewed, err := lint.Review(t.Context(), files, store, time.Now())
			require.NoError(t, err)
			linted := told(lint.NewReport(files, reviewed).Findings, func(f lint.Finding) (string, string) { return f.Check, f.Message })

			out := fixture.Must(t, deployment, "kubectl", "apply", "-n", namespace, "-f", "-")
			var admitted []string
			for line := range strings.Lines(out) {
				if text, found := strings.CutPrefix(strings.TrimSpace(line), "Warning: evenkeel: "); found {
					if name, _, _ := strings.Cut(text, ": "); isCheck(name) {
						admitted = append(admitted, text)
					}
				}
			}
			assert.Equal(t, linted, admitted, "lint and admission")

			d, err := world.AppsV1().Deployments(namespace).Get(t.Context(), "demo", metav1.GetOptions{})
			require.NoError(t, err)
			report := auditOf(t, binary, d)
			audited := told(report.Findings, func(f audit.Finding) (string, string) { return f.Check, f.Message })
			assert.Equal(t, linted, audited, "lint and audit")
		})
	}
}

func auditOf(t *testing.T, binary string, d *appsv1.Deployment) audit.Report {
	t.Helper()
	out := fixture.Must(t, "", binary, "audit", "-n", d.Namespace, "-o", "json")
	var report audit.Report
	require.NoError(t, json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &report))
	return report
}

// told is what findings say, as a warning of one line does.
func told[T any](findings []T, of func(T) (check, message string)) []string {
	var out []string
	for _, f := range findings {
		check, message := of(f)
		out = append(out, policy.Violation{Check: check, Message: message}.Line())
	}
	return out
}

func isCheck(name string) bool {
	for _, check := range policy.CheckNames() {
		if check == name {
			return true
		}
	}
	return false
}

// used writes a quota's use, as its controller does not while nothing runs.
func used(t *testing.T, namespace, text string) {
	t.Helper()
	time.Sleep(time.Second)
	_, status, found := strings.Cut(text, "\nstatus: ")
	require.True(t, found)
	status, _, _ = strings.Cut(status, "\n")
	fixture.Must(t, "", "kubectl", "patch", "resourcequota", "team", "-n", namespace, "--subresource=status", "--type=merge", "-p", `{"status": `+jsonOf(t, status)+`}`)
}

func jsonOf(t *testing.T, flow string) string {
	t.Helper()
	text, err := yaml.YAMLToJSON([]byte(flow))
	require.NoError(t, err)
	return string(text)
}
