// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// StepsExample is a list of steps that works, shown wherever one did not.
const StepsExample = "20%:10m,50%:pause,100%"

// MaxSteps bounds a list of steps, so that a state annotation stays small.
const MaxSteps = 32

// maxStepDuration bounds one step; longer waits are what "pause" is for.
const maxStepDuration = 30 * 24 * time.Hour

// Step is one stop of a canary: a share of the traffic and how long to stay.
type Step struct {
	// Weight is the canary's share of the traffic, in percent, 1 to 100.
	Weight int
	// Duration is how long the weight is kept once it is served; 0 means as
	// soon as the canary is healthy.
	Duration time.Duration
	// Pause waits for a person after Duration.
	Pause bool
}

// String writes the step in the grammar that ParseSteps reads.
func (s Step) String() string {
	switch {
	case s.Pause:
		return fmt.Sprintf("%d%%:pause", s.Weight)
	case s.Duration > 0:
		return fmt.Sprintf("%d%%:%s", s.Weight, shortDuration(s.Duration))
	default:
		return fmt.Sprintf("%d%%", s.Weight)
	}
}

// Steps is a list of steps with increasing weights that ends at 100.
type Steps []Step

// String writes the steps in the grammar that ParseSteps reads.
func (s Steps) String() string {
	parts := make([]string, len(s))
	for i, step := range s {
		parts[i] = step.String()
	}
	return strings.Join(parts, ",")
}

// ParseSteps reads a list such as "20%:10m,50%:pause,100%".
//
// Weights are whole percents from 1 to 100 in increasing order; a list that does
// not end at 100% gets a last step of 100%. What follows the colon is a Go
// duration of at most 720h, or "pause". The error names the position of the
// first step that is wrong and shows a list that works; the Steps are then nil.
func ParseSteps(text string) (Steps, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("steps: the list is empty; write for example %q", StepsExample)
	}
	parts := strings.Split(text, ",")
	if len(parts) > MaxSteps {
		return nil, fmt.Errorf("steps: %d steps are more than the %d allowed", len(parts), MaxSteps)
	}
	steps := make(Steps, 0, len(parts)+1)
	for i, part := range parts {
		step, err := parseStep(strings.TrimSpace(part))
		if err == nil && i > 0 && step.Weight <= steps[i-1].Weight {
			err = fmt.Errorf("%d%% does not come after %d%%: weights must increase", step.Weight, steps[i-1].Weight)
		}
		if err != nil {
			return nil, fmt.Errorf("steps: step %d (%q): %w; write for example %q", i+1, strings.TrimSpace(part), err, StepsExample)
		}
		steps = append(steps, step)
	}
	if steps[len(steps)-1].Weight < 100 {
		steps = append(steps, Step{Weight: 100})
	}
	return steps, nil
}

func parseStep(text string) (Step, error) {
	weight, wait, waits := strings.Cut(text, ":")
	number, isPercent := strings.CutSuffix(weight, "%")
	if !isPercent {
		return Step{}, fmt.Errorf("a weight is a percent such as \"20%%\"")
	}
	value, err := strconv.Atoi(number)
	if err != nil || value < 1 || value > 100 || strconv.Itoa(value) != number {
		return Step{}, fmt.Errorf("a weight is a whole percent from 1%% to 100%%")
	}
	step := Step{Weight: value}
	switch {
	case !waits:
	case wait == "pause":
		step.Pause = true
	default:
		step.Duration, err = time.ParseDuration(wait)
		if err != nil || step.Duration < 0 || step.Duration > maxStepDuration {
			return Step{}, fmt.Errorf("what follows the colon is a duration such as \"10m\" (at most 720h) or \"pause\"")
		}
	}
	return step, nil
}

// shortDuration drops the zero units that time.Duration prints: 10m, not 10m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
