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
	// Weight is the canary's share of the traffic, in percent, 0 to 100.
	Weight int
	// Pods is the canary's size in percent of the replicas, where it is to be
	// larger than its share asks for: for a preview, or for a user group; else 0.
	Pods int
	// Duration is how long the weight is kept once it is served; 0 means as
	// soon as the canary is healthy.
	Duration time.Duration
	// Pause waits for a person after Duration.
	Pause bool
}

// String writes the step in the grammar that ParseSteps reads.
func (s Step) String() string {
	text := percent(s.Weight)
	if s.Pods > 0 {
		text += "/" + percent(s.Pods)
	}
	switch {
	case s.Pause:
		return text + ":pause"
	case s.Duration > 0:
		return text + ":" + ShortDuration(s.Duration)
	default:
		return text
	}
}

// Room is the canary's size at the step, in percent of the replicas, 1 to 100: a
// step without traffic still has a pod to look at.
func (s Step) Room() int { return max(s.Weight, s.Pods, 1) }

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
// Weights are whole percents in increasing order, of which the first may be 0; a
// list that does not end at 100% gets a last step of 100%. A second percent after
// a slash is the canary's size, where it is to be larger than its share. What
// follows the colon is a Go duration of at most 720h, or "pause". The error names
// the position of the first step that is wrong and shows a list that works; the
// Steps are then nil.
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
	size, wait, waits := strings.Cut(text, ":")
	weight, pods, sized := strings.Cut(size, "/")
	var step Step
	var err error
	if step.Weight, err = parsePercent(weight, 0); err != nil {
		return Step{}, fmt.Errorf("a weight is %w", err)
	}
	if sized {
		if step.Pods, err = parsePercent(pods, 1); err != nil {
			return Step{}, fmt.Errorf("what follows the slash is the canary's size: %w", err)
		}
		if step.Pods < step.Weight {
			return Step{}, fmt.Errorf("%d%% of the pods cannot carry %d%% of the traffic", step.Pods, step.Weight)
		}
	}
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

// StepsFor reads the steps of a strategy: a blue-green release has no weights
// between nothing and all.
func StepsFor(strategy, text string) (Steps, error) {
	steps, err := ParseSteps(text)
	if err != nil || strategy != BlueGreen {
		return steps, err
	}
	for _, step := range steps {
		if step.Weight != 0 && step.Weight != 100 {
			return nil, fmt.Errorf("steps: %q: a blue-green release has the weights 0%% and 100%% alone; write for example %q", step, BlueGreenSteps)
		}
	}
	return steps, nil
}

// parsePercent reads a whole percent from least to 100.
func parsePercent(text string, least int) (int, error) {
	number, isPercent := strings.CutSuffix(text, "%")
	if !isPercent {
		return 0, fmt.Errorf("a percent such as \"20%%\"")
	}
	value, err := strconv.Atoi(number)
	if err != nil || value < least || value > 100 || strconv.Itoa(value) != number {
		return 0, fmt.Errorf("a whole percent from %d%% to 100%%", least)
	}
	return value, nil
}

// ShortDuration drops the zero units that time.Duration prints: 10m, not 10m0s.
func ShortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// StepsOrLast are steps that were parsed before; of a text in which they are
// broken all the same, one last step.
func StepsOrLast(text string) Steps {
	steps, err := ParseSteps(text)
	if err != nil {
		return Steps{{Weight: 100}}
	}
	return steps
}

// At is the step of an index, or the nearest that there is.
func (s Steps) At(i int) Step { return s[min(max(i, 0), len(s)-1)] }
