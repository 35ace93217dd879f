// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// probeExample is a probe that works, shown wherever one did not.
const probeExample = "http:8080/healthz"

// The kinds of probes.
const (
	http = "http"
	tcp  = "tcp"
	grpc = "grpc"
	none = "none"
)

// ask is what a probe of the annotation evenkeel.dev/probe asks.
type ask struct {
	kind string
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
		name, what := "", strings.TrimSpace(part)
		if before, after, named := strings.Cut(what, "="); named && !strings.Contains(before, ":") {
			name, what = before, after
		}
		one, err := parseAsk(what)
		if err != nil {
			return nil, err
		}
		if _, twice := asks[name]; twice {
			return nil, fmt.Errorf("%q comes second for one container: write \"name=\" in front of each", what)
		}
		asks[name] = one
	}
	return asks, nil
}

func parseAsk(text string) (ask, error) {
	wrong := fmt.Errorf("%q is not a probe: write for example %q, \"tcp:8080\", \"grpc:9090\" or \"none\"", text, probeExample)
	kind, rest, _ := strings.Cut(text, ":")
	port, path := rest, ""
	if i := strings.Index(rest, "/"); i >= 0 {
		port, path = rest[:i], rest[i:]
	}
	switch kind {
	case none:
		if text != none {
			return ask{}, wrong
		}
		return ask{kind: none}, nil
	case http:
		if path == "" {
			path = "/"
		}
	case tcp, grpc:
		if path != "" {
			return ask{}, wrong
		}
	default:
		return ask{}, wrong
	}
	number, err := strconv.ParseInt(port, 10, 32)
	switch {
	case err == nil && number >= 1 && number <= 65535:
		return ask{kind: kind, port: intstr.FromInt32(int32(number)), path: path}, nil
	case err == nil || kind == grpc || !portName.MatchString(port):
		return ask{}, wrong
	default:
		return ask{kind: kind, port: intstr.FromString(port), path: path}, nil
	}
}

// home is the container that a probe without a name is for: the one that
// declares its port, or else the first.
func (a ask) home(d *appsv1.Deployment) string {
	containers := d.Spec.Template.Spec.Containers
	if len(containers) == 0 {
		return ""
	}
	return containers[max(0, slices.IndexFunc(containers, a.declaredBy))].Name
}

func (a ask) declaredBy(container corev1.Container) bool {
	return slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool {
		return (a.port.Type == intstr.Int && p.ContainerPort == a.port.IntVal) || (a.port.Type == intstr.String && p.Name == a.port.StrVal)
	})
}

// probe makes the probe that asks.
func (a ask) probe(numbers policy.Probe) *corev1.Probe {
	p := &corev1.Probe{
		InitialDelaySeconds: numbers.InitialDelaySeconds,
		PeriodSeconds:       or(numbers.PeriodSeconds, 10),
		TimeoutSeconds:      or(numbers.TimeoutSeconds, 1),
		FailureThreshold:    or(numbers.FailureThreshold, 3),
		SuccessThreshold:    1,
	}
	switch a.kind {
	case http:
		p.HTTPGet = &corev1.HTTPGetAction{Path: a.path, Port: a.port, Scheme: corev1.URISchemeHTTP}
	case grpc:
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
func brokenProbe(d world) (int, string) {
	text, set := d.Annotations[policy.ProbeAnnotation]
	if !set {
		return 0, ""
	}
	asks, err := parseProbe(text)
	if err != nil {
		return 1, fmt.Sprintf("annotation %s: %v", policy.ProbeAnnotation, err)
	}
	for _, name := range slices.Sorted(maps.Keys(asks)) {
		if problem := asks[name].misses(d.Deployment, name); problem != "" {
			return 1, fmt.Sprintf("annotation %s: %s", policy.ProbeAnnotation, problem)
		}
	}
	return 0, ""
}

// misses says what of an ask does not exist: its container, or a port that it
// names. A port by its number needs no declaration but the annotation.
func (a ask) misses(d *appsv1.Deployment, name string) string {
	container := containerOf(d, name)
	switch {
	case name != "" && container == nil:
		return fmt.Sprintf("there is no container %q", name)
	case a.port.Type != intstr.String:
		return ""
	case name == "" && !slices.ContainsFunc(d.Spec.Template.Spec.Containers, a.declaredBy):
		return fmt.Sprintf("no container has a port named %q", a.port.StrVal)
	case name != "" && !a.declaredBy(*container):
		return fmt.Sprintf("container %q has no port named %q", name, a.port.StrVal)
	default:
		return ""
	}
}
