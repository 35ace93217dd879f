// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var (
	key   = client.ObjectKey{Namespace: "shop", Name: "demo-releases"}
	demo  = client.ObjectKey{Namespace: "shop", Name: "demo"}
	began = time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)
)

func deployment() *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo", UID: "u"}}
}

// states are the last of a release in flight, and the one in which it ends.
func states() (last, ended rollout.State) {
	last = rollout.State{Phase: rollout.Promoting, Stage: rollout.StageWiden, Steps: "100%", Log: rollout.Log{Began: began, By: "jane"}}
	return last, rollout.State{Phase: rollout.Completed, Since: began.Add(time.Minute)}
}

// keeper keeps in a cluster with objects. Writes go through funcs, where given.
func keeper(t *testing.T, funcs interceptor.Funcs, objects ...client.Object) (*Keeper, *events.FakeRecorder) {
	t.Helper()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	require.NoError(t, err)
	c := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(objects...).WithInterceptorFuncs(funcs).Build()
	told := events.NewFakeRecorder(10)
	return &Keeper{Live: c, Writer: c, Events: told, Metrics: metrics}, told
}

func get(t *testing.T, k *Keeper) *corev1.ConfigMap {
	t.Helper()
	var object corev1.ConfigMap
	require.NoError(t, k.Live.Get(t.Context(), key, &object))
	return &object
}

// The ledger is the Deployment's, goes with it, and is marked as what it is.
func TestALedgerIsMade(t *testing.T) {
	k, told := keeper(t, interceptor.Funcs{})
	last, ended := states()
	assert.Equal(t, ended.Log, k.Note(t.Context(), deployment(), last, ended))
	object := get(t, k)
	assert.Equal(t, "ledger", object.Labels[rollout.RoleLabel])
	assert.True(t, metav1.IsControlledBy(object, deployment()))
	assert.False(t, *object.OwnerReferences[0].BlockOwnerDeletion)
	all, err := ledger.Read(object)
	require.NoError(t, err)
	assert.Equal(t, []ledger.Record{ledger.Of(ledger.Workload{Kind: "Deployment", Namespace: "shop", Name: "demo", UID: "u"}, last, ended)}, all)
	assert.Equal(t, `Normal ReleaseRecorded canary to a template without pods completed in 1m0s; the record is in ConfigMap "demo-releases"`, <-told.Events)
	assert.InDelta(t, 1, testutil.ToFloat64(k.Metrics.records.WithLabelValues("written")), 0)
}

// A release that goes on writes nothing.
func TestNothingIsWrittenInFlight(t *testing.T) {
	k, told := keeper(t, interceptor.Funcs{})
	last, _ := states()
	next := last
	next.Wait = "something else"
	assert.Equal(t, next.Log, k.Note(t.Context(), deployment(), last, next))
	assert.True(t, apierrors.IsNotFound(k.Live.Get(t.Context(), key, &corev1.ConfigMap{})))
	assert.Empty(t, told.Events)
}

// Each measurement that the state showed stands at its step.
func TestWhatWasMeasuredIsKept(t *testing.T) {
	k, _ := keeper(t, interceptor.Funcs{})
	last, ended := states()
	last.Log = last.Log.Entered(rollout.Stepping, rollout.StageScale, 0, began)
	saw := func(state rollout.State, after time.Duration, verdict rollout.Verdict) rollout.State {
		state.Analyses = []rollout.Analysis{{Name: "errors", Last: &rollout.Measurement{At: began.Add(after), Verdict: verdict, Says: "1% of 100"}}}
		return state
	}
	first, second := saw(last, time.Second, rollout.Passed), saw(last, 2*time.Second, rollout.Failed)
	k.Note(t.Context(), deployment(), last, first)
	k.Note(t.Context(), deployment(), first, second)
	second.Log = second.Log.Entered(rollout.Promoting, rollout.StageWiden, 0, began.Add(time.Minute))
	k.Note(t.Context(), deployment(), second, ended)
	all, err := ledger.Read(get(t, k))
	require.NoError(t, err)
	assert.Equal(t, []ledger.Measurement{
		{Analysis: "errors", At: began.Add(time.Second), Verdict: "Passed", Text: "1% of 100"},
		{Analysis: "errors", At: began.Add(2 * time.Second), Verdict: "Failed", Text: "1% of 100"},
	}, all[0].Steps[0].Measurements)
}

