// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	// versionLike is a value that is a version and not the name of a subset.
	versionLike = regexp.MustCompile(`^v?[0-9]+\.[0-9]+`)
	// versionKeys are labels whose value changes with every release.
	versionKeys = []string{"app.kubernetes.io/version", "helm.sh/chart"}
	// chartLike is a chart's name with its version.
	chartLike = regexp.MustCompile(`-v?[0-9]+\.[0-9]+`)
)

// selectorVersion finds a version in the selector. A selector can never change,
// so the next version cannot be applied: it takes a new Deployment. A label such
// as version=v1 alone, by which meshes tell subsets apart, is fine.
//
// Reads spec.selector.matchLabels.
func selectorVersion(d world) (int, string) {
	if d.Spec.Selector == nil {
		return 0, ""
	}
	var bad, good []string
	for _, key := range slices.Sorted(maps.Keys(d.Spec.Selector.MatchLabels)) {
		value := d.Spec.Selector.MatchLabels[key]
		if slices.Contains(versionKeys, key) || (key == "version" && versionLike.MatchString(value)) || (key == "chart" && chartLike.MatchString(value)) {
			bad = append(bad, key+"="+value)
		} else {
			good = append(good, fmt.Sprintf("%s: %q", key, value))
		}
	}
	if len(bad) == 0 {
		return 0, ""
	}
	if len(good) == 0 {
		good = []string{fmt.Sprintf("app: %q", d.Name)}
	}
	return len(bad), fmt.Sprintf("the selector contains %s, and a selector can never change: the next version cannot be applied. Write, before it is created:\n  selector: {matchLabels: {%s}}",
		strings.Join(bad, ", "), strings.Join(good, ", "))
}
