// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"time"
)

// The built-in queries.
const (
	// SuccessRate is the share of the requests that no 5xx answered, in percent.
	SuccessRate = "success-rate"
	// Latency is a quantile of the time that requests take, in seconds.
	Latency = "latency"
)

// BuiltIns lists the built-in queries.
func BuiltIns() []string { return []string{SuccessRate, Latency} }

// Spec is one analysis of the policy. It has exactly one of Prometheus, Gate and Pods.
type Spec struct {
	Name       string
	Prometheus *Prometheus
	Gate       *Gate
	Pods       *Pods
	// Min and Max are what the canary's value may be; nil is no bound.
	Min, Max *float64
	Compare  *Compare
	// MinSamples is how many requests of each version make a value count.
	MinSamples int
	// Interval is the time between two measurements.
	Interval time.Duration
	// FailureLimit and InconclusiveLimit are what a step lets pass.
	FailureLimit, InconclusiveLimit int
	// DryRun only tells.
	DryRun bool
}

// Prometheus is a question to a server that speaks Prometheus' HTTP API.
type Prometheus struct {
	// Address is that of the server, an http or https URL.
	Address string
	// Query is a template that gives one number, BuiltIn one that comes with
	// Evenkeel: one of them is given.
	Query, BuiltIn string
	// Samples is a template that counts what Query was made of.
	Samples string
	// Quantile is that of the built-in latency, over 0 and under 1.
	Quantile float64
	// TokenSecret names a Secret in Evenkeel's namespace with a bearer token.
	TokenSecret string
	// Window is how far back a query looks at most: it never looks back to before
	// the step's weight was accepted.
	Window time.Duration
	// Timeout is how long an answer may take.
	Timeout time.Duration
}

// Gate is a question to somebody's own service.
type Gate struct {
	// URL is asked by POST.
	URL string
	// Secret names a Secret in Evenkeel's namespace with the key that signs.
	Secret string
	// Timeout is how long one answer may take, Retries how often it is asked again.
	Timeout time.Duration
	Retries int
}

// Pods is a look at the canary's pods.
type Pods struct {
	// MaxRestarts, MaxOOMKilled and MaxNotReady are how many restarts of containers,
	// containers ended for their memory, and pods that stopped being ready may be
	// there.
	MaxRestarts, MaxOOMKilled, MaxNotReady int
}

// Compare bounds how far the canary's value may be from stable's, of the same
// time. One of the two is given.
type Compare struct {
	// Ratio is the most that the worse value may be of the better one's: of 1.2 the
	// canary may be a fifth slower.
	Ratio *float64
	// Difference is the most that lies between the two.
	Difference *float64
}

// Provider names what is asked, for metrics.
func (s Spec) Provider() string {
	switch {
	case s.Gate != nil:
		return "webhook"
	case s.Pods != nil:
		return "pods"
	default:
		return "prometheus"
	}
}

// OnlyCompares tells that nothing but stable says whether the canary's value is good.
func (s Spec) OnlyCompares() bool { return s.Compare != nil && s.Min == nil && s.Max == nil }

// higherIsBetter tells in which direction a value is worse: where only a least
// value is bounded, less is worse.
func (s Spec) higherIsBetter() bool {
	if s.Prometheus != nil && s.Prometheus.BuiltIn != "" {
		return s.Prometheus.BuiltIn == SuccessRate
	}
	return s.Min != nil && s.Max == nil
}
