// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// grace finds a preStop that takes all of the grace period: the process is
// killed before it is told to end, with what it was answering.
//
// Reads lifecycle.preStop (the sleep action, and commands that only sleep) and
// terminationGracePeriodSeconds, in seconds.
func grace(d world) (int, string) {
	period := graceOf(d.Deployment)
	longest, name := int64(-1), ""
	for _, c := range Running(&d.Spec.Template.Spec) {
		if sleep, known := sleepOf(c); known && sleep > longest {
			longest, name = sleep, c.Name
		}
	}
	if longest < period {
		return 0, ""
	}
	return int(longest-period) + 1, fmt.Sprintf("preStop of container %q sleeps %d s and the grace period is %d s: the process is killed before it is told to end. Write in the pod's spec:\n  terminationGracePeriodSeconds: %d",
		name, longest, period, longest+apiDefaultGrace)
}

// sleepOf is how long a preStop sleeps, where that can be read.
func sleepOf(c *corev1.Container) (int64, bool) {
	if c.Lifecycle == nil || c.Lifecycle.PreStop == nil {
		return 0, false
	}
	hook := c.Lifecycle.PreStop
	if hook.Sleep != nil {
		return hook.Sleep.Seconds, true
	}
	if hook.Exec == nil {
		return 0, false
	}
	words := strings.Fields(strings.Join(hook.Exec.Command, " "))
	if len(words) == 4 && words[1] == "-c" { // a shell in front
		words = words[2:]
	}
	if len(words) != 2 || (words[0] != "sleep" && !strings.HasSuffix(words[0], "/sleep")) {
		return 0, false
	}
	seconds, err := strconv.ParseInt(strings.TrimSuffix(words[1], "s"), 10, 32)
	return seconds, err == nil
}
