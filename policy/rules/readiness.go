// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// injectReadiness gives each container without one a readiness probe, where
// there is evidence of what to ask: a port named in the annotation
// evenkeel.dev/probe, a Service's targetPort, the only TCP port, or one that is
// named http, web or grpc. Without evidence nothing is injected, and said.
//
// Reads containers[].ports, the annotation and the Services; writes
// containers[].readinessProbe. Never over a probe of the user's.
func injectReadiness(r *review) {
	ready := false
	for i := range r.Object.Spec.Template.Spec.Containers {
		container := &r.Object.Spec.Template.Spec.Containers[i]
		if r.TemplateChanged {
			r.giveReadiness(i, container)
		} else {
			r.carryReadiness(i, container)
		}
		ready = ready || container.ReadinessProbe != nil
	}
	slices.Sort(r.after.Readiness)
	if r.TemplateChanged && !ready && r.Policy.Inject.Readiness != nil && r.wants.probes && r.asks[""].kind != none {
		r.warn("no readiness probe was injected: no container declares one port to ask; declare it, or say %s: %q", policy.ProbeAnnotation, probeExample)
	}
}

// carryReadiness puts back what was injected where the requester left it out.
func (r *review) carryReadiness(i int, container *corev1.Container) {
	if !r.ours.Probes(container.Name) {
		return
	}
	r.after.Readiness = append(r.after.Readiness, container.Name)
	if was := containerOf(r.Old, container.Name); container.ReadinessProbe == nil && was.ReadinessProbe != nil {
		container.ReadinessProbe = was.ReadinessProbe.DeepCopy()
		r.change(readinessPath(i), container.ReadinessProbe, "carried over: it was injected before")
	}
}

// giveReadiness gives a container of a changed template its probe, in place of
// none or of one that was injected.
func (r *review) giveReadiness(i int, container *corev1.Container) {
	ours := container.ReadinessProbe == nil || r.ours.Probes(container.Name)
	probe, what, evidence := r.wantedReadiness(i, container)
	if probe == nil {
		if ours && container.ReadinessProbe != nil {
			container.ReadinessProbe = nil
			r.change(readinessPath(i), nil, "the policy does not inject it any more")
		}
		return
	}
	equal := equality.Semantic.DeepEqual(container.ReadinessProbe, probe)
	given := equal && r.stamped.Probes(container.Name) && !r.asked.forReadiness(container.Name)
	if !ours && !given {
		return
	}
	r.after.Readiness = append(r.after.Readiness, container.Name)
	if equal {
		return
	}
	container.ReadinessProbe = probe
	r.change(readinessPath(i), probe, r.because("readinessProbe of container "+container.Name))
	r.warn("injected a %s readiness probe on port %s into container %q, by %s (policy rule %s: nobody set one)",
		what.kind, what.port.String(), container.Name, evidence, r.Policy.Rule)
}

// wantedReadiness is the probe that the policy gives a container, with what it
// asks and by what evidence; nil is none.
func (r *review) wantedReadiness(i int, container *corev1.Container) (*corev1.Probe, ask, string) {
	if r.Policy.Inject.Readiness == nil || !r.wants.probes {
		return nil, ask{}, ""
	}
	what, evidence := r.evidence(i, container)
	if what.kind == none {
		return nil, what, ""
	}
	return what.probe(*r.Policy.Inject.Readiness), what, evidence
}

// evidence finds what to ask a container, and where that is known from.
func (r *review) evidence(i int, container *corev1.Container) (ask, string) {
	if named, ok := r.asks[container.Name]; ok {
		return named, "the annotation"
	}
	if all, ok := r.asks[""]; ok && (all.kind == none || i == all.home(r.New)) {
		return all, "the annotation"
	}
	var ports []corev1.ContainerPort
	for _, port := range container.Ports {
		if port.Protocol == "" || port.Protocol == corev1.ProtocolTCP {
			ports = append(ports, port)
		}
	}
	if port, service, ok := served(ports, r.Services); ok {
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

func readinessPath(i int) string {
	return fmt.Sprintf("/spec/template/spec/containers/%d/readinessProbe", i)
}
