// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package forecast

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// begun is a rollout of a Service behind a route that starts now.
func begun(change func(*rollout.State)) rollout.State {
	surge, unavailable := intstr.FromString("25%"), intstr.FromInt32(0)
	plan := rollout.State{
		Strategy: rollout.Canary, Steps: "20%:10m,50%:pause,100%", Services: []string{"demo"}, Backends: []string{"demo"}, Routes: []string{"httproute/demo"},
		User: &rollout.Knobs{MaxSurge: &surge, MaxUnavailable: &unavailable},
		Timing: rollout.Timing{
			Settle: rollout.Duration(5 * time.Second), ScaleDownDelay: rollout.Duration(30 * time.Second), StepDeadline: rollout.Duration(10 * time.Minute),
		},
	}
	if change != nil {
		change(&plan)
	}
	return rollout.Begin(plan, start)
}

func lines(stops []Stop) string {
	var out strings.Builder
	for _, s := range stops {
		person := ""
		if s.Person {
			person = " and a person"
		}
		fmt.Fprintf(&out, "%s %s step %d: %d%%, %d stable and %d canary pods, from %s for %s%s\n", s.Phase, s.Stage, s.Step, s.Weight, s.Stable, s.Canary, s.After, s.For, person)
	}
	return out.String()
}

// aCanary is the story of one, with or without an analysis that passes.
const aCanary = `
Preparing prepare step 0: 0%, 10 stable and 0 canary pods, from 0s for 5s
Stepping dwell step 0: 20%, 10 stable and 2 canary pods, from 5s for 10m0s
Stepping dwell step 1: 50%, 10 stable and 5 canary pods, from 10m5s for 5s and a person
Stepping dwell step 2: 100%, 10 stable and 10 canary pods, from 10m10s for 5s
Promoting drain step 2: 100%, 10 stable and 10 canary pods, from 10m15s for 40s
Completed  step 2: 100%, 0 stable and 10 canary pods, from 10m55s for 0s
`

func TestStories(t *testing.T) {
	for name, row := range map[string]struct {
		change   func(*rollout.State)
		replicas int32
		want     string
	}{
		"a canary": {nil, 10, aCanary},
		"a canary with an analysis that passes": {func(s *rollout.State) {
			s.Analyses = []rollout.Analysis{{Name: "errors", Interval: rollout.Duration(30 * time.Second)}}
		}, 10, aCanary},
		"with minReadySeconds": {func(s *rollout.State) { s.User.MinReadySeconds, s.Steps = 20, "20%:10m,100%" }, 10, `
Preparing prepare step 0: 0%, 10 stable and 0 canary pods, from 0s for 5s
Stepping scale step 0: 0%, 10 stable and 2 canary pods, from 5s for 20s
Stepping dwell step 0: 20%, 10 stable and 2 canary pods, from 25s for 10m0s
Stepping scale step 1: 20%, 10 stable and 10 canary pods, from 10m25s for 20s
Stepping dwell step 1: 100%, 10 stable and 10 canary pods, from 10m45s for 5s
Promoting drain step 1: 100%, 10 stable and 10 canary pods, from 10m50s for 40s
Completed  step 1: 100%, 0 stable and 10 canary pods, from 11m30s for 0s
`},
		"within its own room": {func(s *rollout.State) { s.Capacity, s.Steps = rollout.Replace, "50%:1m,100%" }, 4, `
Preparing prepare step 0: 0%, 4 stable and 0 canary pods, from 0s for 5s
Stepping dwell step 0: 25%, 4 stable and 1 canary pods, from 5s for 5s
Stepping dwell step 0: 50%, 3 stable and 2 canary pods, from 10s for 5s
Stepping dwell step 0: 50%, 2 stable and 2 canary pods, from 15s for 55s
Stepping dwell step 1: 75%, 2 stable and 3 canary pods, from 1m10s for 5s
Stepping dwell step 1: 100%, 1 stable and 4 canary pods, from 1m15s for 5s
Promoting drain step 1: 100%, 1 stable and 4 canary pods, from 1m20s for 40s
Completed  step 1: 100%, 0 stable and 4 canary pods, from 2m0s for 0s
`},
		"blue-green": {func(s *rollout.State) { s.Strategy, s.Steps = rollout.BlueGreen, rollout.BlueGreenSteps }, 3, `
Preparing prepare step 0: 0%, 3 stable and 0 canary pods, from 0s for 5s
Stepping dwell step 0: 0%, 3 stable and 3 canary pods, from 5s for 5s and a person
Stepping dwell step 1: 100%, 3 stable and 3 canary pods, from 10s for 5s
Promoting drain step 1: 100%, 3 stable and 3 canary pods, from 15s for 40s
Completed  step 1: 100%, 0 stable and 3 canary pods, from 55s for 0s
`},
		"batches": {func(s *rollout.State) {
			s.Strategy, s.Capacity, s.Services, s.Backends, s.Routes = rollout.Batch, rollout.Replace, nil, nil, nil
		}, 10, `
Stepping dwell step 0: 20%, 8 stable and 2 canary pods, from 0s for 10m0s
Stepping dwell step 1: 50%, 5 stable and 5 canary pods, from 10m0s for 0s and a person
Completed  step 2: 100%, 0 stable and 10 canary pods, from 10m0s for 0s
`},
		"a rolling update": {func(s *rollout.State) { s.Strategy, s.Services, s.Backends, s.Routes = rollout.Rolling, nil, nil, nil }, 3, `
Completed  step 0: 100%, 0 stable and 3 canary pods, from 0s for 0s
`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, strings.TrimPrefix(row.want, "\n"), lines(Of(begun(row.change), row.replicas)))
		})
	}
}

// What is held is foreseen as if it were let go, and what no rule moves ends there.
func TestWhatDoesNotGoOn(t *testing.T) {
	held := begun(nil)
	held.Held = true
	assert.Equal(t, Of(begun(nil), 10), Of(held, 10))

	unknown := begun(nil)
	unknown.Stage = "a stage of another version"
	assert.Len(t, Of(unknown, 10), 1)
}

// Whatever is asked for ends, and never with more or fewer pods than it has to.
func TestEveryRolloutEnds(t *testing.T) {
	for _, strategy := range rollout.Strategies() {
		for _, capacity := range rollout.Capacities() {
			for _, replicas := range []int32{1, 2, 3, 4, 7, 10, 100} {
				for _, steps := range []string{"100%", "1%:1s,99%:1s,100%:pause", "20%:10m,50%:pause,100%", "0%/10%:pause,100%"} {
					for _, services := range []bool{true, false} {
						state := begun(func(s *rollout.State) {
							s.Strategy, s.Capacity, s.Steps = strategy, capacity, steps
							if strategy == rollout.BlueGreen {
								s.Steps = rollout.BlueGreenSteps
							}
							if !services {
								s.Services, s.Backends, s.Routes = nil, nil, nil
							}
						})
						stops := Of(state, replicas)
						name := fmt.Sprintf("%s %s %s of %d, services %t:\n%s", strategy, capacity, steps, replicas, services, lines(stops))
						require.NotEmpty(t, stops, name)
						last := stops[len(stops)-1]
						require.Equal(t, rollout.Completed, last.Phase, name)
						require.Equal(t, []int32{0, replicas}, []int32{last.Stable, last.Canary}, name)
						for i, stop := range stops {
							require.GreaterOrEqual(t, stop.Stable+stop.Canary, replicas-max(1, replicas/4), name)
							require.True(t, i == 0 || stop.Weight >= stops[i-1].Weight, name)
						}
					}
				}
			}
		}
	}
}
