// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func TestSamplesLoad(t *testing.T) {
	files, err := filepath.Glob("samples/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		_, err = Load(text)
		require.NoError(t, err, file)
	}
}

func TestAResolvedSample(t *testing.T) {
	text, err := os.ReadFile("samples/production.yaml")
	require.NoError(t, err)
	set, err := Load(text)
	require.NoError(t, err)
	p := set.Resolve("shop-eu", map[string]string{"env": "production"}, map[string]string{"tier": "web"})
	assert.Equal(t, "production-web", p.Rule)
	assert.Equal(t, "canary", p.Rollout.Strategy)
	assert.Equal(t, 3*time.Second, p.Rollout.Settle)
	assert.Equal(t, 30*time.Second, p.Rollout.ScaleDownDelay, "left out: the built-in default")
	assert.Equal(t, policy.Warn, p.Checks.Action("zero-progress", time.Time{}))
	assert.Equal(t, policy.Enforce, p.Checks.Action("floor-zero", time.Time{}))
	assert.Equal(t, "25%", p.Checks.MaxUnavailable.String())
	assert.Equal(t, int32(7), p.Inject.Readiness.PeriodSeconds)
	assert.Equal(t, "everything-else", set.Resolve("other", nil, nil).Rule)
}

const head = "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules:\n- name: a\n  "

