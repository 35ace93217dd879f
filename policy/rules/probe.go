// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// probeExample is a probe that works, shown wherever one did not.
const probeExample = "http:8080/healthz"

// ask is what a probe of the annotation evenkeel.dev/probe asks.
type ask struct {
	kind string // http, tcp, grpc or none
	port intstr.IntOrString
	path string
}

var portName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$`)

// parseProbe reads "http:8080/healthz", "tcp:8080", "grpc:9090" or "none",
// several with "name=" in front for each container, separated by ";". The key
// "" holds what names no container.
func parseProbe(text string) (map[string]ask, error) {
	asks := map[string]ask{}
	for part := range strings.SplitSeq(text, ";") {
		name, what, named := strings.Cut(strings.TrimSpace(part), "=")
		if !named {
			name, what = "", name
		}
		one, err := parseAsk(what)
		if err != nil {
			return nil, err
		}
		asks[name] = one
	}
	return asks, nil
}

func parseAsk(text string) (ask, error) {
	wrong := fmt.Errorf("%q is not a probe: write for example %q, \"tcp:8080\", \"grpc:9090\" or \"none\"", text, probeExample)
	kind, rest, _ := strings.Cut(text, ":")
	if kind == "none" && rest == "" {
		return ask{kind: kind}, nil
	}
	port, path := rest, ""
	if i := strings.Index(rest, "/"); i >= 0 {
		port, path = rest[:i], rest[i:]
	}
	if (kind != "http" && kind != "tcp" && kind != "grpc") || (path != "" && kind != "http") || port == "" {
		return ask{}, wrong
	}
	if kind == "http" && path == "" {
		path = "/"
	}
	number, err := strconv.Atoi(port)
	switch {
	case err == nil && number >= 1 && number <= 65535:
		return ask{kind: kind, port: intstr.FromInt32(int32(number)), path: path}, nil //nolint:gosec // bounded above
	case err == nil || kind == "grpc" || !portName.MatchString(port):
		return ask{}, wrong
	default:
		return ask{kind: kind, port: intstr.FromString(port), path: path}, nil
	}
}

// probe makes the probe that asks.
func (a ask) probe(numbers policy.Readiness) *corev1.Probe {
	p := &corev1.Probe{
		InitialDelaySeconds: numbers.InitialDelaySeconds,
		PeriodSeconds:       or(numbers.PeriodSeconds, 10),
		TimeoutSeconds:      or(numbers.TimeoutSeconds, 1),
		FailureThreshold:    or(numbers.FailureThreshold, 3),
		SuccessThreshold:    1,
	}
	switch a.kind {
	case "http":
		p.HTTPGet = &corev1.HTTPGetAction{Path: a.path, Port: a.port, Scheme: corev1.URISchemeHTTP}
	case "grpc":
		service := ""
		p.GRPC = &corev1.GRPCAction{Port: a.port.IntVal, Service: &service}
	default:
		p.TCPSocket = &corev1.TCPSocketAction{Port: a.port}
	}
	return p
}

func or(value, otherwise int32) int32 {
	if value == 0 {
		return otherwise
	}
	return value
}

// brokenProbe is the check of the annotation's grammar.
func brokenProbe(d *appsv1.Deployment, _ policy.Policy) (int, string) {
	text, set := d.Annotations[policy.ProbeAnnotation]
	if !set {
		return 0, ""
	}
	asks, err := parseProbe(text)
	if err != nil {
		return 1, fmt.Sprintf("annotation %s: %v", policy.ProbeAnnotation, err)
	}
	for name := range asks {
		if name != "" && containerOf(d, name) == nil {
			return 1, fmt.Sprintf("annotation %s: there is no container %q", policy.ProbeAnnotation, name)
		}
	}
	return 0, ""
}
