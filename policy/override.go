// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Override is an emergency's word: checks that only warn until a time.
type Override struct {
	// Checks are names of checks and of guard rails; none means all of them.
	Checks []string
	Until  time.Time
	Reason string
}

// maxReason bounds an override's reason, in bytes.
const maxReason = 200

// overrideExample is an override that works, shown wherever one did not.
const overrideExample = "checks=max-unavailable,pdb; until=2026-12-31T18:00:00Z; reason=INC-1234"

// ParseOverride reads "checks=max-unavailable,pdb; until=TIME; reason=TEXT". The
// checks may be left out and then are all of them; time (RFC 3339) and reason may
// not. A reason may contain anything, so it comes last.
func ParseOverride(text string) (Override, error) {
	var o Override
	rest, reason, found := strings.Cut(text, "reason=")
	o.Reason = strings.TrimSpace(reason)
	if !found || o.Reason == "" {
		return Override{}, errors.New("a reason is missing: write for example \"" + overrideExample + "\"")
	}
	if len(o.Reason) > maxReason {
		return Override{}, fmt.Errorf("the reason has %d bytes; %d are enough", len(o.Reason), maxReason)
	}
	for part := range strings.SplitSeq(rest, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch key {
		case "":
		case "checks":
			o.Checks, err = parseCheckNames(value)
		case "until":
			o.Until, err = time.Parse(time.RFC3339, value)
		default:
			err = fmt.Errorf("%q is not known: write for example %q", key, overrideExample)
		}
		if err != nil {
			return Override{}, err
		}
	}
	if o.Until.IsZero() {
		return Override{}, errors.New("the time at which it ends is missing: write for example \"" + overrideExample + "\"")
	}
	return o, nil
}

func parseCheckNames(text string) ([]string, error) {
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if known := slices.Concat(CheckNames(), Guards()); !slices.Contains(known, name) {
			return nil, fmt.Errorf("%q is not a check: the checks are %s", name, strings.Join(known, ", "))
		}
		names = append(names, name)
	}
	return names, nil
}

// Lets tells whether a check only warns, or a guard rail is open, at a time. The check of the override
// itself is never let pass.
func (o Override) Lets(check string, now time.Time) bool {
	return now.Before(o.Until) && check != "override" && (len(o.Checks) == 0 || slices.Contains(o.Checks, check))
}

// Lifted tells whether what an object's annotations say as an override lets a check,
// or a guard rail, pass at a time.
func Lifted(annotations map[string]string, check string, now time.Time) bool {
	o, err := ParseOverride(annotations[OverrideAnnotation])
	return err == nil && o.Lets(check, now)
}
