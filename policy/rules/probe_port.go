// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// probePort finds a probe or a hook that asks a named port which its container
// does not have. The API server takes it; the kubelet fails every time.
//
// Reads the probes and hooks of all containers that keep running.
func probePort(d world) (int, string) {
	count, message := 0, ""
	for _, c := range Running(&d.Spec.Template.Spec) {
		for _, asked := range asksOf(c) {
			if slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == asked.port }) {
				continue
			}
			if count++; count == 1 {
				message = fmt.Sprintf("%s of container %q asks port %q, and %s: it fails every time. Add to the container, with the right number:\n  ports: [{name: %s, containerPort: 8080}]",
					asked.by, c.Name, asked.port, portsTold(c), asked.port)
			}
		}
	}
	return count, message
}

// Running lists the containers of a pod that keep running: sidecars too.
func Running(spec *corev1.PodSpec) []*corev1.Container {
	var out []*corev1.Container
	for i := range spec.InitContainers {
		if c := &spec.InitContainers[i]; c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			out = append(out, c)
		}
	}
	for i := range spec.Containers {
		out = append(out, &spec.Containers[i])
	}
	return out
}

// named is a port that something asks by its name.
type named struct{ by, port string }

func asksOf(c *corev1.Container) []named {
	var out []named
	add := func(by string, handler *corev1.ProbeHandler) {
		for _, port := range []*intstr.IntOrString{httpPort(handler.HTTPGet), tcpPort(handler.TCPSocket)} {
			if port != nil && port.Type == intstr.String {
				out = append(out, named{by, port.StrVal})
			}
		}
	}
	for _, probe := range []struct {
		by string
		at *corev1.Probe
	}{{"startupProbe", c.StartupProbe}, {"readinessProbe", c.ReadinessProbe}, {"livenessProbe", c.LivenessProbe}} {
		if probe.at != nil {
			add(probe.by, &probe.at.ProbeHandler)
		}
	}
	if c.Lifecycle != nil && c.Lifecycle.PostStart != nil {
		add("postStart", &corev1.ProbeHandler{HTTPGet: c.Lifecycle.PostStart.HTTPGet})
	}
	if c.Lifecycle != nil && c.Lifecycle.PreStop != nil {
		add("preStop", &corev1.ProbeHandler{HTTPGet: c.Lifecycle.PreStop.HTTPGet})
	}
	return out
}

func httpPort(action *corev1.HTTPGetAction) *intstr.IntOrString {
	if action == nil {
		return nil
	}
	return &action.Port
}

func tcpPort(action *corev1.TCPSocketAction) *intstr.IntOrString {
	if action == nil {
		return nil
	}
	return &action.Port
}

func portsTold(c *corev1.Container) string {
	var names []string
	for _, port := range c.Ports {
		if port.Name != "" {
			names = append(names, fmt.Sprintf("%q", port.Name))
		}
	}
	if len(names) == 0 {
		return "it names none"
	}
	return "it has " + strings.Join(names, ", ")
}
