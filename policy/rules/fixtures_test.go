// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/window"
)

var update = flag.Bool("update", false, "write the messages of testdata/*/fail.txt anew")

// fixture reads a Deployment and what stands around it in the same file.
func fixture(t *testing.T, check, name string) policy.Subject {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", check, name))
	require.NoError(t, err)
	s := policy.Subject{New: &appsv1.Deployment{}, Now: morning}
	for _, document := range strings.Split(string(text), "---\n") {
		var head metav1.TypeMeta
		require.NoError(t, yaml.Unmarshal([]byte(document), &head))
		near := &s.Neighbours
		switch head.Kind {
		case "Deployment":
			require.NoError(t, yaml.UnmarshalStrict([]byte(document), s.New))
		case "Service":
			near.Services = append(near.Services, parsed[corev1.Service](t, document))
		case "PodDisruptionBudget":
			near.Budgets = append(near.Budgets, parsed[policyv1.PodDisruptionBudget](t, document))
		case "HorizontalPodAutoscaler":
			near.Scalers = append(near.Scalers, parsed[autoscalingv2.HorizontalPodAutoscaler](t, document))
		case "ResourceQuota":
			near.Quotas = append(near.Quotas, parsed[corev1.ResourceQuota](t, document))
		case "PersistentVolumeClaim":
			near.Claims = append(near.Claims, parsed[corev1.PersistentVolumeClaim](t, document))
		case "HTTPRoute":
			if strings.Contains(document, "name: demo, port") {
				near.Routes = append(near.Routes, policy.Route{Kind: "HTTPRoute", Name: "demo", Services: []string{"demo"}})
			}
		default:
			t.Fatalf("a fixture with a %q", head.Kind)
		}
	}
	return s
}

// changing has an older template run, where the check is about what changes.
func changing(s policy.Subject, c check) policy.Subject {
	if c.change {
		s.Old = s.New.DeepCopy()
		s.Old.Spec.Template.Spec.Containers[0].Image = "example/demo:v0"
	}
	return s
}

func parsed[T any](t *testing.T, document string) T {
	t.Helper()
	var object T
	require.NoError(t, yaml.UnmarshalStrict([]byte(document), &object))
	return object
}

// strict is the default policy with every check enforced, in a freeze.
func strict(s policy.Subject) policy.Subject {
	s.Policy = policy.Default().Default
	s.Policy.Rollout.Calendar.Freezes = []window.Freeze{{From: morning.Add(-time.Hour), Until: morning.Add(time.Hour), Reason: "new year"}}
	s.Policy.Checks.Actions = nil
	s.Policy = s.Policy.WithAnnotations(s.New.Annotations)
	return s
}

// Every check has one manifest that it refuses, with the very words, and one
// that all of them let pass.
func TestEveryCheckHasItsFixtures(t *testing.T) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			assert.Empty(t, Review(changing(strict(fixture(t, c.name, "pass.yaml")), c)).Violations)

			failing := Review(changing(strict(fixture(t, c.name, "fail.yaml")), c))
			require.NotEmpty(t, failing.Violations)
			var messages []string
			for _, v := range failing.Violations {
				if v.Check == c.name {
					messages = append(messages, "evenkeel: "+v.Check+": "+v.Message)
					assert.LessOrEqual(t, utf8.RuneCountInString(strings.SplitN(messages[0], "\n", 2)[0]), maxWarning, "the first line is a warning")
				}
			}
			require.Len(t, messages, 1)
			file := filepath.Join("testdata", c.name, "fail.txt")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(messages[0]+"\n"), 0o600))
			}
			says, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(says), messages[0]+"\n")
		})
	}
}

// What follows from each check is the policy's word, and what stood before never refuses.
func TestEveryCheckFollowsThePolicy(t *testing.T) {
	for _, c := range checks {
		for _, action := range []policy.Action{policy.Enforce, policy.Warn, policy.Audit, policy.Off} {
			s := changing(strict(fixture(t, c.name, "fail.yaml")), c)
			s.Policy.Checks.Default, s.Policy.Checks.Actions = policy.Off, map[string]policy.Action{c.name: action}
			plan := Review(s)
			_, denied := plan.Denied()
			assert.Equal(t, action == policy.Enforce && !c.late, denied, "%s %s", c.name, action)
			assert.Equal(t, action != policy.Off, len(plan.Violations) == 1, "%s %s", c.name, action)
			warned := slices.ContainsFunc(plan.Warnings, func(w string) bool { return strings.HasPrefix(w, "evenkeel: "+c.name+": ") })
			assert.Equal(t, action == policy.Warn || (action == policy.Enforce && c.late), warned, "%s %s", c.name, action)

			s.Old = s.New
			plan = Review(s)
			if c.change {
				assert.Empty(t, plan.Violations, "nothing changes")
				continue
			}
			_, denied = plan.Denied()
			assert.False(t, denied, "%s %s: an old sin", c.name, action)
			if action == policy.Enforce {
				assert.Equal(t, policy.Stood, plan.Violations[0].Excuse, c.name)
			}
		}
	}
}

