// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/evenkeel-dev/evenkeel/test/scrape"
)

// well is what two managers show for an hour and a half in which nothing is wrong.
func well() map[string]string {
	return map[string]string{
		"build a": `evenkeel_build_info{job="e",instance="a"} 1x90`, "build b": `evenkeel_build_info{job="e",instance="b"} 1x90`,
		"leader a": `leader_election_master_status{job="e",instance="a",name="evenkeel"} 1x90`, "leader b": `leader_election_master_status{job="e",instance="b",name="evenkeel"} 0x90`,
		"leader of others": `leader_election_master_status{job="x",instance="c",name="other"} 1x90`,
		"webhook":          `evenkeel_rollouts_waiting{instance="a",reason="webhook"} 0x90`,
		"overdue":          `evenkeel_rollouts_waiting{instance="a",reason="overdue"} 0x90`,
		"person":           `evenkeel_rollout_longest_wait_seconds{instance="a",reason="person"} 600x90`,
		"pods":             `evenkeel_rollout_longest_wait_seconds{instance="a",reason="pods"} 60x90`,
		"time":             `evenkeel_rollout_longest_wait_seconds{instance="a",reason="time"} 90000x90`,
		"allowed":          `evenkeel_admission_reviews_total{path="/mutate/deployments",verdict="allowed"} 0+60x90`,
		"error":            `evenkeel_admission_reviews_total{path="/mutate/deployments",verdict="error"} 0x90`,
		"quick":            `evenkeel_admission_review_duration_seconds_bucket{path="/mutate/deployments",le="0.25"} 0+60x90`,
		"all":              `evenkeel_admission_review_duration_seconds_bucket{path="/mutate/deployments",le="+Inf"} 0+60x90`,
		"slower":           `evenkeel_admission_review_duration_seconds_bucket{path="/mutate/deployments",le="1"} 0+60x90`,
		"valid":            `evenkeel_policy_valid{instance="a"} 1x90`,
		"invalid":          `evenkeel_namespace_policies{instance="a",state="invalid"} 0x90`,
		"serving":          `evenkeel_certificate_expiry_timestamp_seconds{instance="a",which="serving"} 600000x90`,
		"ca":               `evenkeel_certificate_expiry_timestamp_seconds{instance="a",which="ca"} 30000000x90`,
		"rolled back":      `evenkeel_rollouts_total{strategy="canary",result="RolledBack"} 3x90`,
		"completed":        `evenkeel_rollouts_total{strategy="canary",result="Completed"} 0+1x90`,
		"delivered":        `evenkeel_notifications_total{result="delivered"} 0+1x90`,
		"failed":           `evenkeel_notifications_total{result="failed"} 2x90`,
		"passed":           `evenkeel_analysis_measurements_total{provider="prometheus",verdict="Passed"} 0+9x90`,
		"unclear":          `evenkeel_analysis_measurements_total{provider="prometheus",verdict="Inconclusive"} 0+1x90`,
		"pods unclear":     `evenkeel_analysis_measurements_total{provider="pods",verdict="Inconclusive"} 0x90`,
		"evidence":         `evenkeel_rollout_longest_wait_seconds{instance="a",reason="analysis"} 60x90`,
		"kept":             `evenkeel_ledger_records_total{result="written"} 0+1x90`,
		"not kept":         `evenkeel_ledger_records_total{result="failed"} 1x90`,
		"overridden":       `evenkeel_guards_overridden_total{guard="window"} 0+1x90`,
	}
}

