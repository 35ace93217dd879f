// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Judge gives the verdict of a reading, and one sentence with its numbers.
func Judge(q Question, r Reading) (rollout.Verdict, string) {
	switch {
	case q.Spec.Gate != nil:
		return r.Verdict, r.Says
	case q.Spec.Pods != nil:
		return judgePods(*q.Spec.Pods, r.Pods)
	default:
		return judgeValue(q, r)
	}
}

// Unknown is the verdict where nobody answered.
func Unknown(err error) (rollout.Verdict, string) {
	return rollout.Inconclusive, "nothing is known: " + err.Error()
}

func judgeValue(q Question, r Reading) (rollout.Verdict, string) {
	for _, version := range q.Both() {
		if says := q.tooLittle(version, r.Samples[version]); says != "" {
			return rollout.Inconclusive, says
		}
	}
	canary, stable := r.Samples[Canary], r.Samples[Stable]
	numbers := fmt.Sprintf("the canary's value is %s%s", q.value(canary.Value), of(canary))
	if q.compares() {
		numbers += fmt.Sprintf(", stable's %s%s", q.value(stable.Value), of(stable))
	}
	var wrong []string
	for _, bound := range []string{q.outOfBounds(canary.Value), q.outOfLine(canary.Value, stable.Value)} {
		if bound != "" {
			wrong = append(wrong, bound)
		}
	}
	if len(wrong) > 0 {
		return rollout.Failed, numbers + ": " + strings.Join(wrong, ", and ")
	}
	return rollout.Passed, numbers
}

// tooLittle says why a version's sample does not count; empty when it does.
func (q Question) tooLittle(version Version, s Sample) string {
	switch {
	case !s.Known:
		return fmt.Sprintf("there is no data about %s since its weight was accepted", version.words())
	case q.Spec.MinSamples == 0:
		return ""
	case !s.Counted:
		return fmt.Sprintf("nothing says how many requests of %s were counted, and %d are needed", version.words(), q.Spec.MinSamples)
	case s.Count < float64(q.Spec.MinSamples):
		return fmt.Sprintf("%s had %s requests, and %d are needed", version.words(), number(s.Count), q.Spec.MinSamples)
	default:
		return ""
	}
}

// outOfBounds compares the canary's value with what the policy gives.
func (q Question) outOfBounds(value float64) string {
	switch {
	case q.Spec.Min != nil && value < *q.Spec.Min:
		return "less than " + q.value(*q.Spec.Min)
	case q.Spec.Max != nil && value > *q.Spec.Max:
		return "more than " + q.value(*q.Spec.Max)
	default:
		return ""
	}
}

// outOfLine compares the canary's value with stable's.
func (q Question) outOfLine(canary, stable float64) string {
	if !q.compares() {
		return ""
	}
	worse, better := canary, stable
	if q.Spec.higherIsBetter() {
		worse, better = stable, canary
	}
	switch c := q.Spec.Compare; {
	case c.Difference != nil && worse-better > *c.Difference:
		return fmt.Sprintf("worse by %s, and %s may lie between the two", q.value(worse-better), q.value(*c.Difference))
	case c.Ratio != nil && worse > *c.Ratio*better:
		return fmt.Sprintf("worse by more than the ratio of %s", number(*c.Ratio))
	default:
		return ""
	}
}

// value writes a value with its unit, where one is known.
func (q Question) value(v float64) string {
	switch q.Spec.Prometheus.BuiltIn {
	case SuccessRate:
		return number(v) + "%"
	case Latency:
		return number(v) + "s"
	default:
		return number(v)
	}
}

func of(s Sample) string {
	if !s.Counted {
		return ""
	}
	return fmt.Sprintf(" of %.0f requests", s.Count) // Prometheus extrapolates
}

func (v Version) words() string {
	if v == Canary {
		return "the canary"
	}
	return string(v)
}

// number writes a number as people do: four digits are enough.
func number(v float64) string {
	if v >= 1000 || v <= -1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