// The same end again writes nothing either.
func TestTheSameEndAgain(t *testing.T) {
	updates := 0
	k, _ := keeper(t, interceptor.Funcs{Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
		updates++
		return c.Update(ctx, o, opts...)
	}})
	last, ended := states()
	for range 3 {
		k.Note(t.Context(), deployment(), last, ended)
	}
	assert.Zero(t, updates)
	last.Log.Began = began.Add(time.Hour)
	k.Note(t.Context(), deployment(), last, ended)
	assert.Equal(t, 1, updates)
	assert.Len(t, get(t, k).Data, 2)
}

// Whoever wrote in between is written after, and not over.
func TestAnotherWriteInBetween(t *testing.T) {
	last, ended := states()
	raced := false
	k, _ := keeper(t, interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
		if !raced {
			raced = true
			first := fresh(deployment())
			first.Data = map[string]string{"note": "the other leader's"}
			require.NoError(t, c.Create(ctx, first))
		}
		return c.Create(ctx, o, opts...)
	}})
	k.Note(t.Context(), deployment(), last, ended)
	assert.Len(t, get(t, k).Data, 2)
}

// What is not the Deployment's own ledger is left alone.
func TestAForeignConfigMap(t *testing.T) {
	for name, foreign := range map[string]func(*corev1.ConfigMap){
		"somebody's":                             func(o *corev1.ConfigMap) { o.Labels, o.OwnerReferences = nil, nil },
		"without the label":                      func(o *corev1.ConfigMap) { o.Labels = nil },
		"of a Deployment that had the same name": func(o *corev1.ConfigMap) { o.OwnerReferences[0].UID = "before" },
	} {
		t.Run(name, func(t *testing.T) {
			there := fresh(deployment())
			there.Data = map[string]string{"a": "b"}
			foreign(there)
			k, told := keeper(t, interceptor.Funcs{}, there)
			last, ended := states()
			assert.Equal(t, ended.Log, k.Note(t.Context(), deployment(), last, ended), "the release ends all the same")
			assert.Equal(t, there.Data, get(t, k).Data)
			assert.Equal(t, `Warning LedgerNotWritten the release goes on, its record stands in the log alone: cannot write the ledger: ConfigMap "demo-releases" exists and is not the ledger of this Deployment; delete or rename it, and the next release is kept`, <-told.Events)
			assert.InDelta(t, 1, testutil.ToFloat64(k.Metrics.records.WithLabelValues("failed")), 0)
		})
	}
}

// What somebody broke is kept aside and told; the record is there.
func TestABrokenLedger(t *testing.T) {
	there := fresh(deployment())
	there.Data = map[string]string{"20250101T080000.000Z-1.json": "{"}
	k, told := keeper(t, interceptor.Funcs{}, there)
	last, ended := states()
	k.Note(t.Context(), deployment(), last, ended)
	assert.Equal(t, "{", get(t, k).Data["unreadable-20250101T080000.000Z-1.json"])
	assert.Contains(t, <-told.Events, `Warning LedgerUnreadable a part of ConfigMap "demo-releases" is kept aside as it is: cannot read the record "20250101T080000.000Z-1.json"`)
	assert.True(t, strings.HasPrefix(<-told.Events, "Normal ReleaseRecorded "))
}

