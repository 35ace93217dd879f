// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// fenceposts are the stock controller's numbers, by its published rules: maxSurge
// rounds up, maxUnavailable down, and where both come to 0 one pod may be down.
func fenceposts(surge, unavailable intstr.IntOrString, replicas int64) (up, down int64) {
	of := func(v intstr.IntOrString, ceil bool) int64 {
		if v.Type == intstr.Int {
			return int64(v.IntVal)
		}
		var percent int64
		_, _ = fmt.Sscanf(v.StrVal, "%d%%", &percent)
		n := percent * replicas / 100
		if ceil && percent*replicas%100 != 0 {
			n++
		}
		return n
	}
	up, down = of(surge, true), of(unavailable, false)
	if up == 0 && down == 0 {
		down = 1
	}
	return up, min(down, replicas)
}

// simulated rolls an update as the stock controller does, all new pods of a wave
// becoming ready together, and gives the fewest ready pods, the most pods and the
// waves.
func simulated(up, down, replicas int64) (floor, peak, waves int64) {
	old, fresh, ready := replicas, int64(0), int64(0)
	floor, peak = replicas, replicas
	for old > 0 || ready < replicas {
		for moved := true; moved; { // until the controller has no more to do
			before := old - fresh
			fresh += max(0, min(replicas-fresh, replicas+up-old-fresh))
			peak = max(peak, old+fresh)
			old -= max(0, min(old, old+fresh-(replicas-down)-(fresh-ready)))
			floor = min(floor, old+ready)
			moved = before != old-fresh
		}
		if fresh > ready {
			waves++
		}
		ready = fresh
	}
	return floor, peak, waves
}

func TestTheArithmeticIsTheStockControllers(t *testing.T) {
	w := rand.New(rand.NewPCG(1, 2))
	number := func() intstr.IntOrString {
		if w.IntN(2) == 0 {
			return intstr.FromInt32(int32(w.IntN(12)))
		}
		return intstr.FromString(fmt.Sprintf("%d%%", w.IntN(120)))
	}
	for range 20_000 {
		surge, unavailable, replicas := number(), number(), int32(1+w.IntN(60))
		d := deployment(numbers(replicas, surge.String(), unavailable.String()))
		e, ok := effectOf(d)
		require.True(t, ok)
		up, down := fenceposts(surge, unavailable, int64(replicas))
		if e.surge+e.unavailable == 0 {
			require.Equal(t, []int64{0, 1}, []int64{up, down}, "no progress by our rules is one pod down by the stock ones")
			continue
		}
		require.Equal(t, int64(e.surge), up)
		require.Equal(t, int64(min(e.unavailable, e.replicas)), down)
		floor, peak, waves := simulated(up, down, int64(replicas))
		what := fmt.Sprintf("replicas %d, maxSurge %s, maxUnavailable %s", replicas, surge.String(), unavailable.String())
		require.GreaterOrEqual(t, floor, int64(e.floor), what)
		require.LessOrEqual(t, peak, int64(e.peak), what)
		require.LessOrEqual(t, waves, int64(e.waves)+1, what)
		require.GreaterOrEqual(t, waves+1, int64(e.waves), what)
	}
}

func FuzzArithmetic(f *testing.F) {
	f.Add(int32(4), "25%", "25%")
	f.Add(int32(30), "1", "0")
	f.Fuzz(func(t *testing.T, replicas int32, surge, unavailable string) {
		up, down := intstr.Parse(surge), intstr.Parse(unavailable)
		if replicas < 1 || replicas > 1e6 || malformed(up) || malformed(down) {
			return
		}
		d := deployment(numbers(replicas, "0", "0"))
		d.Spec.Strategy.RollingUpdate.MaxSurge, d.Spec.Strategy.RollingUpdate.MaxUnavailable = &up, &down
		e, ok := effectOf(d)
		require.True(t, ok)
		require.GreaterOrEqual(t, e.peak, e.replicas)
		require.LessOrEqual(t, e.floor, e.replicas)
		wantUp, wantDown := fenceposts(up, down, int64(replicas))
		if e.surge+e.unavailable > 0 && wantUp < 1<<30 {
			require.Equal(t, wantUp, int64(e.surge))
			require.Equal(t, wantDown, int64(min(e.unavailable, e.replicas)))
		}
	})
}