func TestWhatIsWrongIsNamedByItsPath(t *testing.T) {
	for text, says := range map[string]string{
		"": `[apiVersion: Unsupported value: "": supported values: "policy.evenkeel.dev/v1alpha1", kind: Unsupported value: "": supported values: "RolloutPolicy"]`,
		head + "inject: {strategy: {maxSurge: '%25', maxUnavailable: 0}}":             `rules[0].inject.strategy.maxSurge: Invalid value: "%25": did you mean "25%"? It must be a count of pods such as 1, or a percent such as "25%"`,
		head + "inject: {strategy: {maxSurge: some, maxUnavailable: -1}}":             `[rules[0].inject.strategy.maxSurge: Invalid value: "some": must be a count of pods such as 1, or a percent such as "25%", rules[0].inject.strategy.maxUnavailable: Invalid value: -1: must be a count of pods such as 1, or a percent such as "25%"]`,
		head + "inject: {strategy: {maxSurge: 0%, maxUnavailable: 0}}":                `rules[0].inject.strategy: Invalid value: "0%/0": no pod could ever be replaced: one of maxSurge and maxUnavailable must be more than 0`,
		head + "inject: {strategy: {maxSurge: 1, maxUnavailable: 100%}}":              `rules[0].inject.strategy.maxUnavailable: Invalid value: "100%": no pod would be certain to be ready: must be less than 100%`,
		head + "inject: {minReadySeconds: 600}":                                       "rules[0].inject.progressDeadlineSeconds: Invalid value: 600: must be more than minReadySeconds, which is 600",
		head + "inject: {minReadySeconds: -1}":                                        "rules[0].inject.minReadySeconds: Invalid value: -1: must be 0 or more",
		head + "inject: {probes: {readiness: {periodSeconds: -1}}}":                   "rules[0].inject.probes.readiness.periodSeconds: Invalid value: -1: must be 0 or more; 0 is Kubernetes' own default",
		head + "inject: {versionLabel: {from: commit}}":                               `rules[0].inject.versionLabel.from: Unsupported value: "commit": supported values: "imageTag", "imageDigest"`,
		head + "checks: {floor-zeros: Off}":                                           `rules[0].checks[floor-zeros]: Unsupported value: "floor-zeros": supported values: "default", "` + strings.Join(policy.CheckNames(), `", "`) + `"`,
		head + "checks: {floor-zero: Maybe}":                                          `rules[0].checks[floor-zero].action: Unsupported value: "Maybe": supported values: "Enforce", "Warn", "Audit", "Off"`,
		head + "checks: {floor-zero: {action: Off, limit: 1}}":                        "rules[0].checks[floor-zero].limit: Forbidden: only max-unavailable has a limit",
		head + "rollout: {steps: '50%,20%'}":                                          `rules[0].rollout.steps: Invalid value: "50%,20%": steps: step 2 ("20%"): 20% does not come after 50%: weights must increase; write for example "20%:10m,50%:pause,100%"`,
		head + "rollout: {strategy: bluegreen, capacity: more, onFailure: pray}":      `[rules[0].rollout.strategy: Unsupported value: "bluegreen": supported values: "rolling", "canary", "blue-green", "batch", rules[0].rollout.capacity: Unsupported value: "more": supported values: "surge", "replace", rules[0].rollout.onFailure: Unsupported value: "pray": supported values: "hold", "rollback"]`,
		head + "rollout: {strategy: blue-green, steps: '50%'}":                        `rules[0].rollout.steps: Invalid value: "50%": steps: "50%": a blue-green release has the weights 0% and 100% alone; write for example "0%/100%:pause,100%"`,
		head + "rollout: {settle: 48h, scaleDownDelay: -1s}":                          `[rules[0].rollout.settle: Invalid value: "48h0m0s": a duration from 0s to 24h, rules[0].rollout.scaleDownDelay: Invalid value: "-1s": a duration from 0s to 24h]`,
		head + "rollout: {refuseRolledBack: no way}":                                  `cannot read the policy: rules[0].rollout.refuseRolledBack: Invalid value: "no way": must be true or false`,
		head + "overridable: [inject.probe, inject.probes]":                           `rules[0].overridable[0]: Invalid value: "inject.probe": must be a field of a rule such as inject.probes, rollout.steps or checks.pdb, or a part such as inject, rollout or checks`,
		head + "emergency: {maxDuration: 1000h}":                                      `rules[0].emergency.maxDuration: Invalid value: "1000h0m0s": a duration over 0s, to 720h`,
		head + "inject: {revisionHistoryLimit: 0}":                                    `rules[0].inject.revisionHistoryLimit: Invalid value: 0: must be 1 or more: with 0 there is no revision to go back to`,
		head + "inject: {terminationGracePeriodSeconds: 0}":                           `rules[0].inject.terminationGracePeriodSeconds: Invalid value: 0: must be 1 to 86400`,
		head + "inject: {preStop: {sleepSeconds: 0}}":                                 `rules[0].inject.preStop.sleepSeconds: Invalid value: 0: must be 1 to 300; switch it off with enabled: false`,
		head + "checks: {probe: {action: Warn, enforceFrom: '2026-01-01T00:00:00Z'}}": `rules[0].checks[probe].enforceFrom: Forbidden: it is for a named check with the action Enforce`,
		head + "checks: {probe: {enforceFrom: tomorrow}}":                             `cannot read the policy: rules[0].checks[probe].enforceFrom: Invalid value: "tomorrow": must be a time such as "2026-12-31T18:00:00Z"`,
		"apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\ndefaults: {inject: {minReadySeconds: 700, progressDeadlineSeconds: 800}}\nrules: [{name: a, inject: {progressDeadlineSeconds: 600}}]": `rules[0].inject.progressDeadlineSeconds: Invalid value: 600: must be more than minReadySeconds, which is 700`,
		head + "rollout: {stepDeadline: 0s}":                                `rules[0].rollout.stepDeadline: Invalid value: "0s": a step needs time: more than 0s`,
		head + "match: {namespaces: ['[']}":                                 `rules[0].match.namespaces[0]: Invalid value: "[": a name or a glob such as "shop-*"`,
		head + "match: {}\n- name: a":                                       `rules[1].name: Duplicate value: "a"`,
		head + "match: {}\n- match: {}":                                     "rules[1].name: Required value: every rule has a name, by which messages speak of it",
		strings.Repeat("#", maxPolicyBytes+1):                               "cannot read the policy: 1048577 bytes are more than 1048576",
		"[]":                                                                "cannot read the policy: the file is not an object with apiVersion, kind and rules",
		head + "injekt: {}\n  rollout: {stepz: 1}":                          `cannot read the policy: [unknown field "rules[0].injekt": known here are checks, emergency, inject, match, name, overridable, rollout, unknown field "rules[0].rollout.stepz": known here are analysis, capacity, freezes, matchHosts, minStep, onFailure, refuseRolledBack, scaleDownDelay, settle, stepDeadline, steps, strategy, windows]`,
		head + "checks: {floor-zero: {acton: Off}}":                         `cannot read the policy: unknown field "rules[0].checks[floor-zero].acton": known here are action, enforceFrom, limit`,
		head + "inject: {minReadySeconds: five}":                            `cannot read the policy: rules[0].inject.minReadySeconds: Invalid value: "five": must be a whole number of at most 2147483647`,
		head + "inject: {minReadySeconds: 4294967296}":                      "cannot read the policy: rules[0].inject.minReadySeconds: Invalid value: 4294967296: must be a whole number of at most 2147483647",
		head + "inject: {minReadySeconds: 1.5}":                             "cannot read the policy: rules[0].inject.minReadySeconds: Invalid value: 1.5: must be a whole number of at most 2147483647",
		head + "inject: {strategy: {maxSurge: 1.5, maxUnavailable: 0}}":     `cannot read the policy: rules[0].inject.strategy.maxSurge: Invalid value: 1.5: must be a count of pods such as 1, or a percent such as "25%"`,
		head + "inject: {probes: {readiness: {enabled: 1}}}":                "cannot read the policy: rules[0].inject.probes.readiness.enabled: Invalid value: 1: must be true or false",
		head + "rollout: {settle: 5}":                                       `cannot read the policy: rules[0].rollout.settle: Invalid value: 5: must be a duration such as "30s"`,
		head + "rollout: {strategy: 5, steps: [20%]}":                       "cannot read the policy: [rules[0].rollout.steps: Invalid value: [\"20%\"]: must be a text; put it in quotes, rules[0].rollout.strategy: Invalid value: 5: must be a text; put it in quotes]",
		head + "checks: {floor-zero: true}":                                 "cannot read the policy: rules[0].checks[floor-zero]: Invalid value: true: must be Enforce, Warn, Audit or Off",
		head + "checks: [floor-zero]":                                       `cannot read the policy: rules[0].checks: Invalid value: ["floor-zero"]: must be an object`,
		head + "match: {objectSelector: {matchLabels: {a: 1}}}":             "cannot read the policy: rules[0].match.objectSelector.matchLabels[a]: Invalid value: 1: must be a text; put it in quotes",
		"apiVersion: policy.evenkeel.dev/v1alpha1\nkind: x\nrules: {a: b}":  `cannot read the policy: rules: Invalid value: {"a":"b"}: must be a list`,
		"apiVersion: policy.evenkeel.dev/v1alpha1\nrules:\n- canary\n- [1]": `cannot read the policy: [rules[0]: Invalid value: "canary": must be an object, rules[1]: Invalid value: [1]: must be an object]`,
	} {
		set, err := Load([]byte(text))
		require.Error(t, err, text)
		assert.Equal(t, says, err.Error())
		assert.Nil(t, set)
	}
	for text, says := range map[string]string{
		"kind: [":                 "cannot read the policy: ",
		"kind: a\nkind: b":        `key "kind" already set in map`,
		head + "rollout: {a: 1}}": "cannot read the policy: ",
		head + "inject: {versionLabel: {key: 'a b'}}":                                  "rules[0].inject.versionLabel.key: Invalid value",
		head + "match: {objectSelector: {matchExpressions: [{key: a, operator: Is}]}}": "rules[0].match.objectSelector.matchExpressions[0].operator",
	} {
		_, err := Load([]byte(text))
		require.ErrorContains(t, err, says)
	}
}

