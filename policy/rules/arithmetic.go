// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"regexp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// percentText is a percent as the API takes it.
var percentText = regexp.MustCompile(`^[0-9]{1,9}%$`)

// effect is what a rolling update's two numbers come to, in pods.
type effect struct {
	replicas           int32
	surge, unavailable int32
	floor              int32 // the fewest ready pods
	peak               int32 // the most pods at once
	waves              int32 // how many rounds of replacing
	maxSurge, maxDown  string
}

// effectOf computes the effect as the stock controller does: maxSurge rounds up,
// maxUnavailable rounds down. It is not known for a Recreate strategy, for
// malformed numbers and for no replicas.
func effectOf(d *appsv1.Deployment) (effect, bool) { return effectAt(d, ptr.Deref(d.Spec.Replicas, 1)) }

// effectAt is the effect at another size than today's.
func effectAt(d *appsv1.Deployment, replicas int32) (effect, bool) {
	surge, unavailable, ok := shares(d)
	if !ok || replicas <= 0 || malformed(surge) || malformed(unavailable) {
		return effect{}, false
	}
	e := effect{replicas: replicas, surge: scaled(surge, replicas, true), unavailable: scaled(unavailable, replicas, false)}
	e.maxSurge, e.maxDown = surge.String(), unavailable.String()
	e.floor = max(0, replicas-e.unavailable)
	e.peak = replicas + min(e.surge, replicas) // there are never more new pods than replicas
	if room := e.surge + e.unavailable; room > 0 {
		e.waves = (replicas + room - 1) / room
	}
	return e, true
}

// more is how many pods run beside those of before at once.
func (e effect) more() int32 { return e.peak - e.replicas }

// shares reads the two numbers with the API's defaults.
func shares(d *appsv1.Deployment) (surge, unavailable intstr.IntOrString, ok bool) {
	if d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return surge, unavailable, false
	}
	share := intstr.FromString(apiDefaultShare)
	if ru := d.Spec.Strategy.RollingUpdate; ru != nil {
		return ptr.Deref(ru.MaxSurge, share), ptr.Deref(ru.MaxUnavailable, share), true
	}
	return share, share, true
}

// sameShares tells whether two objects have the same two numbers, as written.
func sameShares(old, incoming *appsv1.Deployment) bool {
	surgeOld, downOld, okOld := shares(old)
	surge, down, ok := shares(incoming)
	return okOld == ok && surgeOld == surge && downOld == down
}

func malformed(v intstr.IntOrString) bool {
	if v.Type == intstr.String {
		return !percentText.MatchString(v.StrVal)
	}
	return v.IntVal < 0
}

func scaled(v intstr.IntOrString, replicas int32, up bool) int32 {
	n, err := intstr.GetScaledValueFromIntOrPercent(&v, int(replicas), up)
	if err != nil {
		return 0
	}
	return int32(min(n, 1<<30)) //nolint:gosec // bounded
}

// intended guesses the percent that a malformed text was meant to be.
func intended(text string) string {
	text, fraction, _ := strings.Cut(text, ".") // a percent has none
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
	if digits == "" || len(digits) > 3 || (digits == "0" && fraction != "") {
		return apiDefaultShare
	}
	return digits + "%"
}