// Counts are of one release, and nobody writes for their sake.
func TestCounts(t *testing.T) {
	k, _ := keeper(t, interceptor.Funcs{})
	last, _ := states()
	next := last
	next.Wait = "something else"
	noted := func() *rollout.Count { return k.Note(t.Context(), deployment(), last, next).Ready }
	assert.Nil(t, noted())
	for _, ready := range []int32{3, 1, 2} {
		k.Saw(deployment(), last.Log, rollout.Count{Ready: ready, Of: 3})
	}
	assert.Equal(t, &rollout.Count{Ready: 1, Of: 3}, noted())
	k.Saw(deployment(), rollout.Log{}, rollout.Count{Of: 3})
	assert.Equal(t, &rollout.Count{Ready: 1, Of: 3}, noted(), "of a release without a log nothing is counted")
	k.Saw(deployment(), rollout.Log{Began: began.Add(time.Hour)}, rollout.Count{Ready: 3, Of: 3})
	assert.Nil(t, noted(), "the next release's")
	k.Saw(deployment(), last.Log, rollout.Count{Ready: 3, Of: 3})
	k.Forget(demo)
	assert.Nil(t, noted())
}

// Of no Keeper nothing is asked.
func TestNoKeeper(t *testing.T) {
	var k *Keeper
	last, ended := states()
	last.Log.Replaced = []rollout.Replaced{{}}
	assert.Equal(t, ended.Log, k.Note(t.Context(), deployment(), last, ended))
	assert.Empty(t, k.Note(t.Context(), deployment(), last, last).Replaced)
	assert.NotPanics(t, func() { k.Saw(deployment(), last.Log, rollout.Count{}); k.Forget(demo) })
}

// The end of a release that could not be written to its workload comes again, later:
// the record follows the state, and it was told when it came first.
func TestAnEndThatComesAgainLater(t *testing.T) {
	k, told := keeper(t, interceptor.Funcs{})
	last, ended := states()
	k.Note(t.Context(), deployment(), last, ended)
	later := ended
	later.Since = later.Since.Add(time.Minute)
	k.Note(t.Context(), deployment(), last, later)
	first, err := ledger.Read(get(t, k))
	require.NoError(t, err)
	assert.Equal(t, later.Since, first[0].Ended)
	assert.Len(t, told.Events, 1)
	assert.InDelta(t, 1, testutil.ToFloat64(k.Metrics.records.WithLabelValues("written")), 0)
	later.Phase, later.Reason = rollout.RolledBack, "a person asked for it"
	k.Note(t.Context(), deployment(), last, later)
	all, err := ledger.Read(get(t, k))
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, "RolledBack", all[0].Result, "another end is another record")
}

// A ledger whose workload was deleted without it belongs to the one that is made anew
// in its place; one of another workload, or of somebody, does not.
func TestALedgerThatLostItsWorkload(t *testing.T) {
	last, ended := states()
	of := func(name string) *corev1.ConfigMap {
		book := fresh(deployment())
		book.OwnerReferences = nil
		earlier := last
		earlier.Log.Began = began.Add(-time.Hour)
		book.Data, _ = ledger.Append(nil, ledger.Of(ledger.Workload{Kind: "Deployment", Namespace: "shop", Name: name, UID: "old"}, earlier, ended))
		return book
	}
	owned := of("demo")
	owned.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "demo", UID: "old", Controller: new(true)}}
	empty := of("demo")
	empty.Data = nil
	for name, row := range map[string]struct {
		book    *corev1.ConfigMap
		records int
		told    string
	}{
		"its own":      {of("demo"), 2, "Normal ReleaseRecorded"},
		"another's":    {of("other"), 1, "Warning LedgerNotWritten"},
		"not lost yet": {owned, 1, "Warning LedgerNotWritten"},
		"of nobody":    {empty, 0, "Warning LedgerNotWritten"},
	} {
		t.Run(name, func(t *testing.T) {
			k, told := keeper(t, interceptor.Funcs{}, row.book)
			k.Note(t.Context(), deployment(), last, ended)
			assert.Contains(t, <-told.Events, row.told)
			book := get(t, k)
			assert.Len(t, book.Data, row.records)
			assert.Equal(t, row.records == 2, metav1.IsControlledBy(book, deployment()))
		})
	}
}
