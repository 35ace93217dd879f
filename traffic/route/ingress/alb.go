// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// alb is the dialect of the AWS Load Balancer Controller, and of EKS Auto Mode: a
// path leads to an action, which is an annotation with weighted target groups.
//
//	backend: {service: {name: demo, port: {number: 80}}}
//	  20 % -> backend: {service: {name: demo, port: {name: use-annotation}}}, and the annotation
//	          actions.demo with demo at 80 of 100 and demo-canary at 20
//
// A user's own action keeps the shares of its other target groups exactly.
//
// Its traps: a weight ends at 999, so that not every division is a whole number;
// a Service's own auth annotations count only for a path that leads to it alone,
// so they belong on the Ingress; clients that an action keeps by stickiness stay
// where they are; a match would need an Ingress in the same group, ordered by
// hand, so it is refused.
type alb struct{}

const (
	albActions = "alb.ingress.kubernetes.io/actions."
	// albUse is the port's name of a backend that is an action.
	albUse = "use-annotation"
	// albFactor scales the weights of an action, so that a percent is a whole number.
	albFactor = 100
	// albMaxPart times albFactor is within the 999 that a weight may be.
	albMaxPart = 9
	// albMaxGroups is the load balancer's own limit of an action.
	albMaxGroups = 5
	// albPort and albAction begin the places in Split.Own of what a Service's
	// paths had as port, and of a user's own action.
	albPort   = "port/"
	albAction = "action/"
)

