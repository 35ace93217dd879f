// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/page"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// now is when the examples are looked at.
var now = time.Date(2026, 11, 21, 14, 3, 12, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// examples is a cluster by its workloads.
type examples []page.Seen

// usual has a release of every kind, crowded one of which everything is long, and
// quiet none.
var (
	usual   = examples{stepping(), waiting(), goingBack(), frozen(), inBatches(), completed(), rolledBack()}
	crowded = examples{long()}
	quiet   = examples{}
)

// All gives the examples.
func (e examples) All(context.Context) ([]page.Seen, error) { return e, nil }

// One gives the example of a name.
func (e examples) One(ctx context.Context, kind, namespace, name string) (page.Seen, bool, error) {
	all, err := e.All(ctx)
	for _, one := range all {
		if strings.EqualFold(one.Kind, kind) && one.Namespace == namespace && one.Name == name {
			return one, true, err
		}
	}
	return page.Seen{}, false, err
}

// Past gives what the ledger of every example says.
func (e examples) Past(_ context.Context, s page.Seen) page.Past {
	w := ledger.Workload{Kind: s.Kind, Namespace: s.Namespace, Name: s.Name, UID: "u"}
	good, bad := flown(30*time.Hour, 44*time.Minute), flown(5*time.Hour, 21*time.Minute)
	bad.Log.Steps, bad.Log.Told = bad.Log.Steps[:2], nil
	bad.Log.Ready = &rollout.Count{Ready: 10, Of: 12}
	return page.Past{Records: []ledger.Record{
		ledger.Of(w, good, rollout.State{Phase: rollout.Completed, Since: good.Since, Stable: version(s.Name, "58f9c7"), Canary: version(s.Name, "6d4b75")}),
		ledger.Of(w, bad, rollout.State{
			Phase: rollout.RolledBack, Since: bad.Since, Stable: version(s.Name, "6d4b75"), Canary: version(s.Name, "7c9d5b"),
			Reason: `analysis "success-rate" failed 1 times in a step, and may 0 times: 97.20 is less than 99.5`,
		}).Measured(
			ledger.Measurement{Analysis: "success-rate", At: bad.Log.Steps[0].Accepted.Add(time.Minute), Verdict: "Passed", Text: "99.96 is at least 99.5"},
			ledger.Measurement{Analysis: "success-rate", At: bad.Log.Steps[1].Accepted.Add(time.Minute), Verdict: "Failed", Text: "97.20 is less than 99.5"},
		),
	}}
}

// flown is the last state in flight of a release that began so long ago, and took
// so long.
func flown(began, took time.Duration) rollout.State {
	s := canary("5%:10m,25%:10m,50%:pause,100%", ago(began), took*22/100, took*48/100, took*70/100, took*90/100)
	s.Since = ago(began - took)
	s.Log.Told = []rollout.Word{{Who: "jane@example.com", What: "continue", When: ago(began - took*90/100)}}
	return s
}

// canary is a release of which steps began at some times after its own beginning;
// the last of them is under way.
func canary(steps string, began time.Time, at ...time.Duration) rollout.State {
	s := rollout.State{
		Strategy: rollout.Canary, Phase: rollout.Stepping, Stage: rollout.StageDwell, Steps: steps, Services: []string{"demo"}, Routes: []string{"httproute/demo"},
		Timing: rollout.Timing{Settle: rollout.Duration(5 * time.Second)}, User: &rollout.Knobs{},
		Log: rollout.Log{Began: began, By: "system:serviceaccount:argocd:argocd-application-controller", Ready: &rollout.Count{Ready: 12, Of: 12}},
	}
	for i, after := range at {
		asked := began.Add(after)
		s.Log.Steps = append(s.Log.Steps, rollout.StepLog{Step: i, Asked: asked, Given: asked.Add(20 * time.Second), Accepted: asked.Add(21 * time.Second)})
		if i > 0 {
			s.Log.Steps[i-1].Left = asked
		}
		s.Step, s.Weight, s.Since = i, s.StepList().At(i).Weight, asked.Add(21*time.Second)
	}
	return s
}

func version(workload, hash string) rollout.Version {
	return rollout.Version{ReplicaSet: workload + "-" + hash, Hash: hash, Revision: fmt.Sprint(len(hash) + int(hash[0]%7))}
}

// seen is a Deployment of 12 pods with new ones besides.
func seen(namespace, name string, state rollout.State, canary int32) page.Seen {
	state.Stable, state.Canary = version(name, "7c9d5b8c4f"), version(name, "5fd8b6c9d7")
	return page.Seen{
		Kind: "Deployment", Namespace: namespace, Name: name, State: state, Replicas: 12, Ready: 12 + canary,
		Stable: page.Pods{Total: 12, Ready: 12, Images: []string{"registry.example.com/" + namespace + "/" + name + ":v1.41.0"}},
		Canary: page.Pods{Total: canary, Ready: canary, Images: []string{"registry.example.com/" + namespace + "/" + name + ":v1.42.0"}},
	}
}

// stepping is measured: one analysis passes, one fails as often as it may, one has no
// data, and one was not asked yet.
func stepping() page.Seen {
	state := canary("5%:10m,25%:10m,50%:10m,100%", ago(16*time.Minute+40*time.Second), 20*time.Second, 11*time.Minute)
	state.Wait = "the step's time is over"
	state.Analyses = []rollout.Analysis{
		{Name: "success-rate", Passed: 3, Last: &rollout.Measurement{At: ago(9 * time.Second), Verdict: rollout.Passed, Says: "99.97 % of 48,210 requests, at least 99.5 %"}},
		{Name: "latency", Passed: 2, Failed: 1, FailureLimit: 2, Last: &rollout.Measurement{At: ago(9 * time.Second), Verdict: rollout.Failed, Says: "p99 is 812 ms, at most 500 ms"}},
		{Name: "payment-errors", Inconclusive: 1, Last: &rollout.Measurement{At: ago(31 * time.Second), Verdict: rollout.Inconclusive, Says: "no data: 12 of 100 requests"}},
		{Name: "pod-health"},
	}
	return seen("shop", "checkout", state, 3)
}

func waiting() page.Seen {
	state := canary("10%:5m,50%:pause,100%", ago(52*time.Minute), 15*time.Second, 6*time.Minute)
	state.Wait = "a person says so (annotation evenkeel.dev/action: continue, skip or rollback)"
	state.Mirror, state.Match, state.Exposed = 10, "header:x-group=beta", true
	return seen("payments", "ledger-api", state, 6)
}

func goingBack() page.Seen {
	state := canary("5%:10m,25%:10m,50%:10m,100%", ago(13*time.Minute), 10*time.Second, 11*time.Minute)
	state.Phase, state.Stage, state.Weight, state.Since = rollout.RollingBack, rollout.StageWithdraw, 0, ago(12*time.Second)
	state.Log.Steps[1].Left = ago(12 * time.Second)
	state.Wait = "the routes are accepted without the canary, and the data plane follows"
	state.Reason = `no canary pod is ready while traffic goes to them; container "app" of pod "search-5fd8b6c9d7-x2x7q" crashes (CrashLoopBackOff), the last time with exit code 137 (OOMKilled)`
	s := seen("shop", "search", state, 3)
	s.Canary.Ready = 0
	return s
}

func frozen() page.Seen {
	return page.Seen{
		Kind: "Deployment", Namespace: "crm", Name: "mailer", Replicas: 4, Ready: 4,
		Frozen: "cannot read annotation evenkeel.dev/rollout: invalid character 'x' looking for beginning of value",
	}
}

func inBatches() page.Seen {
	state := canary("10%:5m,40%:5m,70%:5m,100%", ago(9*time.Minute), 0, 7*time.Minute)
	state.Strategy, state.Stage, state.Services, state.Routes, state.Since = rollout.Batch, "batch", nil, nil, ago(time.Minute+50*time.Second)
	state.Wait = "the batch's pods are new and ready"
	s := seen("data", "postgres-replica", state, 0)
	s.State.Log.Ready = &rollout.Count{Ready: 9, Of: 10}
	s.Kind, s.Replicas, s.Ready = "StatefulSet", 10, 9
	s.Stable, s.Canary = page.Pods{Total: 8, Ready: -1}, page.Pods{Total: 2, Ready: -1}
	s.Unwell = `pod "postgres-replica-8" finds no node (Unschedulable): 0/12 nodes are available: 12 node(s) had volume node affinity conflict.`
	return s
}

func completed() page.Seen {
	state := rollout.State{Phase: rollout.Completed, Strategy: rollout.Canary, Since: ago(40 * time.Minute), Steps: "20%:10m,100%", Weight: 100}
	s := seen("shop", "catalog", state, 0)
	s.Stable, s.Canary = page.Pods{Images: s.Stable.Images}, page.Pods{Total: 12, Ready: 12, Images: s.Canary.Images}
	return s
}

func rolledBack() page.Seen {
	return seen("shop", "basket", rollout.State{
		Phase: rollout.RolledBack, Strategy: rollout.BlueGreen, Since: ago(3*time.Hour + 12*time.Minute), Steps: "0%/100%:pause,100%",
		Reason: `waited 10m for this to happen: the canary's pods are ready; container "app" of pod "basket-5fd8b6c9d7-x2x7q" does not start (ImagePullBackOff): Back-off pulling image "registry.example.com/shop/basket:v1.42.0"`,
	}, 0)
}

// long has a name, a list of steps and a number of pods that are as long as they get.
func long() page.Seen {
	steps := make([]string, 0, rollout.MaxSteps)
	for i := range rollout.MaxSteps - 1 {
		steps = append(steps, fmt.Sprintf("%d%%:1h30m", i+1))
	}
	state := canary(strings.Join(steps, ",")+",100%", ago(3*time.Hour), time.Minute, 92*time.Minute)
	state.Wait = "a person decides (annotation evenkeel.dev/action: skip or rollback): no longer waiting until the canary's pods are ready"
	state.Reason = strings.Repeat("because-of-something-without-a-space", 5)
	s := seen(strings.Repeat("namespace-", 6), strings.Repeat("workload", 31), state, 38)
	s.Canary.Ready = 11
	return s
}
