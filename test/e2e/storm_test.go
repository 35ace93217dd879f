// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// storm applies Deployments without pods at an exact pace.
type storm struct {
	t           *testing.T
	world       *kubernetes.Clientset
	namespace   string
	annotations string
	pace        time.Duration

	mu       sync.Mutex
	applied  int
	failures []string
	waits    []time.Duration
	// reviewed counts the new images that got their version label, of changed ones.
	changed, reviewed int
	// passed is when the last of the new images went by that nobody reviewed.
	passed time.Time
}

func newStorm(t *testing.T, namespace, annotations string, aSecond int) *storm {
	t.Helper()
	fixture.Need(t)
	cfg, err := config.GetConfig()
	require.NoError(t, err)
	cfg.QPS, cfg.WarningHandler = -1, rest.NoWarnings{}
	world, err := kubernetes.NewForConfig(cfg)
	require.NoError(t, err)
	_, _ = fixture.Run("", "kubectl", "delete", "namespace", namespace, "--ignore-not-found", "--timeout=60s")
	_, err = world.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = world.CoreV1().Namespaces().Delete(context.Background(), namespace, metav1.DeleteOptions{})
	})
	return &storm{t: t, world: world, namespace: namespace, annotations: annotations, pace: time.Second / time.Duration(aSecond)}
}

// blow applies until the context ends: 40 Deployments in turn, each time with
// another annotation, every tenth time with another image. Nine rounds of ten are
// dry runs, which go all the way through admission: with the stock controller's
// two writes for each of ours, small machines could not keep pace otherwise.
func (s *storm) blow(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	turns := make(chan struct{}, 64) // an API server that stands still is not buried
	due := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		time.Sleep(time.Until(due))
		turns <- struct{}{}
		due = due.Add(s.pace)
		if late := time.Now().Add(-time.Second); due.Before(late) {
			due = late // what is late is caught up with, a standstill is not
		}
		all.Go(func() {
			defer func() { <-turns }()
			s.one(n)
		})
	}
}

