// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func TestTheAnalysesOfASample(t *testing.T) {
	text, err := os.ReadFile("samples/production.yaml")
	require.NoError(t, err)
	set, err := Load(text)
	require.NoError(t, err)
	p := set.Resolve("shop-eu", map[string]string{"env": "production"}, map[string]string{"tier": "web"})
	assert.Equal(t, rollout.Evidence{
		{Name: "success-rate", Interval: rollout.Duration(30 * time.Second), FailureLimit: 1, InconclusiveLimit: 2},
		{Name: "restarts", Interval: rollout.Duration(30 * time.Second), InconclusiveLimit: 2},
	}, p.Evidence())
	assert.Equal(t, analysis.Spec{
		Name: "latency", Max: ptr.To(0.5), Compare: &analysis.Compare{Ratio: ptr.To(1.3)}, Interval: 30 * time.Second, InconclusiveLimit: 2,
		Prometheus: &analysis.Prometheus{Address: "http://prometheus.monitoring:9090", BuiltIn: analysis.Latency, Quantile: 0.95, Window: 5 * time.Minute, Timeout: 10 * time.Second},
	}, p.Analyses["latency"])
	assert.Equal(t, &analysis.Gate{URL: "https://gate.shop.svc/canary", Secret: "evenkeel-gate", Timeout: 5 * time.Second, Retries: 2}, p.Analyses["smoke-test"].Gate)
	assert.Equal(t, &analysis.Pods{MaxRestarts: 1}, p.Analyses["restarts"].Pods)
	assert.True(t, p.Analyses["orders"].DryRun)

	p.Overridable = policy.Overridable{} // annotations win
	own := p.WithAnnotations(map[string]string{policy.AnalysisAnnotation: "latency, latency,nothing"})
	assert.Equal(t, []string{"latency", "nothing"}, own.Rollout.Analysis)
	unknown, known := own.UnknownAnalyses()
	assert.Equal(t, []string{"nothing"}, unknown)
	assert.Equal(t, []string{"latency", "orders", "restarts", "smoke-test", "success-rate"}, known)
	assert.Equal(t, rollout.Duration(30*time.Second), own.Evidence()[1].Interval, "never without a pause")
	assert.Empty(t, p.WithAnnotations(map[string]string{policy.AnalysisAnnotation: "none"}).Evidence())

	p.Overridable = policy.Overridable{Given: true}
	p = p.WithAnnotations(map[string]string{policy.AnalysisAnnotation: "none"})
	assert.Len(t, p.Evidence(), 2)
	assert.Contains(t, p.Ignored, "annotation evenkeel.dev/analysis is not followed: policy rule production-web does not list rollout.analysis as overridable")
}

// one is a file with one analysis.
func one(text string) string {
	return "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nanalyses:\n  a: {" + text + "}\n"
}