// Services lists the Services that the Ingress leads to, also by an action.
func (alb) Services(own route.Object) []string {
	var names []string
	for _, backend := range backends(own) {
		leads := []string{serviceOf(backend)}
		if isAction(backend) {
			action, _ := actionOf(own, serviceOf(backend))
			leads = groupNames(groupsOf(action))
		}
		for _, name := range leads {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Render makes an action of each path that leads to a share's Service, and
// divides the target groups of all actions that do.
func (alb) Render(own route.Object, split route.Split) (route.Rendering, error) {
	if err := unmirrored(split); err != nil {
		return route.Rendering{}, err
	}
	done := route.Split{Namespace: split.Namespace, Shares: slices.Clone(split.Shares), Own: map[string]string{}}
	shown := own
	for _, share := range split.Shares {
		if share.Match != "" {
			return route.Rendering{}, fmt.Errorf("match: %q: an Ingress of an AWS load balancer divides by weight alone; an HTTPRoute matches too", share.Match)
		}
		var err error
		if shown, err = byAction(shown, share.Service, done.Own); err != nil {
			return route.Rendering{}, err
		}
	}
	for _, name := range actionNames(shown) {
		divided, err := dividedAction(shown, name, split)
		if err != nil {
			return route.Rendering{}, fmt.Errorf("annotation %s: %w", albActions+name, err)
		}
		if divided == "" {
			continue
		}
		if done.Own[albPort+name] == "" {
			done.Own[albAction+name], _ = route.Annotations(own)[albActions+name].(string)
		}
		shown = annotated(shown, albActions+name, divided)
	}
	return route.Rendering{Shown: shown, Split: done}, nil
}

// Restore gives the user's own ports and actions back. Both are looked at on
// their own: who applies an Ingress again writes its paths and leaves annotations
// that are not in the manifest.
func (alb) Restore(shown route.Object, split route.Split) route.Object {
	out := shown
	for _, share := range split.Shares {
		port := route.Object{}
		_, users := route.Annotations(shown)[albActions+share.Service]
		users = users && !showsCanary(shown, share.Service, split)
		if users || json.Unmarshal([]byte(split.Own[albPort+share.Service]), &port) != nil {
			continue
		}
		out = withBackends(out, func(backend any) any {
			if serviceOf(backend) != share.Service || !isAction(backend) {
				return nil
			}
			return route.With(backend, port, "service", "port")
		})
	}
	for key := range route.Annotations(shown) {
		name, isOne := strings.CutPrefix(key, albActions)
		text, users := split.Own[albAction+name]
		if isOne && (users || split.Own[albPort+name] != "") && showsCanary(shown, name, split) {
			out = annotated(out, key, text)
		}
	}
	return out
}

// byAction makes an action of the paths that lead to a Service at a port, and
// keeps the port.
func byAction(own route.Object, service string, kept map[string]string) (route.Object, error) {
	port, number, err := portOf(own, service)
	if err != nil || number == nil {
		return own, err
	}
	if _, users := route.Annotations(own)[albActions+service]; users {
		return nil, fmt.Errorf("one of its paths leads to Service %q, which is also the name of annotation %s; give the action another name", service, albActions+service)
	}
	group := route.Object{"serviceName": service, "servicePort": number}
	action, unwritten := json.Marshal(route.Object{"type": "forward", "forwardConfig": route.Object{"targetGroups": []any{group}}})
	text, unkept := json.Marshal(port)
	if err := errors.Join(unwritten, unkept); err != nil {
		return nil, fmt.Errorf("cannot write annotation %s: %w", albActions+service, err)
	}
	kept[albPort+service] = string(text)
	shown := withBackends(own, func(backend any) any {
		if serviceOf(backend) != service || isAction(backend) {
			return nil
		}
		return route.With(backend, route.Object{"name": albUse}, "service", "port")
	})
	return annotated(shown, albActions+service, string(action)), nil
}

// portOf gives the port at which the paths lead to a Service, as an Ingress and
// as an action has it; nil where none does.
func portOf(own route.Object, service string) (port, number any, err error) {
	for _, backend := range backends(own) {
		at := route.Dig(backend, "service", "port")
		if serviceOf(backend) != service || isAction(backend) {
			continue
		}
		if port != nil && fmt.Sprint(port) != fmt.Sprint(at) {
			return nil, nil, fmt.Errorf("its paths lead to Service %q at two ports, and an action has one; write an Ingress for each port", service)
		}
		port = at
	}
	if number = route.Dig(port, "number"); number == nil {
		number = route.Dig(port, "name")
	}
	return port, number, nil
}

// dividedAction gives the text of an action with its target groups divided,
// empty where none leads to a share's Service.
func dividedAction(own route.Object, name string, split route.Split) (string, error) {
	action, err := actionOf(own, name)
	if err != nil {
		return "", err
	}
	groups := groupsOf(action)
	names := groupNames(groups)
	if !slices.ContainsFunc(names, func(name string) bool { _, shared := split.Share(name); return shared }) {
		return "", nil
	}
	if at := slices.IndexFunc(names, split.IsCanary); at >= 0 {
		return "", fmt.Errorf("it leads to Service %q itself, which a rollout keeps for the canary; take that target group out", names[at])
	}
	parts, err := partsOf(groups)
	if err != nil {
		return "", err
	}
	var out []any
	for i, group := range groups {
		share, shared := split.Share(names[i])
		if !shared {
			out = append(out, route.With(group, parts[i]*albFactor, "weight"))
			continue
		}
		out = append(out,
			route.With(group, parts[i]*(albFactor-share.Weight), "weight"),
			route.With(route.With(group, parts[i]*share.Weight, "weight"), share.Canary, "serviceName"))
	}
	if len(out) > albMaxGroups {
		return "", fmt.Errorf("%d target groups with those of the canary are more than the %d that an action may have", len(out), albMaxGroups)
	}
	text, err := json.Marshal(route.With(action, out, "forwardConfig", "targetGroups"))
	return string(text), err
}

// partsOf reduces the weights of target groups; one that is left out counts as 1.
// It fails for weights of which some percent would be over the limit, whatever
// the percent is now: a rollout that has begun can go through all of them.
func partsOf(groups []any) ([]int, error) {
	parts, divisor := make([]int, len(groups)), 0
	for i, group := range groups {
		weight, isNumber := route.Dig(group, "weight").(float64)
		if route.Dig(group, "weight") == nil {
			weight, isNumber = 1, true
		}
		if parts[i] = int(weight); !isNumber || weight < 0 || weight > 999 || float64(parts[i]) != weight {
			return nil, fmt.Errorf("the weight %v of a target group is not a whole number from 0 to 999", route.Dig(group, "weight"))
		}
		for a, b := divisor, parts[i]; ; a, b = b, a%b {
			if b == 0 {
				divisor = a
				break
			}
		}
	}
	for i := range parts {
		if divisor > 0 {
			parts[i] /= divisor
		}
		if parts[i] > albMaxPart {
			return nil, fmt.Errorf("a target group has %d parts of the weight, and over %d some percents of them are no whole weight up to 999; write weights like 9 and 1", parts[i], albMaxPart)
		}
	}
	return parts, nil
}

// actionNames lists the actions that the paths lead to, each once.
func actionNames(own route.Object) []string {
	var names []string
	for _, backend := range backends(own) {
		if name := serviceOf(backend); isAction(backend) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// actionOf reads an action; one that is not there leads nowhere.
func actionOf(own route.Object, name string) (route.Object, error) {
	text, _ := route.Annotations(own)[albActions+name].(string)
	if text == "" {
		return nil, nil
	}
	var action route.Object
	if err := json.Unmarshal([]byte(text), &action); err != nil {
		return nil, fmt.Errorf("cannot read it: %w", err)
	}
	return action, nil
}

func showsCanary(shown route.Object, name string, split route.Split) bool {
	action, _ := actionOf(shown, name)
	return slices.ContainsFunc(groupNames(groupsOf(action)), split.IsCanary)
}

func isAction(backend any) bool { return route.Dig(backend, "service", "port", "name") == albUse }

func groupsOf(action route.Object) []any {
	groups, _ := route.Dig(action, "forwardConfig", "targetGroups").([]any)
	return groups
}

// groupNames gives the Service of each target group, empty where it is no Service.
func groupNames(groups []any) []string {
	names := make([]string, len(groups))
	for i, group := range groups {
		names[i], _ = route.Dig(group, "serviceName").(string)
	}
	return names
}
