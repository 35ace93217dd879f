// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
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
	taken := nodePorts(&d.Spec.Template.Spec)
	if len(taken) == 0 {
		return 0, ""
	}
	return len(taken), fmt.Sprintf("the pods take port %s of their node, and a rollout starts %s beside the old: where every node has one it waits for ever. Write:\n%s",
		strings.Join(taken, ", "), plural(e.more(), "new pod"), fixStrategy("0", "1"))
}

// nodePorts lists the ports that a pod takes of its node, each once.
func nodePorts(spec *corev1.PodSpec) []string {
	var taken []string
	for _, c := range Running(spec) {
		for _, port := range c.Ports {
			number := port.HostPort
			if number == 0 && spec.HostNetwork {
				number = port.ContainerPort
			}
			if text := fmt.Sprint(number); number > 0 && !slices.Contains(taken, text) {
				taken = append(taken, text)
			}
		}
	}
	return taken
}
