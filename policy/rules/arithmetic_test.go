// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// fenceposts is written from what the stock controller does, in whole numbers
// and without a look at our arithmetic: percents of maxSurge round up, those of
// maxUnavailable down, and where both come to 0 one pod at a time goes down.
func fenceposts(surge, unavailable intstr.IntOrString, replicas int64) (up, down int64) {
	part := func(v intstr.IntOrString, more int64) int64 {
		if v.Type == intstr.Int {
			return int64(v.IntVal)
		}
		percent := int64(0)
		for _, digit := range v.StrVal[:len(v.StrVal)-1] {
			percent = percent*10 + int64(digit-'0')
		}
		return (percent*replicas + more) / 100
	}
	up, down = part(surge, 99), part(unavailable, 0)
	if up == 0 && down == 0 {
		down = 1
	}
	return up, down
}

// agrees compares an effect with the stock controller. Only at 0 and 0 it speaks
// otherwise: the check zero-progress refuses what the controller makes 1 of.
func agrees(t *testing.T, replicas int32, surge, unavailable string) {
	t.Helper()
	e, ok := effectOf(deployment(numbers(replicas, surge, unavailable)))
	require.True(t, ok, "%d %s %s", replicas, surge, unavailable)
	up, down := fenceposts(intstr.Parse(surge), intstr.Parse(unavailable), int64(replicas))
	if e.surge+e.unavailable == 0 {
		require.Equal(t, [2]int64{0, 1}, [2]int64{up, down}, "%d %s %s", replicas, surge, unavailable)
		severity, _ := zeroProgress(world{Deployment: deployment(numbers(replicas, surge, unavailable))})
		require.Equal(t, 1, severity)
		require.Zero(t, e.waves)
		return
	}
	require.Equal(t, [2]int64{up, down}, [2]int64{int64(e.surge), int64(e.unavailable)}, "%d %s %s", replicas, surge, unavailable)
	require.Equal(t, max(0, int64(replicas)-down), int64(e.floor))
	require.Equal(t, int64(replicas)+min(up, int64(replicas)), int64(e.peak))
}

func TestEffectIsWhatTheStockControllerMakesOfIt(t *testing.T) {
	values := []string{"0", "1", "2", "3", "7", "40", "0%", "1%", "9%", "10%", "24%", "25%", "26%", "33%", "34%", "49%", "50%", "51%", "75%", "99%", "100%"}
	for replicas := range int32(60) {
		for _, surge := range append(values, "101%", "150%", "200%") {
			for _, unavailable := range values {
				agrees(t, replicas+1, surge, unavailable)
			}
		}
	}
}

func FuzzEffect(f *testing.F) {
	f.Add(int32(4), uint16(25), true, uint16(25), true)
	f.Add(int32(4), uint16(0), false, uint16(10), true)
	f.Add(int32(3000), uint16(7), true, uint16(5000), false)
	f.Fuzz(func(t *testing.T, replicas int32, surge uint16, percentUp bool, unavailable uint16, percentDown bool) {
		if replicas <= 0 || replicas > 100_000 {
			t.Skip()
		}
		agrees(t, replicas, written(surge, percentUp), written(unavailable, percentDown))
	})
}

func written(n uint16, percent bool) string {
	v := intstr.FromInt32(int32(n))
	if percent {
		return v.String() + "%"
	}
	return v.String()
}

func TestWhereThereIsNoEffect(t *testing.T) {
	for name, edit := range map[string]func(*appsv1.Deployment){
		"no replicas": numbers(0, "25%", "25%"),
		"Recreate":    func(d *appsv1.Deployment) { d.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType },
		"malformed":   func(d *appsv1.Deployment) { text(d.Spec.Strategy.RollingUpdate.MaxSurge, "%25") },
		"less than none": func(d *appsv1.Deployment) {
			d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntVal, d.Spec.Strategy.RollingUpdate.MaxUnavailable.Type = -1, intstr.Int
		},
		"a count in quote": func(d *appsv1.Deployment) { text(d.Spec.Strategy.RollingUpdate.MaxUnavailable, "1") },
	} {
		_, ok := effectOf(deployment(edit))
		assert.False(t, ok, name)
	}
	for name, edit := range map[string]func(*appsv1.Deployment){
		"nil replicas are 1": func(d *appsv1.Deployment) { d.Spec.Replicas = nil },
		"nil rollingUpdate":  func(d *appsv1.Deployment) { d.Spec.Replicas, d.Spec.Strategy.RollingUpdate = nil, nil },
		"nil numbers": func(d *appsv1.Deployment) {
			d.Spec.Replicas, d.Spec.Strategy.RollingUpdate = nil, &appsv1.RollingUpdateDeployment{}
		},
		"no strategy at all":  func(d *appsv1.Deployment) { d.Spec.Replicas, d.Spec.Strategy = nil, appsv1.DeploymentStrategy{} },
		"the API's 25% twice": numbers(1, "25%", "25%"),
	} {
		e, ok := effectOf(deployment(edit))
		assert.True(t, ok, name)
		assert.Equal(t, effect{replicas: 1, surge: 1, floor: 1, peak: 2, waves: 1, maxSurge: "25%", maxDown: "25%"}, e, name)
	}
}

