// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// Service fills in what the API server does, without what it allocates: the
// addresses, their families and the node ports.
func Service(s *corev1.Service) {
	set(&s.Spec.Type, corev1.ServiceTypeClusterIP)
	for i := range s.Spec.Ports {
		port := &s.Spec.Ports[i]
		set(&port.Protocol, corev1.ProtocolTCP)
		if port.TargetPort == intstr.FromString("") {
			port.TargetPort = intstr.FromInt32(0)
		}
		set(&port.TargetPort, intstr.FromInt32(port.Port))
	}
	affinity(&s.Spec)
	trafficPolicies(&s.Spec)
}

func affinity(s *corev1.ServiceSpec) {
	set(&s.SessionAffinity, corev1.ServiceAffinityNone)
	if s.SessionAffinity == corev1.ServiceAffinityNone {
		s.SessionAffinityConfig = nil
	}
	if s.SessionAffinity != corev1.ServiceAffinityClientIP {
		return
	}
	if config := s.SessionAffinityConfig; config == nil || config.ClientIP == nil || config.ClientIP.TimeoutSeconds == nil {
		timeout := corev1.DefaultClientIPServiceAffinitySeconds
		s.SessionAffinityConfig = &corev1.SessionAffinityConfig{ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: &timeout}}
	}
}

func trafficPolicies(s *corev1.ServiceSpec) {
	balanced := s.Type == corev1.ServiceTypeLoadBalancer
	outside := balanced || s.Type == corev1.ServiceTypeNodePort
	inside := s.Type == corev1.ServiceTypeClusterIP
	if outside || inside && len(s.ExternalIPs) > 0 {
		set(&s.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster)
	}
	if outside || inside {
		set(&s.InternalTrafficPolicy, ptr.To(corev1.ServiceInternalTrafficPolicyCluster))
	}
	if balanced {
		set(&s.AllocateLoadBalancerNodePorts, ptr.To(true))
	}
}