func TestWhatIsWrongWithAnAnalysis(t *testing.T) {
	const server = "address: http://p:9090"
	for text, says := range map[string]string{
		"":                                   `analyses[a]: Invalid value: 0: must have exactly one of prometheus, webhook and pods`,
		"pods: {}, webhook: {url: http://g}": `analyses[a]: Invalid value: 2: must have exactly one of prometheus, webhook and pods`,
		"pods: {maxRestarts: -1}, min: 1, minSamples: 2":                                         `[analyses[a].pods.maxRestarts: Invalid value: -1: must be 0 or more, analyses[a].min: Forbidden: only prometheus gives a number to compare, analyses[a].minSamples: Forbidden: only prometheus gives a number to compare]`,
		"pods: {}, interval: 100ms, failureLimit: -1":                                            `[analyses[a].failureLimit: Invalid value: -1: must be 0 or more, analyses[a].interval: Invalid value: "100ms": a duration from 1s to 1h0m0s]`,
		"pods: {}, inconclusiveLimit: -1":                                                        `analyses[a].inconclusiveLimit: Invalid value: -1: must be 0 or more`,
		"webhook: {url: 'ftp://g', secret: A_b, timeout: 2m, retries: 9}":                        `[analyses[a].webhook.url: Invalid value: "ftp://g": must be a URL such as http://prometheus.monitoring:9090, analyses[a].webhook.secret: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'), analyses[a].webhook.timeout: Invalid value: "2m0s": a duration from 1s to 1m0s, analyses[a].webhook.retries: Invalid value: 9: must be 0 to 5]`,
		"webhook: {url: 'http://me:secret@g'}":                                                   `analyses[a].webhook.url: Forbidden: a password does not belong into a policy: name a Secret`,
		"prometheus: {" + server + "}, max: 1":                                                   `analyses[a].prometheus.query: Required value: must have exactly one of query and builtIn`,
		"prometheus: {" + server + ", query: x, builtIn: latency}, max: 1":                       `analyses[a].prometheus.query: Required value: must have exactly one of query and builtIn`,
		"prometheus: {" + server + ", builtIn: errors}, max: 1":                                  `analyses[a].prometheus.builtIn: Unsupported value: "errors": supported values: "success-rate", "latency"`,
		"prometheus: {" + server + ", builtIn: success-rate, quantile: 0.5, samples: x}, min: 1": `[analyses[a].prometheus.samples: Forbidden: a built-in query counts by itself, analyses[a].prometheus.quantile: Invalid value: 0.5: must be over 0 and under 1, for builtIn: latency]`,
		"prometheus: {" + server + ", builtIn: latency, quantile: 1}, max: 1":                    `analyses[a].prometheus.quantile: Invalid value: 1: must be over 0 and under 1, for builtIn: latency`,
		"prometheus: {" + server + ", builtIn: latency}":                                         `analyses[a].min: Required value: every value would pass: give min, max or compare`,
		"prometheus: {" + server + ", builtIn: latency}, min: 2, max: 1":                         `analyses[a].min: Invalid value: 2: no value would pass: must be at most max`,
		"prometheus: {" + server + ", builtIn: latency}, compare: {}":                            `analyses[a].compare: Required value: must have exactly one of ratio and difference`,
		"prometheus: {" + server + ", builtIn: latency}, compare: {ratio: 0.9}":                  `analyses[a].compare.ratio: Invalid value: 0.9: must be 1 or more: 1.2 lets the worse value be a fifth more than the better one`,
		"prometheus: {" + server + ", builtIn: latency}, compare: {difference: -1}":              `analyses[a].compare.difference: Invalid value: -1: must be 0 or more`,
		"prometheus: {" + server + ", query: x}, max: 1, minSamples: 5":                          `analyses[a].prometheus.samples: Required value: minSamples needs a query that counts, such as sum(increase(requests_total[{{ .Window }}]))`,
		"prometheus: {" + server + ", query: x, quantile: 0.5}, max: 1":                          `analyses[a].prometheus.quantile: Forbidden: it is for builtIn: latency; write it into the query`,
		"prometheus: {" + server + ", query: x}, compare: {ratio: 2}":                            `analyses[a].prometheus.query: Invalid value: "x": asks the same of canary and stable: compare needs {{ .Service }}, {{ .ReplicaSet }} or {{ .PodHash }} in it`,
		"prometheus: {" + server + ", query: '{{ .Servce }}'}, max: 1":                           `analyses[a].prometheus.query: Invalid value: "{{ .Servce }}": it cannot be filled in: text:1:3: executing "text" at <.Servce>: can't evaluate field Servce in type analysis.Vars`,
		"prometheus: {" + server + ", query: x}, max: high":                                      `cannot read the policy: analyses[a].max: Invalid value: "high": must be a number`,
		"prometheus: {" + server + ", quary: x}, max: 1":                                         `cannot read the policy: unknown field "analyses[a].prometheus.quary": known here are address, builtIn, quantile, query, samples, timeout, tokenSecret, window`,
	} {
		_, err := Load([]byte(one(text)))
		require.Error(t, err, text)
		assert.Equal(t, says, err.Error(), text)
	}
}

func TestWhoMayNameAnalyses(t *testing.T) {
	for text, says := range map[string]string{
		one("pods: {}") + "defaults: {rollout: {analysis: [a, b, a]}}":                              `[defaults.rollout.analysis[2]: Duplicate value: "a", defaults.rollout.analysis[1]: Unsupported value: "b": supported values: "a"]`,
		one("pods: {}") + "rules: [{name: r, rollout: {analysis: [b]}}]":                            `rules[0].rollout.analysis[0]: Unsupported value: "b": supported values: "a"`,
		one("pods: {}") + "rules: [{name: r, rollout: {analysis: [a,a,a,a,a,a,a,a,a]}}]":            `Too many: 9: must have at most 8 items`,
		"apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nanalyses: {A_: {pods: {}}}": `analyses[A_]: Invalid value: "A_"`,
	} {
		_, err := Load([]byte(text))
		require.ErrorContains(t, err, says)
	}
	local := "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules: [{name: r, rollout: {analysis: [whatever]}}]\n"
	rules, err := LoadLocal([]byte(local))
	require.NoError(t, err, "the cluster's policy has them")
	assert.Equal(t, "rollout.analysis", rules[0].Settings[0].Path)
	_, err = LoadLocal([]byte(local + "analyses: {a: {pods: {}}}"))
	require.EqualError(t, err, "analyses: Forbidden: only the cluster's policy says whom to ask; name its analyses in rollout.analysis")
	_, err = LoadLocal([]byte("apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\ndefaults: {rollout: {analysis: [a, a]}}"))
	require.EqualError(t, err, `defaults.rollout.analysis[1]: Duplicate value: "a"`)
	// An empty list takes away what lies above.
	set, err := Load([]byte(one("pods: {}") + "defaults: {rollout: {analysis: [a]}}\nrules: [{name: r, rollout: {analysis: []}}]"))
	require.NoError(t, err)
	assert.Empty(t, set.Resolve("x", nil, nil).Evidence())
	assert.Len(t, set.Default.Evidence(), 1)
}
