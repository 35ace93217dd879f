// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// readinessMissing finds a container that a Service leads to and that nobody
// asks whether it can answer: it gets requests as soon as its process starts,
// and a rollout goes on over pods that do not work.
//
// Reads containers[].ports and readinessProbe after what was injected, and the
// Services.
func readinessMissing(d world) (int, string) {
	count, message := 0, ""
	for i := range d.Spec.Template.Spec.Containers {
		c := &d.Spec.Template.Spec.Containers[i]
		port, service, leads := served(tcpPorts(c), d.near.Services)
		if c.ReadinessProbe != nil || !leads {
			continue
		}
		if count++; count == 1 {
			message = fmt.Sprintf("container %q has no readiness probe, and Service %q leads to its port %d: requests come before it can answer them. Add to the container:\n  readinessProbe: {tcpSocket: {port: %d}}",
				c.Name, service, port.ContainerPort, port.ContainerPort)
		}
	}
	return count, message
}

func tcpPorts(c *corev1.Container) []corev1.ContainerPort {
	var ports []corev1.ContainerPort
	for _, port := range c.Ports {
		if port.Protocol == "" || port.Protocol == corev1.ProtocolTCP {
			ports = append(ports, port)
		}
	}
	return ports
}