// Each alert fires where it should, and nothing else does; what it says is whole.
func TestWhenAlertsFire(t *testing.T) {
	for _, row := range []struct {
		name    string
		instead map[string]string // series that are another than well
		fire    []string
	}{
		{"all is well", nil, nil},
		{"no manager is seen", map[string]string{"build a": "", "build b": "", "leader a": "", "leader b": ""}, []string{"EvenkeelDown"}},
		{"one of two is gone", map[string]string{"build b": "", "leader b": ""}, nil},
		{"none leads", map[string]string{"leader a": `leader_election_master_status{job="e",instance="a",name="evenkeel"} 0x90`}, []string{"EvenkeelNobodyLeads"}},
		{"the leader is gone for three minutes", map[string]string{"leader a": `leader_election_master_status{job="e",instance="a",name="evenkeel"} 1x86 0x2`}, nil},
		{"nobody renders", map[string]string{"webhook": `evenkeel_rollouts_waiting{instance="a",reason="webhook"} 2x90`}, []string{"EvenkeelNotAsked"}},
		{"one review in twenty fails", map[string]string{"error": `evenkeel_admission_reviews_total{path="/mutate/deployments",verdict="error"} 0+3x90`}, []string{"EvenkeelAdmissionErrors"}},
		{"one in a thousand fails", map[string]string{"error": `evenkeel_admission_reviews_total{path="/mutate/deployments",verdict="error"} 0+0.06x90`}, nil},
		{"reviews take long", map[string]string{"quick": `evenkeel_admission_review_duration_seconds_bucket{path="/mutate/deployments",le="0.25"} 0+30x90`}, []string{"EvenkeelAdmissionSlow"}},
		{"the policy does not load", map[string]string{"valid": `evenkeel_policy_valid{instance="a"} 0x90`}, []string{"EvenkeelPolicyRefused"}},
		{"a namespace's does not", map[string]string{"invalid": `evenkeel_namespace_policies{instance="a",state="invalid"} 1x90`}, []string{"EvenkeelNamespacePolicyRefused"}},
		{"a certificate ends", map[string]string{"serving": `evenkeel_certificate_expiry_timestamp_seconds{instance="a",which="serving"} 80000x90`}, []string{"EvenkeelCertificateExpires"}},
		{"a person went home", map[string]string{"person": `evenkeel_rollout_longest_wait_seconds{instance="a",reason="person"} 20000x90`}, []string{"EvenkeelRolloutAwaitsPerson"}},
		{"pods do not come", map[string]string{"pods": `evenkeel_rollout_longest_wait_seconds{instance="a",reason="pods"} 4000x90`}, []string{"EvenkeelRolloutStuck"}},
		{"evidence does not come", map[string]string{"evidence": `evenkeel_rollout_longest_wait_seconds{instance="a",reason="analysis"} 4000x90`}, []string{"EvenkeelRolloutStuck"}},
		{"nothing is known", map[string]string{
			"passed":  `evenkeel_analysis_measurements_total{provider="prometheus",verdict="Passed"} 0+9x60 540x30`,
			"unclear": `evenkeel_analysis_measurements_total{provider="prometheus",verdict="Inconclusive"} 0x60 0+2x30`,
		}, []string{"EvenkeelEvidenceMissing"}},
		{"one analysis of three says nothing", map[string]string{
			"passed":  `evenkeel_analysis_measurements_total{provider="prometheus",analysis="a",verdict="Passed"} 0+4x90`,
			"unclear": `evenkeel_analysis_measurements_total{provider="prometheus",analysis="b",verdict="Inconclusive"} 0+2x90`,
		}, []string{"EvenkeelEvidenceMissing"}},
		{"nothing was known for a while", map[string]string{"unclear": `evenkeel_analysis_measurements_total{provider="prometheus",verdict="Inconclusive"} 0+9x60 540x30`}, nil},
		{"a record is not kept", map[string]string{"not kept": `evenkeel_ledger_records_total{result="failed"} 1x80 2x10`}, []string{"EvenkeelLedgerNotWritten"}},
		{"there is no way", map[string]string{"overdue": `evenkeel_rollouts_waiting{instance="a",reason="overdue"} 1x90`}, []string{"EvenkeelRolloutOverdue"}},
		{"a rollout goes back", map[string]string{"rolled back": `evenkeel_rollouts_total{strategy="canary",result="RolledBack"} 3x85 4x5`}, []string{"EvenkeelRolloutRolledBack"}},
		{"messages are refused", map[string]string{"failed": `evenkeel_notifications_total{result="failed"} 2x80 5x10`}, []string{"EvenkeelNotificationsFail"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var lines []string
			for name, line := range well() {
				if other, is := row.instead[name]; is {
					line = other
				}
				if line != "" {
					lines = append(lines, line)
				}
			}
			seen, firing := scrape.Of(t, time.Minute, lines...), []string{}
			for _, rule := range alerts(t) {
				fires := fires(t, seen, rule, 89)
				if len(fires) > 0 {
					firing = append(firing, rule.Alert)
				}
				for _, one := range fires {
					for _, text := range told(t, rule, one) {
						assert.NotRegexp(t, `<no value>|NaN|%!|  | \.|\(\)`, text, rule.Alert)
					}
				}
			}
			assert.ElementsMatch(t, row.fire, firing)
		})
	}
}