// Without the neighbours that it needs a check says so, and gives no verdict.
func TestACheckThatIsBlindSaysSo(t *testing.T) {
	for _, c := range checks {
		for _, kind := range c.needs {
			s := strict(fixture(t, c.name, "fail.yaml"))
			s.Neighbours.Unknown = map[policy.Kind]string{kind: "their cache is not filled"}
			plan := Review(s)
			assert.False(t, slices.ContainsFunc(plan.Violations, func(v policy.Violation) bool { return v.Check == c.name }), c.name)
			assert.Contains(t, plan.Warnings, "evenkeel: "+c.name+" was not checked: "+string(kind)+" are not known: their cache is not filled")
			s.Neighbours.Unknown[kind] = ""
			assert.NotContains(t, strings.Join(Review(s).Warnings, " "), "was not checked")
		}
	}
}

func TestEveryCheckIsKnownToThePolicy(t *testing.T) {
	names := make([]string, len(checks))
	for i, c := range checks {
		names[i] = c.name
	}
	assert.Equal(t, policy.CheckNames(), names, "in the same order")
	folders, err := filepath.Glob("testdata/*/fail.yaml")
	require.NoError(t, err)
	assert.Len(t, folders, len(names), "no fixture without a check")
}

// Every check has a page that says what it is, why, an example, and the fix.
func TestEveryCheckHasItsPage(t *testing.T) {
	for _, c := range checks {
		page, err := os.ReadFile(filepath.Join("..", "..", "docs", "checks", c.name+".md"))
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(page), "# "+c.name+"\n"), c.name)
		for _, part := range []string{"## Why", "## Refused", "## Fix", "checks: {" + c.name + ": Warn}"} {
			assert.Contains(t, string(page), part, c.name)
		}
	}
}

// The line that a refusal says to write is one that its check does not refuse.
func TestTheFixThatIsShownIsOne(t *testing.T) {
	for _, check := range []string{
		"zero-progress", "floor-zero", "max-unavailable", "single-replica", "recreate", "hpa-floor", "surge-quota", "rwo-surge", "host-port",
		"probe-budget", "deadline", "selector-version",
	} {
		s := strict(fixture(t, check, "fail.yaml"))
		message := ""
		for _, v := range Review(s).Violations {
			if v.Check == check {
				message = v.Message
			}
		}
		_, fix, found := strings.Cut(message, ":\n")
		require.True(t, found, "%s: %s", check, message)
		fix, _, _ = strings.Cut(fix, "\n")
		if strings.Contains(fix, "selector:") {
			s.New.Spec.Selector = nil
		}
		require.NoError(t, yaml.Unmarshal([]byte(fix), &s.New.Spec), fix)
		for _, v := range Review(s).Violations {
			assert.NotEqual(t, check, v.Check, fix)
		}
	}
}

func TestActionsOfThePolicy(t *testing.T) {
	for action, want := range map[policy.Action]struct{ violations, warnings int }{
		policy.Enforce: {1, 0}, policy.Warn: {1, 1}, policy.Audit: {1, 0}, policy.Off: {0, 0},
	} {
		p := policy.Default().Default
		p.Checks.Actions = map[string]policy.Action{"max-unavailable": action}
		plan := Review(policy.Subject{New: deployment(numbers(10, "1", "75%"), note("inject", "none")), Policy: p})
		assert.Len(t, plan.Violations, want.violations, action)
		assert.Len(t, plan.Warnings, want.warnings, action)
		_, denied := plan.Denied()
		assert.Equal(t, action == policy.Enforce, denied, action)
	}
}

// What an override lets pass still says what is wrong, and does not end where the
// fix would stand.
func TestAnOverriddenCheckWarnsInOneLine(t *testing.T) {
	for _, c := range checks {
		s := changing(strict(fixture(t, c.name, "fail.yaml")), c)
		s.Policy.Emergency = policy.Emergency{Enabled: true, MaxDuration: 24 * time.Hour}
		if c.name == "override" || c.late {
			continue // it lets nothing pass, or there is nothing to let pass
		}
		metav1.SetMetaDataAnnotation(&s.New.ObjectMeta, policy.OverrideAnnotation, "until="+morning.Add(time.Hour).Format(time.RFC3339)+"; reason=INC-1")
		plan := Review(s)
		at := slices.IndexFunc(plan.Violations, func(v policy.Violation) bool { return v.Check == c.name })
		require.GreaterOrEqual(t, at, 0, c.name)
		assert.Equal(t, policy.Overridden, plan.Violations[at].Excuse, c.name)
		assert.Contains(t, plan.Warnings, "evenkeel: "+plan.Violations[at].Line())
		for _, warning := range plan.Warnings {
			assert.LessOrEqual(t, utf8.RuneCountInString(warning), maxWarning, c.name)
			assert.False(t, strings.HasSuffix(warning, ":") || strings.HasSuffix(warning, "..."), warning)
		}
	}
}
