// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseSteps(t *testing.T) {
	steps, err := ParseSteps("5%:10m, 25%:1h30m,50%:pause,100%")
	require.NoError(t, err)
	assert.Equal(t, Steps{{Weight: 5, Duration: 10 * time.Minute}, {Weight: 25, Duration: 90 * time.Minute}, {Weight: 50, Pause: true}, {Weight: 100}}, steps)
	assert.Equal(t, "5%:10m,25%:1h30m,50%:pause,100%", steps.String())

	steps, err = ParseSteps(BlueGreenSteps)
	require.NoError(t, err)
	assert.Equal(t, Steps{{Weight: 0, Pods: 100, Pause: true}, {Weight: 100}}, steps)
	assert.Equal(t, BlueGreenSteps, steps.String())
	assert.Equal(t, []int{1, 30, 100}, []int{Step{}.Room(), Step{Weight: 10, Pods: 30}.Room(), Step{Weight: 100}.Room()})

	steps, err = ParseSteps("20%")
	require.NoError(t, err)
	assert.Equal(t, "20%,100%", steps.String(), "the last step is always 100%")
}

func TestParseStepsTellsWhatIsWrong(t *testing.T) {
	example := `; write for example "20%:10m,50%:pause,100%"`
	for text, says := range map[string]string{
		"":                               "steps: the list is empty" + example,
		"50%,20%":                        `steps: step 2 ("20%"): 20% does not come after 50%: weights must increase` + example,
		"20%,20%":                        `steps: step 2 ("20%"): 20% does not come after 20%: weights must increase` + example,
		"abc":                            `steps: step 1 ("abc"): a weight is a percent such as "20%"` + example,
		"0%,0%":                          `steps: step 2 ("0%"): 0% does not come after 0%: weights must increase` + example,
		"101%":                           `steps: step 1 ("101%"): a weight is a whole percent from 0% to 100%` + example,
		"+5%":                            `steps: step 1 ("+5%"): a weight is a whole percent from 0% to 100%` + example,
		"20%/10%":                        `steps: step 1 ("20%/10%"): 10% of the pods cannot carry 20% of the traffic` + example,
		"0%/0%":                          `steps: step 1 ("0%/0%"): what follows the slash is the canary's size: a whole percent from 1% to 100%` + example,
		"0%/5":                           `steps: step 1 ("0%/5"): what follows the slash is the canary's size: a percent such as "20%"` + example,
		"20%:10":                         `steps: step 1 ("20%:10"): what follows the colon is a duration such as "10m" (at most 720h) or "pause"` + example,
		"20%:-1s":                        `steps: step 1 ("20%:-1s"): what follows the colon is a duration such as "10m" (at most 720h) or "pause"` + example,
		strings.Repeat("1%,", 32) + "2%": "steps: 33 steps are more than the 32 allowed",
	} {
		steps, err := ParseSteps(text)
		require.EqualError(t, err, says)
		assert.Nil(t, steps)
	}
}

func FuzzParseSteps(f *testing.F) {
	for _, seed := range []string{"20%:10m,100%", "50%:pause", "", "abc", "1%,2%,3%", "20%:1ns,30%:719h59m", "0%/100%:pause"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := ParseSteps(text)
		if err != nil {
			return
		}
		again, err := ParseSteps(steps.String())
		require.NoError(t, err)
		require.Equal(t, steps, again)
		require.Equal(t, 100, steps[len(steps)-1].Weight)
	})
}
