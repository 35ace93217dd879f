// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// validateHosts finds what is neither a host nor "*." and a domain.
func validateHosts(r Rollout, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if r.MatchHosts == nil {
		return nil
	}
	for i, host := range *r.MatchHosts {
		if !route.IsHost(host) {
			errs = append(errs, field.Invalid(at.Child("matchHosts").Index(i), host, `a host in small letters, or all below a domain: "*.preview.example.com"`))
		}
	}
	return errs
}