// rolling is a rolling update, pod by pod: the controller reads what is there,
// scales up to the peak and down to the floor, and pods get ready some time later.
type rolling struct {
	replicas, surge, unavailable int
	old, starting, ready         int
	floor, peak                  int // the fewest ready pods and the most pods that were seen
}

func start(e effect) *rolling {
	n := int(e.replicas)
	return &rolling{replicas: n, surge: int(e.surge), unavailable: int(e.unavailable), old: n, floor: n, peak: n}
}

func (u *rolling) done() bool { return u.old == 0 && u.ready == u.replicas }

func (u *rolling) scaleUp() {
	room := u.replicas + u.surge - (u.old + u.starting + u.ready)
	u.starting += max(0, min(room, u.replicas-u.starting-u.ready))
	u.peak = max(u.peak, u.old+u.starting+u.ready)
}

func (u *rolling) scaleDown() {
	spare := u.old + u.ready - (u.replicas - u.unavailable)
	u.old -= max(0, min(spare, u.old))
	u.floor = min(u.floor, u.old+u.ready)
}

// settle lets the controller act until it has nothing more to do.
func (u *rolling) settle() {
	for before := -1; before != u.old*1000+u.starting; {
		before = u.old*1000 + u.starting
		u.scaleUp()
		u.scaleDown()
	}
}

func (u *rolling) getReady(pods int) { u.starting, u.ready = u.starting-pods, u.ready+pods }

// However slowly pods get ready, one by one or many at once, an update never
// leaves the floor and the peak; and it ends.
func TestAnUpdateKeepsToFloorAndPeak(t *testing.T) {
	by := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		replicas := int32(1 + by.IntN(40))
		surge, unavailable := fmt.Sprint(by.IntN(12)), fmt.Sprint(by.IntN(101))+"%"
		e, ok := effectOf(deployment(numbers(replicas, surge, unavailable)))
		require.True(t, ok)
		if e.surge+e.unavailable == 0 {
			continue
		}
		u := start(e)
		for step := 0; !u.done(); step++ {
			require.Less(t, step, 1000, "%+v does not end", e)
			u.settle()
			if u.starting > 0 {
				u.getReady(1 + by.IntN(u.starting))
			}
		}
		require.GreaterOrEqual(t, u.floor, int(e.floor), "%+v", e)
		require.LessOrEqual(t, u.peak, int(e.peak), "%+v", e)
		require.Equal(t, int(e.floor), u.floor, "%+v: the floor is reached", e)
		require.Equal(t, int(e.peak), u.peak, "%+v: the peak is reached", e)
	}
}

// Where the pods of a round get ready together, the rounds are the waves.
func TestWavesAreTheRoundsOfAnUpdate(t *testing.T) {
	for replicas := int32(1); replicas <= 40; replicas++ {
		for surge := range int32(12) {
			for unavailable := range int32(12) {
				if surge+unavailable == 0 {
					continue
				}
				e, ok := effectOf(deployment(numbers(replicas, fmt.Sprint(surge), fmt.Sprint(unavailable))))
				require.True(t, ok)
				u, rounds := start(e), int32(0)
				for !u.done() {
					u.settle()
					u.getReady(u.starting)
					u.scaleDown()
					rounds++
				}
				require.Equal(t, e.waves, rounds, "%d replicas, %d and %d", replicas, surge, unavailable)
			}
		}
	}
}

func TestIntendedPercents(t *testing.T) {
	for text, guess := range map[string]string{
		"%25": "25%", "25 %": "25%", "25%%": "25%", "-25%": "25%", "25percent": "25%", "25": "25%", "": "25%", "half": "25%", "1234": "25%", "25.5%": "25%", "0.25": "25%", "0 %": "0%",
	} {
		assert.Equal(t, guess, intended(text), text)
	}
}
