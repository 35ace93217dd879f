// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

const (
	// skipperFactor scales all weights, so that a percent of a whole number is one.
	skipperFactor = 100
	// skipperMaxWeight keeps scaled weights exact.
	skipperMaxWeight = 1_000_000
)

// group are the Services between which Skipper divides the requests of one path:
// those that stand in one rule with the same path.
type group struct {
	host, path string
	services   []string
}

// dividedWeights gives the text of the weights with the canaries' among them,
// empty where no path is divided. It fails where weights cannot say so, because
// they are those of all paths.
func dividedWeights(own route.Object, split route.Split) (string, error) {
	users, err := weightsOf(own)
	if err != nil {
		return "", err
	}
	for _, share := range split.Shares {
		if serviceOf(route.Dig(own, "spec", "defaultBackend")) == share.Service {
			return "", fmt.Errorf("its defaultBackend leads to Service %q, and weights divide paths alone; write a rule with path \"/\" instead", share.Service)
		}
	}
	weights, divided := maps.Clone(users), false
	if weights == nil {
		weights = map[string]float64{}
	}
	groups := groupsOfPaths(own)
	for _, one := range groups {
		if !slices.ContainsFunc(one.services, func(name string) bool { _, shared := dividing(split, name); return shared }) {
			continue
		}
		if err := one.canBeDivided(split, users); err != nil {
			return "", err
		}
		divided = true
		if one.sum(users) == 0 {
			for _, name := range one.services {
				weights[name] = 1 // said aloud what no weights mean
			}
		}
	}
	if !divided {
		return "", nil
	}
	for _, one := range groups {
		if !slices.Equal(one.shares(users), one.shares(weights)) {
			return "", fmt.Errorf("path %q of host %q: its Services have weights at another path and none here; write the weights of all its Services in annotation %s", one.path, one.host, skipperWeights)
		}
	}
	text, err := json.Marshal(scaled(weights, split))
	return string(text), err
}

// scaled are the weights with those of the canaries.
func scaled(weights map[string]float64, split route.Split) map[string]float64 {
	out := map[string]float64{}
	for name, weight := range weights {
		out[name] = weight * skipperFactor
	}
	for name, weight := range weights {
		if share, shared := dividing(split, name); shared {
			out[name], out[share.Canary] = weight*float64(skipperFactor-share.Weight), weight*float64(share.Weight)
		}
	}
	return out
}

func groupsOfPaths(own route.Object) []*group {
	var out []*group
	for _, rule := range rulesOf(own) {
		host, _ := route.Dig(rule, "host").(string)
		of := map[string]*group{}
		for _, path := range pathsOf(rule) {
			text, _ := route.Dig(path, "path").(string)
			if of[text] == nil {
				of[text] = &group{host: host, path: text}
				out = append(out, of[text])
			}
			of[text].services = append(of[text].services, serviceOf(route.Dig(path, "backend")))
		}
	}
	return out
}

// canBeDivided tells what would count twice, or as somebody else's.
func (g *group) canBeDivided(split route.Split, users map[string]float64) error {
	for i, name := range g.services {
		switch weight := users[name]; {
		case split.IsCanary(name):
			return fmt.Errorf("path %q of host %q leads to Service %q itself, which a rollout keeps for the canary; take it out", g.path, g.host, name)
		case slices.Contains(g.services[:i], name):
			return fmt.Errorf("path %q of host %q leads to Service %q twice, so its weight would count twice; write it once", g.path, g.host, name)
		case weight < 0 || weight > skipperMaxWeight:
			return fmt.Errorf("annotation %s: the weight %v of Service %q is not a number from 0 to %d", skipperWeights, weight, name, skipperMaxWeight)
		}
	}
	return nil
}

func (g *group) sum(weights map[string]float64) float64 {
	sum := 0.0
	for _, name := range g.services {
		sum += weights[name]
	}
	return sum
}

// shares are the parts of the requests that each Service gets.
func (g *group) shares(weights map[string]float64) []float64 {
	out, sum := make([]float64, len(g.services)), g.sum(weights)
	for i, name := range g.services {
		if out[i] = 1 / float64(len(g.services)); sum != 0 {
			out[i] = weights[name] / sum
		}
	}
	return out
}
