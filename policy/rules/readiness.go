// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// readinessPart gives each container without one a readiness probe, where there
// is evidence of what to ask: a port named in the annotation evenkeel.dev/probe,
// a Service's targetPort, the only TCP port, or one that is named http, web or
// grpc. Without evidence nothing is injected, and said.
//
// Reads containers[].ports, the annotation and the Services; writes
// containers[].readinessProbe. Never over a probe of the user's.
var readinessPart = probePart("readinessProbe",
	func(c *corev1.Container) **corev1.Probe { return &c.ReadinessProbe },
	func(i *policy.Injected) *[]string { return &i.Readiness },
	func(r *review, c *corev1.Container) wish {
		return r.wantedProbe("readiness", r.Policy.Inject.Readiness, c)
	})

// startupPart gives a container the time that it needs to start, by the same
// evidence. Off unless the policy turns it on.
//
// Writes containers[].startupProbe.
var startupPart = probePart("startupProbe",
	func(c *corev1.Container) **corev1.Probe { return &c.StartupProbe },
	func(i *policy.Injected) *[]string { return &i.Startup },
	func(r *review, c *corev1.Container) wish { return r.wantedProbe("startup", r.Policy.Inject.Startup, c) })

// livenessPart restarts a container that does not answer any more, by the same
// evidence. Off unless the policy turns it on: a wrong one restarts pods that are
// well.
//
// Writes containers[].livenessProbe.
var livenessPart = probePart("livenessProbe",
	func(c *corev1.Container) **corev1.Probe { return &c.LivenessProbe },
	func(i *policy.Injected) *[]string { return &i.Liveness },
	func(r *review, c *corev1.Container) wish {
		return r.wantedProbe("liveness", r.Policy.Inject.Liveness, c)
	})

// warnUnprobed says that there was no evidence for any readiness probe.
func warnUnprobed(r *review) {
	if !r.TemplateChanged || r.back != nil || r.Policy.Inject.Readiness == nil || !r.wants.probes || r.asks[""].kind == none {
		return
	}
	for i := range r.Object.Spec.Template.Spec.Containers {
		if r.Object.Spec.Template.Spec.Containers[i].ReadinessProbe != nil {
			return
		}
	}
	r.warn("no readiness probe was injected: no container declares one port to ask; declare it, or say %s: %q", policy.ProbeAnnotation, probeExample)
}

// wantedProbe is the probe that the policy gives a container.
func (r *review) wantedProbe(kind string, numbers *policy.Probe, container *corev1.Container) wish {
	if numbers == nil || !r.wants.probes {
		return wish{}
	}
	what, evidence := r.evidence(container)
	if what.kind == none {
		return wish{}
	}
	return wish{value: what.probe(*numbers), what: fmt.Sprintf("a %s %s probe on port %s", what.kind, kind, what.port.String()), evidence: evidence}
}

// evidence finds what to ask a container, and where that is known from.
func (r *review) evidence(container *corev1.Container) (ask, string) {
	if named, ok := r.asks[container.Name]; ok {
		return named, "the annotation"
	}
	if all, ok := r.asks[""]; ok && (all.kind == none || container.Name == all.home(r.New)) {
		return all, "the annotation"
	}
	ports := tcpPorts(container)
	if port, service, ok := served(ports, r.Neighbours.Services); ok {
		return tcpAsk(port), fmt.Sprintf("Service %q", service)
	}
	if len(ports) == 1 {
		return tcpAsk(ports[0]), "its only TCP port"
	}
	for _, port := range ports {
		if port.Name == "http" || port.Name == "web" || port.Name == "grpc" {
			return tcpAsk(port), "the port's name"
		}
	}
	return ask{kind: none}, ""
}

// served finds the port that a Service leads to, and the Service's name. The
// order in which Services are known must not matter.
func served(ports []corev1.ContainerPort, services []corev1.Service) (corev1.ContainerPort, string, bool) {
	sorted := slices.SortedFunc(slices.Values(services), func(a, b corev1.Service) int { return strings.Compare(a.Name, b.Name) })
	for _, service := range sorted {
		for _, port := range service.Spec.Ports {
			if port.Protocol != "" && port.Protocol != corev1.ProtocolTCP {
				continue
			}
			if found := slices.IndexFunc(ports, func(p corev1.ContainerPort) bool { return leadsTo(port, p) }); found >= 0 {
				return ports[found], service.Name, true
			}
		}
	}
	return corev1.ContainerPort{}, "", false
}

func leadsTo(port corev1.ServicePort, container corev1.ContainerPort) bool {
	if port.TargetPort.Type == intstr.String {
		return port.TargetPort.StrVal == container.Name
	}
	if port.TargetPort.IntVal == 0 {
		return port.Port == container.ContainerPort
	}
	return port.TargetPort.IntVal == container.ContainerPort
}

func tcpAsk(port corev1.ContainerPort) ask {
	return ask{kind: tcp, port: intstr.FromInt32(port.ContainerPort)}
}
