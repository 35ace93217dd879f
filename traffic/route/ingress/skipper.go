// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// skipper is the dialect of Skipper: the same path stands in a rule for each of
// its Services, and one annotation has the weights of all Services.
//
//	{path: /, backend: demo}
//	  20 % -> {path: /, backend: demo}, {path: /, backend: demo-canary}, and the annotation
//	          backend-weights: {"demo": 80, "demo-canary": 20}
//
// Its traps: a Service without a weight has 0, unless all of a path have, which
// then get the same; a path with weights is as specific as one with a predicate,
// so a match says Weight() besides; a defaultBackend has no weights.
type skipper struct{}

const (
	skipperPrefix    = "zalando.org/"
	skipperWeights   = skipperPrefix + "backend-weights"
	skipperPredicate = skipperPrefix + "skipper-predicate"
	skipperRoutes    = skipperPrefix + "skipper-routes"
	// skipperFirst puts a match before all paths with weights.
	skipperFirst = "Weight(100)"
	// skipperOwn is the place in Split.Own of the user's own weights.
	skipperOwn = "weights"
)

// Services lists the Services that the Ingress leads to.
func (skipper) Services(own route.Object) []string { return services(own) }

// Render divides the paths that lead to a share's Service by weight, and makes
// the Ingresses that lead the requests of a group to its canary.
func (skipper) Render(own route.Object, split route.Split) (route.Rendering, error) {
	out := route.Rendering{Shown: own, Split: route.Split{Namespace: split.Namespace, Shares: slices.Clone(split.Shares)}}
	if err := unmirrored(split); err != nil {
		return out, err
	}
	weights, err := dividedWeights(own, split)
	if err != nil {
		return out, err
	}
	if weights != "" {
		if text, _ := route.Annotations(own)[skipperWeights].(string); text != "" {
			out.Split.Own = map[string]string{skipperOwn: text}
		}
		out.Shown = annotated(withPaths(own, func(paths []any) []any { return dividedPaths(paths, split) }), skipperWeights, weights)
	}
	for _, share := range split.Shares {
		owned, err := skipperBeside(own, share)
		if err != nil {
			return out, err
		}
		out.Owned = append(out.Owned, owned...)
	}
	return out, nil
}

// Restore gives the user's own paths and weights back. Both are looked at on
// their own: who applies an Ingress again writes its paths and leaves annotations
// that are not in the manifest.
func (skipper) Restore(shown route.Object, split route.Split) route.Object {
	out := withPaths(shown, func(paths []any) []any {
		var kept []any
		for _, path := range paths {
			if len(kept) == 0 || !isCanaryOf(kept[len(kept)-1], path, split) {
				kept = append(kept, path)
			}
		}
		return kept
	})
	weights, _ := weightsOf(shown)
	for name := range weights {
		if split.IsCanary(name) {
			return annotated(out, skipperWeights, split.Own[skipperOwn])
		}
	}
	return out
}

// isCanaryOf tells whether a path is the canary's of the one before it.
func isCanaryOf(before, path any, split route.Split) bool {
	share, shared := split.Share(serviceOf(route.Dig(before, "backend")))
	return shared && serviceOf(route.Dig(path, "backend")) == share.Canary &&
		route.Dig(before, "path") == route.Dig(path, "path") && route.Dig(before, "pathType") == route.Dig(path, "pathType")
}

func dividedPaths(paths []any, split route.Split) []any {
	var out []any
	for _, path := range paths {
		out = append(out, path)
		if share, shared := dividing(split, serviceOf(route.Dig(path, "backend"))); shared {
			out = append(out, route.With(path, share.Canary, "backend", "service", "name"))
		}
	}
	return out
}

// dividing finds the share that divides a Service by weight; a canary that gets
// only requests that match has Ingresses of its own.
func dividing(split route.Split, service string) (route.Share, bool) {
	share, shared := split.Share(service)
	return share, shared && (share.Weight > 0 || share.Match == "")
}

// skipperBeside makes an Ingress for each alternative of a share's match, and one
// for the hosts of its own.
func skipperBeside(own route.Object, share route.Share) ([]route.Object, error) {
	rules := leading(own, share)
	match, err := route.ParseMatch(share.Match)
	if err != nil || len(rules) == 0 {
		return nil, err
	}
	var out []route.Object
	name := share.OwnedName(route.NameOf(own))
	hosts, rest := match.Hosts()
	for i, all := range rest {
		predicates, err := predicatesOf(all)
		if err != nil {
			return nil, err
		}
		suffix := ""
		if i > 0 {
			suffix = fmt.Sprintf("-%d", i+1)
		}
		out = append(out, beside(own, name+suffix, skipperShared(own, predicates), rules))
	}
	if len(hosts) > 0 {
		out = append(out, beside(own, name+previewSuffix, skipperShared(own, nil), at(hosts, rules)))
	}
	return out, nil
}

// skipperShared are the user's annotations that an Ingress beside it shows as
// well, which are all of Skipper and of the load balancer before it: one without
// a filter would be open, one without a scheme on the internet. Weights are those
// of other paths, and routes written by hand would be there twice.
func skipperShared(own route.Object, predicates []string) route.Object {
	out := route.Object{}
	for key, value := range route.Annotations(own) {
		if strings.HasPrefix(key, skipperPrefix) && key != skipperWeights && key != skipperRoutes {
			out[key] = value
		}
	}
	if users, _ := out[skipperPredicate].(string); strings.TrimSpace(users) != "" && len(predicates) > 0 {
		predicates = append([]string{strings.TrimSpace(users)}, predicates...)
	}
	if len(predicates) > 0 {
		out[skipperPredicate] = strings.Join(predicates, " && ")
	}
	return out
}

// predicatesOf says one alternative of a match.
func predicatesOf(all []route.Condition) ([]string, error) {
	var out []string
	for _, c := range all {
		value, name := route.Anchored(regexp.QuoteMeta(c.Value)), "Cookie"
		if c.Pattern {
			value = route.Anchored(c.Value)
		}
		switch {
		case c.By == route.ByHost:
			return nil, fmt.Errorf("match: %q: a host stands alone, with nothing joined by \"&\"", c)
		case c.By == route.ByQuery:
			name = "QueryParam"
		case c.By == route.ByHeader && c.Pattern:
			name = "HeaderRegexp"
		case c.By == route.ByHeader:
			name, value = "Header", c.Value
		}
		out = append(out, fmt.Sprintf(`%s("%s", "%s")`, name, c.Name, skipperQuoted.Replace(value)))
	}
	return append(out, skipperFirst), nil
}

// skipperQuoted writes what stands between quotes.
var skipperQuoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// weightsOf reads the weights of an Ingress.
func weightsOf(own route.Object) (map[string]float64, error) {
	text, _ := route.Annotations(own)[skipperWeights].(string)
	if text == "" {
		return nil, nil
	}
	var weights map[string]float64
	if err := json.Unmarshal([]byte(text), &weights); err != nil {
		return nil, fmt.Errorf("annotation %s: cannot read it: %w", skipperWeights, err)
	}
	return weights, nil
}