func TestNotEverythingThatIsWrongIsToldAtOnce(t *testing.T) {
	_, err := Load([]byte(head + "rollout: {steps: " + strings.Repeat("x", 1000) + "}"))
	require.ErrorContains(t, err, `rules[0].rollout.steps: Invalid value: "xxx`)
	assert.Len(t, err.Error(), maxErrorBytes)
	_, err = Load([]byte("apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules:\n" + strings.Repeat("- {a: 1}\n", 100)))
	require.ErrorContains(t, err, `rules[19].a`)
	require.ErrorContains(t, err, "and 80 more]")
	assert.NotContains(t, err.Error(), "rules[20]")
}

// Neither aliases of aliases nor a deep nest may take long.
func TestAHostileFileIsRefusedInTime(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 30 {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i, i, i)
	}
	for name, text := range map[string]string{
		"aliases": bomb, "lists": strings.Repeat("[", maxPolicyBytes), "objects": strings.Repeat("{a: ", maxPolicyBytes/4), "steps": head + "inject: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
	} {
		start := time.Now()
		_, err := Load([]byte(text))
		require.Error(t, err, name)
		assert.Less(t, time.Since(start), 20*time.Second, name)
		assert.Less(t, len(err.Error()), maxErrors*(maxErrorBytes+10), name)
	}
}

