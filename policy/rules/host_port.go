// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
)

// hostPort finds a surge of pods that take a port of their node: with as many
// pods as nodes, the new one waits for a port that the old one keeps until the
// new one is ready.
//
// Reads containers[].ports[].hostPort, hostNetwork and spec.strategy.
func hostPort(d world) (int, string) {
	e, ok := effectOf(d.Deployment)
	if !ok || e.surge == 0 {
		return 0, ""
	}
	var taken []string
	for _, c := range d.Spec.Template.Spec.Containers {
		for _, port := range c.Ports {
			switch {
			case port.HostPort > 0:
				taken = append(taken, fmt.Sprint(port.HostPort))
			case d.Spec.Template.Spec.HostNetwork:
				taken = append(taken, fmt.Sprint(port.ContainerPort))
			}
		}
	}
	if len(taken) == 0 {
		return 0, ""
	}
	return len(taken), fmt.Sprintf("the pods take port %s of their node, and a rollout starts %s beside the old: where every node has one it waits for ever. Write:\n%s",
		strings.Join(taken, ", "), plural(e.surge, "new pod"), fixStrategy("0", "1"))
}
