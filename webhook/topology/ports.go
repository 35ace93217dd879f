// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy/rules"
)

// Ports says why Services cannot lead to the pods of the next template, and what is
// only to be known about that.
//
// A port that a Service names and no container declares is one that its endpoints
// lack: it is refused, unless the live pods lack it too and the Service has others.
// The number of a port is information alone, and traffic gets there all the same: it
// is told of where the change takes it out of what is declared.
func Ports(services []corev1.Service, live, next *corev1.PodSpec) (refused string, told []string) {
	for i := range services {
		service := &services[i]
		serves := slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return answered(p, next) })
		for _, port := range service.Spec.Ports {
			switch {
			case port.TargetPort.Type == intstr.Int:
				if undeclared(port, live, next) {
					told = append(told, fmt.Sprintf("Service %q leads to port %d of its pods, which no container of the new template declares any more (%s); it gets its traffic all the same",
						service.Name, numberOf(port), declaredTold(next)))
				}
			case answered(port, next):
			case serves && !answered(port, live):
				told = append(told, fmt.Sprintf("Service %q leads to port %q of its pods, which no container declares, as before: nobody answers there", service.Name, port.TargetPort.StrVal))
			case refused == "":
				refused = nobodyAnswers(service, port, live, next)
			}
		}
	}
	return refused, told
}

// nobodyAnswers refuses a template without a port that a Service names.
func nobodyAnswers(service *corev1.Service, port corev1.ServicePort, live, next *corev1.PodSpec) string {
	number, protocol := int32(8080), ""
	if before := declared(port, live); before != nil {
		number = before.ContainerPort
	}
	if protocolOf(port.Protocol) != corev1.ProtocolTCP {
		protocol = ", protocol: " + string(port.Protocol)
	}
	return fmt.Sprintf("Service %q leads to port %q of its pods, and no container of the new template declares it (%s): whoever calls it would find nobody. Add to the container that listens there, with the right number:\n  ports: [{name: %s, containerPort: %d%s}]",
		service.Name, port.TargetPort.StrVal, declaredTold(next), port.TargetPort.StrVal, number, protocol)
}

// answered tells whether pods have the port that a Service leads to: of numbers, all.
func answered(port corev1.ServicePort, pods *corev1.PodSpec) bool {
	return port.TargetPort.Type == intstr.Int || declared(port, pods) != nil
}

// undeclared tells that a change takes the number of a port out of what is declared,
// which other ports still are.
func undeclared(port corev1.ServicePort, live, next *corev1.PodSpec) bool {
	return declared(port, live) != nil && declared(port, next) == nil && len(declaredBy(next)) > 0
}

// declared finds the port of pods that a Service leads to, as the endpoints are
// made: by name or number, and protocol.
func declared(port corev1.ServicePort, pods *corev1.PodSpec) *corev1.ContainerPort {
	all := declaredBy(pods)
	i := slices.IndexFunc(all, func(p corev1.ContainerPort) bool {
		same := p.ContainerPort == numberOf(port)
		if port.TargetPort.Type == intstr.String {
			same = p.Name == port.TargetPort.StrVal
		}
		return same && protocolOf(p.Protocol) == protocolOf(port.Protocol)
	})
	if i < 0 {
		return nil
	}
	return &all[i]
}

// declaredBy lists the ports of all containers that keep running.
func declaredBy(pods *corev1.PodSpec) []corev1.ContainerPort {
	var out []corev1.ContainerPort
	for _, c := range rules.Running(pods) {
		out = append(out, c.Ports...)
	}
	return out
}

func declaredTold(pods *corev1.PodSpec) string {
	var words []string
	for _, p := range declaredBy(pods) {
		words = append(words, cmp.Or(p.Name, fmt.Sprint(p.ContainerPort)))
	}
	if len(words) == 0 {
		return "it declares none"
	}
	return "it declares " + strings.Join(words, ", ")
}

// numberOf is the number that a Service leads to; left out, it is its own.
func numberOf(port corev1.ServicePort) int32 {
	return cmp.Or(port.TargetPort.IntVal, port.Port)
}

func protocolOf(p corev1.Protocol) corev1.Protocol { return cmp.Or(p, corev1.ProtocolTCP) }
