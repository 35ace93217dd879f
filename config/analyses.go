// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
)

// Analysis is evidence of one kind that a canary is well. Exactly one of
// prometheus, webhook and pods says whom to ask.
type Analysis struct {
	// Prometheus asks a server that speaks Prometheus' HTTP API.
	Prometheus *Prometheus `json:"prometheus,omitempty"`
	// Webhook asks a service of your own.
	Webhook *Gate `json:"webhook,omitempty"`
	// Pods looks at the canary's pods, and needs no metrics at all.
	Pods *Pods `json:"pods,omitempty"`
	// Min is the least that the canary's value may be.
	Min *float64 `json:"min,omitempty"`
	// Max is the most that the canary's value may be.
	Max *float64 `json:"max,omitempty"`
	// Compare bounds how far the canary's value may be from stable's of the same time.
	Compare *Compare `json:"compare,omitempty"`
	// MinSamples is how many requests of a version make its value count; 0 where
	// left out.
	MinSamples int32 `json:"minSamples,omitempty"`
	// Interval is the time between two measurements; 30s where left out.
	Interval *metav1.Duration `json:"interval,omitempty"`
	// FailureLimit is how many failures a step lets pass; 0 where left out.
	FailureLimit int32 `json:"failureLimit,omitempty"`
	// InconclusiveLimit is how many measurements in a row may say nothing before
	// the step's time stands still; 2 where left out.
	InconclusiveLimit *int32 `json:"inconclusiveLimit,omitempty"`
	// DryRun only tells: no step waits for it, and nothing goes back.
	DryRun bool `json:"dryRun,omitempty"`
}

// Prometheus is a question to a server that speaks Prometheus' HTTP API.
type Prometheus struct {
	// Address is its URL, such as http://prometheus.monitoring:9090.
	Address string `json:"address"`
	// Query is a template that gives one number.
	Query string `json:"query,omitempty"`
	// Samples is a template that counts what the query was made of, for minSamples.
	Samples string `json:"samples,omitempty"`
	// BuiltIn takes the place of query: success-rate in percent, or latency in
	// seconds, as the data plane of the routes counts them.
	BuiltIn string `json:"builtIn,omitempty" jsonschema:"enum=success-rate,enum=latency"`
	// Quantile is that of the latency; 0.99 where left out.
	Quantile *float64 `json:"quantile,omitempty"`
	// TokenSecret names a Secret in Evenkeel's namespace whose key "token" is sent
	// as a bearer token.
	TokenSecret string `json:"tokenSecret,omitempty"`
	// Window is how far back to look at most; 2m where left out. It never reaches
	// back to before the step's weight.
	Window *metav1.Duration `json:"window,omitempty"`
	// Timeout is how long an answer may take; 10s where left out.
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// Gate is a question to a service of your own.
type Gate struct {
	// URL is asked by POST.
	URL string `json:"url"`
	// Secret names a Secret in Evenkeel's namespace whose key "key" signs what is sent.
	Secret string `json:"secret,omitempty"`
	// Timeout is how long an answer may take; 10s where left out.
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// Retries is how often it is asked again where it does not answer; 2 where left out.
	Retries *int32 `json:"retries,omitempty"`
}

// Pods bounds what the canary's pods may go through.
type Pods struct {
	// MaxRestarts is how many restarts of containers there may be; 0 where left out.
	MaxRestarts int32 `json:"maxRestarts,omitempty"`
	// MaxOOMKilled is how many containers may be ended for their memory; 0 where left out.
	MaxOOMKilled int32 `json:"maxOOMKilled,omitempty"`
	// MaxNotReady is how many pods may be unready that were ready; 0 where left out.
	MaxNotReady int32 `json:"maxNotReady,omitempty"`
}

// Compare bounds how far the canary's value may be from stable's; one of the two.
type Compare struct {
	// Ratio is the most that the worse value may be of the better one.
	Ratio *float64 `json:"ratio,omitempty"`
	// Difference is the most that may lie between the two.
	Difference *float64 `json:"difference,omitempty"`
}

// The values where a file leaves them out.
const (
	defaultInterval     = 30 * time.Second
	defaultWindow       = 2 * time.Minute
	defaultTimeout      = 10 * time.Second
	defaultRetries      = 2
	defaultInconclusive = 2
	defaultQuantile     = 0.99
)

// specs are the analyses of a file, with what it leaves out.
func (file *RolloutPolicy) specs() map[string]analysis.Spec {
	out := make(map[string]analysis.Spec, len(file.Analyses))
	for name, one := range file.Analyses {
		out[name] = one.spec(name)
	}
	return out
}

func (a Analysis) spec(name string) analysis.Spec {
	s := analysis.Spec{
		Name: name, Min: a.Min, Max: a.Max, MinSamples: int(a.MinSamples), Interval: or(a.Interval, defaultInterval), FailureLimit: int(a.FailureLimit),
		InconclusiveLimit: int(ptr.Deref(a.InconclusiveLimit, defaultInconclusive)), DryRun: a.DryRun,
	}
	if p := a.Prometheus; p != nil {
		s.Prometheus = &analysis.Prometheus{
			Address: p.Address, Query: p.Query, Samples: p.Samples, BuiltIn: p.BuiltIn, Quantile: ptr.Deref(p.Quantile, defaultQuantile),
			TokenSecret: p.TokenSecret, Window: max(or(p.Window, defaultWindow), s.Interval), Timeout: or(p.Timeout, defaultTimeout),
		}
	}
	if g := a.Webhook; g != nil {
		s.Gate = &analysis.Gate{URL: g.URL, Secret: g.Secret, Timeout: or(g.Timeout, defaultTimeout), Retries: int(ptr.Deref(g.Retries, defaultRetries))}
	}
	if p := a.Pods; p != nil {
		s.Pods = &analysis.Pods{MaxRestarts: int(p.MaxRestarts), MaxOOMKilled: int(p.MaxOOMKilled), MaxNotReady: int(p.MaxNotReady)}
	}
	if c := a.Compare; c != nil {
		s.Compare = &analysis.Compare{Ratio: c.Ratio, Difference: c.Difference}
	}
	return s
}

func or(d *metav1.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return cmp.Or(d.Duration, otherwise)
}