func TestAnActionInEachOfItsForms(t *testing.T) {
	set, err := Load([]byte(head + "checks: {default: Warn, probe: Off, steps: 'Off', inject: {action: Audit}, max-unavailable: {limit: 3}, strategy: null}"))
	require.NoError(t, err)
	checks := set.Resolve("x", nil, nil).Checks
	for name, action := range map[string]policy.Action{
		"floor-zero": policy.Warn, "probe": policy.Off, "steps": policy.Off, "inject": policy.Audit, "max-unavailable": policy.Warn, "strategy": policy.Warn,
	} {
		assert.Equal(t, action, checks.Action(name, time.Time{}), name)
	}
	assert.Equal(t, "3", checks.MaxUnavailable.String())
}

func TestWhatIsSwitchedOff(t *testing.T) {
	set, err := Load([]byte(head + "inject: {probes: {readiness: {enabled: false}}, versionLabel: {enabled: false}}"))
	require.NoError(t, err)
	inject := set.Resolve("x", nil, nil).Inject
	assert.Nil(t, inject.Readiness)
	assert.Empty(t, inject.VersionLabel)
	assert.Equal(t, policy.Default().Default.Inject.Strategy, inject.Strategy)
}

func TestTheLastGoodPolicyStays(t *testing.T) {
	store := NewStore()
	require.NoError(t, store.Offer([]byte(head+"rollout: {settle: 1s}")))
	require.Error(t, store.Offer([]byte("kind: Nonsense")))
	assert.Equal(t, time.Second, store.Current().Resolve("x", nil, nil).Rollout.Settle)
	store.Reset()
	assert.Equal(t, "default", store.Current().Resolve("x", nil, nil).Rule)
}

// Every field of the file stands in a sample, so that people find it.
func TestEveryFieldIsInASample(t *testing.T) {
	files, err := filepath.Glob("samples/*.yaml")
	require.NoError(t, err)
	shown := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var tree any
		require.NoError(t, yaml.Unmarshal(text, &tree))
		namesOf(tree, "", shown)
	}
	for _, path := range fieldsOf(reflect.TypeFor[RolloutPolicy](), "") {
		path = strings.Replace(path, ".defaults.", ".rules.*.", 1) // which have the same fields
		assert.True(t, shown[path], "%s is in no sample", path)
	}
}

// namesOf collects the paths of a tree; items of lists and maps are "*" as well.
func namesOf(tree any, at string, into map[string]bool) {
	into[at] = true
	switch node := tree.(type) {
	case map[string]any:
		for key, value := range node {
			namesOf(value, at+"."+key, into)
			namesOf(value, at+".*", into)
		}
	case []any:
		for _, value := range node {
			namesOf(value, at+".*", into)
		}
	}
}

func fieldsOf(typ reflect.Type, at string) []string {
	switch {
	case typ == reflect.TypeFor[intstr.IntOrString]() || typ == reflect.TypeFor[metav1.Duration]() || typ == reflect.TypeFor[metav1.Time]():
		return []string{at}
	case typ.Kind() == reflect.Pointer:
		return fieldsOf(typ.Elem(), at)
	case typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map:
		return fieldsOf(typ.Elem(), at+".*")
	case typ.Kind() != reflect.Struct:
		return []string{at}
	}
	var out []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		out = append(out, fieldsOf(typ.Field(i).Type, at+"."+name)...)
	}
	return out
}

func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("samples/*.yaml")
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, text := range []string{"", "{", "[]", head + "inject: {strategy: {maxSurge: '%25', maxUnavailable: 0}}", head + "checks: {probe: Off}", "rules: [{match: {namespaces: ['[']}}]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := Load(data)
		if err != nil {
			_, again := Load(data)
			require.EqualError(t, again, err.Error(), "the same error each time")
			return
		}
		p := set.Resolve("a", nil, nil)
		require.NotNil(t, p.Inject.Strategy)
		_, err = rollout.ParseSteps(p.Rollout.Steps)
		require.NoError(t, err)
	})
}
