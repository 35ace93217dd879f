// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"fmt"
	"strconv"
	"strings"
)

// MirrorAnnotation names the share of the requests of which the canary gets
// copies, see ParseMirror.
const MirrorAnnotation = "evenkeel.dev/mirror"

// ParseMirror reads a share such as "10%": a whole percent from 1% to 100%. An
// empty text is 0, which mirrors nothing.
func ParseMirror(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	number, isPercent := strings.CutSuffix(text, "%")
	value, err := strconv.Atoi(number)
	if !isPercent || err != nil || value < 1 || value > 100 || strconv.Itoa(value) != number {
		return 0, fmt.Errorf("%q is not a whole percent from 1%% to 100%%; write for example \"10%%\"", text)
	}
	return value, nil
}

// Mirrors finds the share whose canary has a name and gets copies of requests.
func (s Split) Mirrors(canary string) (Share, bool) {
	for _, share := range s.Shares {
		if share.Canary == canary && share.Mirror > 0 {
			return share, true
		}
	}
	return Share{}, false
}
