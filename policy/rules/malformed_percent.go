// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// malformedPercent finds numbers of a rolling update that are none: "%25",
// "25 %", "25" in quotes, or below zero.
func malformedPercent(d world) (int, string) {
	surge, unavailable, ok := shares(d.Deployment)
	if !ok {
		return 0, ""
	}
	var found []string
	for _, field := range []struct {
		name  string
		value intstr.IntOrString
	}{{"maxSurge", surge}, {"maxUnavailable", unavailable}} {
		if malformed(field.value) {
			found = append(found, complaint(field.name, field.value))
		}
	}
	return len(found), strings.Join(found, "; ")
}

func complaint(name string, value intstr.IntOrString) string {
	if value.Type == intstr.Int {
		return fmt.Sprintf("%s: %d is less than 0: a count of pods is 0 or more", name, value.IntVal)
	}
	guess := intended(value.StrVal)
	if guess == value.StrVal+"%" {
		return fmt.Sprintf("%s: %q is neither a count nor a percent: write %s for a count of pods, or did you mean %q?", name, value.StrVal, value.StrVal, guess)
	}
	return fmt.Sprintf("%s: %q is neither a count nor a percent: did you mean %q?", name, value.StrVal, guess)
}