func (s *storm) one(n int) {
	const names = 40
	round := n / names
	image, name := fmt.Sprint("v", round/10), fmt.Sprint("storm-", n%names)
	body := fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":%q,"annotations":{"round":"%d"%s}},"spec":{"replicas":0,"selector":{"matchLabels":{"app":%q}},
		"template":{"metadata":{"labels":{"app":%q}},"spec":{"containers":[{"name":"app","image":"demo:%s","ports":[{"containerPort":8080}]}]}}}}`, name, round, s.annotations, name, name, image)
	started := time.Now()
	var d *appsv1.Deployment
	var err error
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	options := metav1.PatchOptions{FieldManager: "storm", Force: ptr.To(true)}
	if round%10 != 0 {
		options.DryRun = []string{metav1.DryRunAll}
	}
	d, err = s.world.AppsV1().Deployments(s.namespace).Patch(ctx, name, types.ApplyPatchType, []byte(body), options)
	took := time.Since(started)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applied++
	s.waits = append(s.waits, took)
	if err != nil {
		s.failures = append(s.failures, err.Error())
		return
	}
	if round%10 == 0 {
		s.changed++
		if d.Spec.Template.Labels["app.kubernetes.io/version"] == image {
			s.reviewed++
		} else {
			s.passed = time.Now()
		}
	}
}

// tell gives the figures of a storm.
func (s *storm) tell(what string, took time.Duration) {
	s.t.Helper()
	slices.Sort(s.waits)
	at := func(p float64) time.Duration { return s.waits[int(float64(len(s.waits)-1)*p)].Round(time.Millisecond) }
	s.t.Logf("%s: %d applies in %s (%.0f/s), %d failed, p50 %s, p99 %s, longest %s; %d of %d new images reviewed",
		what, s.applied, took.Round(time.Second), float64(s.applied)/took.Seconds(), len(s.failures), at(.5), at(.99), at(1), s.reviewed, s.changed)
	for _, failure := range s.failures[:min(3, len(s.failures))] {
		s.t.Log(failure)
	}
}

// through blows while something is done, and a moment longer.
func (s *storm) through(what string, do func()) {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	started := time.Now()
	go func() {
		defer close(done)
		s.blow(ctx)
	}()
	time.Sleep(2 * time.Second)
	do()
	time.Sleep(2 * time.Second)
	stop()
	<-done
	s.tell(what, time.Since(started))
}

func rolled() {
	_, _ = fixture.Run("", "kubectl", "-n", fixture.System, "rollout", "restart", "deployment/evenkeel")
	_, _ = fixture.Run("", "kubectl", "-n", fixture.System, "rollout", "status", "deployment/evenkeel", "--timeout=120s")
}

// rotated lets Evenkeel make another CA.
func rotated() {
	_, _ = fixture.Run("", "kubectl", "-n", fixture.System, "delete", "secret", "evenkeel-ca")
	time.Sleep(6 * time.Second)
}

// emptied lets Evenkeel fill the caBundles of those that did not opt in again.
func emptied(t *testing.T) {
	t.Helper()
	const name = "deployments.evenkeel.dev"
	for _, kind := range []string{"mutatingwebhookconfiguration", "validatingwebhookconfiguration"} {
		names := strings.Fields(fixture.Read(t, "kubectl", "get", kind, "evenkeel-"+fixture.System, "-o", "jsonpath={.webhooks[*].name}"))
		i := slices.Index(names, name)
		require.GreaterOrEqual(t, i, 0, "%s is one of %s", name, names)
		fixture.Must(t, "", "kubectl", "patch", kind, "evenkeel-"+fixture.System, "--type=json", "-p", fmt.Sprintf(`[{"op":"remove","path":"/webhooks/%d/clientConfig/caBundle"}]`, i))
	}
	time.Sleep(3 * time.Second)
}

// killed ends one manager without a warning, and waits until both are back.
func killed() {
	pids, _ := fixture.Run("", "pgrep", "-f", "^/evenkeel manager")
	if first, _, found := strings.Cut(strings.TrimSpace(pids), "\n"); found {
		_, _ = fixture.Run("", "kill", "-9", first)
	}
	time.Sleep(time.Second)
	_, _ = fixture.Run("", "kubectl", "-n", fixture.System, "rollout", "status", "deployment/evenkeel", "--timeout=120s")
}

// settled waits until whoever calls the managers has heard that both are there.
func settled() time.Time {
	time.Sleep(5 * time.Second)
	whole := time.Now()
	time.Sleep(3 * time.Second)
	return whole
}

// 200 applies a second go through whatever becomes of the managers.
func TestNoApplyFailsWhateverBecomesOfUs(t *testing.T) {
	s := newStorm(t, "storm", "", 200)
	var whole time.Time
	s.through("rolled, rotated, emptied, killed twice", func() {
		rolled()
		rotated()
		emptied(t)
		killed()
		killed()
		whole = settled()
	})
	assert.Empty(t, s.failures)
	assert.Greater(t, s.applied, 1000)
	assert.Greater(t, s.reviewed, s.changed/2, "most are reviewed all the same")
	assert.WithinRange(t, s.passed, time.Time{}, whole, "once both managers are back, each is reviewed")
}

// Those that opted in wait for us, so they must find us: in an upgrade and in a
// rotation they do.
func TestGuardedAppliesGoThroughAnUpgrade(t *testing.T) {
	s := newStorm(t, "storm-guarded", `,"evenkeel.dev/strategy":"canary"`, 50)
	s.through("guarded: rolled, rotated, rolled", func() {
		rolled()
		rotated()
		rolled()
	})
	assert.Empty(t, s.failures)
	assert.Equal(t, s.changed, s.reviewed, "each of them is reviewed")
}

// What a kill costs them is told in docs/availability.md.
func TestGuardedAppliesInAKill(t *testing.T) {
	s := newStorm(t, "storm-killed", `,"evenkeel.dev/strategy":"canary"`, 50)
	s.through("guarded: killed", killed)
	assert.Equal(t, s.changed, s.reviewed, "none slips by")
	assert.Less(t, len(s.failures), s.applied/2)
}
