// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// manifest is the StatefulSet or DaemonSet of these tests; each edit is a pair of
// strings that is replaced, so that a row shows only what differs.
func manifest(kind string, edits ...string) string {
	text := `{"apiVersion":"apps/v1","kind":"KIND","metadata":{"name":"demo","namespace":"shop","uid":"1","annotations":{"evenkeel.dev/strategy":"batch","evenkeel.dev/steps":"33%:pause,100%"}},
"spec":{REPLICAS"selector":{"matchLabels":{"app":"demo"}},"template":` + templateText("v1") + `,"updateStrategy":STRATEGY}}`
	if kind == batch.StatefulSet {
		text = strings.NewReplacer("REPLICAS", `"replicas":3,`, "STRATEGY", `{"type":"RollingUpdate","rollingUpdate":{"partition":0}}`).Replace(text)
	}
	text = strings.NewReplacer("KIND", kind, "REPLICAS", "", "STRATEGY", `{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":0}}`).Replace(text)
	return strings.NewReplacer(edits...).Replace(text)
}

func templateText(version string) string {
	return `{"metadata":{"labels":{"app":"demo"}},"spec":{"containers":[{"name":"app","image":"example.org/demo:` + version + `"}]}}`
}

const (
	next  = "demo:v2"
	third = "demo:v3"
)

// batched is a cluster in which version 1 runs: three pods and the revisions of
// two versions, and Services.
type batched struct {
	kind     string
	services []corev1.Service
	unready  bool
	fresh    int    // how many pods are of version 2, the highest first
	forgot   bool   // the revisions
	state    string // of the live object, for whoever scales
	policies *config.Store
}

func (b batched) hash(version string) string {
	if b.kind == batch.StatefulSet {
		return "demo-" + version
	}
	return version
}

func (b batched) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch list := list.(type) {
	case *corev1.PodList:
		for i := range 3 {
			pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("demo-%d", i), Labels: map[string]string{"app": "demo", appsv1.ControllerRevisionHashLabelKey: b.hash("v1")},
				OwnerReferences: []metav1.OwnerReference{{UID: "1", Controller: ptr.To(true)}},
			}}
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			if i >= 3-b.fresh {
				pod.Labels[appsv1.ControllerRevisionHashLabelKey] = b.hash("v2")
			}
			if b.unready {
				pod.Status.Conditions[0].Status = corev1.ConditionFalse
			}
			list.Items = append(list.Items, pod)
		}
	case *corev1.ServiceList:
		list.Items = b.services
	}
	return nil
}

func (b batched) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	version, known := strings.CutPrefix(key.Name, "demo-")
	switch object := into.(type) {
	case *metav1.PartialObjectMetadata:
		object.Annotations = map[string]string{rollout.StateAnnotation: b.state}
		return nil
	case *appsv1.ControllerRevision:
		if known && !b.forgot {
			object.Data.Raw = []byte(`{"spec":{"template":` + strings.Replace(templateText(version), "{", `{"$patch":"replace",`, 1) + `}}`)
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

func (b batched) handler() http.Handler {
	mux := http.NewServeMux()
	if b.policies == nil {
		b.policies = config.NewStore()
	}
	New(Options{
		Cache: b, Live: b, Policies: b.policies, Self: self, Log: logr.Discard(), Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
	}).Register(mux.Handle)
	return mux
}

// write sends a write through both webhooks and gives what comes out.
func (b batched) write(t *testing.T, who, old, incoming string) (string, *admissionv1.AdmissionResponse) {
	t.Helper()
	ask := func(path, object string) *admissionv1.AdmissionResponse {
		var review admissionv1.AdmissionReview
		require.NoError(t, json.Unmarshal([]byte(reviewOf(t, b.kind, "apps", who, old, object)), &review))
		review.Request.Namespace = "shop"
		body, err := json.Marshal(review)
		require.NoError(t, err)
		out := post(b.handler(), path+strings.ToLower(b.kind)+"s", "application/json", string(body))
		require.Equal(t, http.StatusOK, out.Code, out.Body.String())
		require.NoError(t, json.Unmarshal(out.Body.Bytes(), &review))
		return review.Response
	}
	response := ask("/mutate/", incoming)
	if !response.Allowed {
		return "", response
	}
	if len(response.Patch) > 0 {
		patch, err := jsonpatch.DecodePatch(response.Patch)
		require.NoError(t, err)
		patched, err := patch.Apply([]byte(incoming))
		require.NoError(t, err)
		incoming = string(patched)
	}
	require.True(t, ask("/validate/", incoming).Allowed, "what came out of ours")
	return incoming, response
}

// written is what these tests look at in both kinds.
type written struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Template       json.RawMessage `json:"template"`
		UpdateStrategy json.RawMessage `json:"updateStrategy"`
	} `json:"spec"`
	knobs batch.Knobs
}

func read(t *testing.T, kind, text string) (*written, batch.State) {
	t.Helper()
	w := look(t, kind, text)
	state, err := batch.ParseState(w.Metadata.Annotations[rollout.StateAnnotation])
	require.NoError(t, err)
	return w, state
}

// look reads an object, whatever its state is.
func look(t *testing.T, kind, text string) *written {
	t.Helper()
	var w written
	require.NoError(t, json.Unmarshal([]byte(text), &w))
	var strategy any = &w.knobs.DaemonSet
	if kind == batch.StatefulSet {
		strategy = &w.knobs.StatefulSet
	}
	require.NoError(t, json.Unmarshal(w.Spec.UpdateStrategy, strategy))
	return &w
}

// carrying gives an object with another state, as the controller writes it.
func carrying(t *testing.T, text string, state batch.State) string {
	t.Helper()
	return annotated(t, text, rollout.StateAnnotation, state.String())
}

func annotated(t *testing.T, text, key, value string) string {
	t.Helper()
	var object tree
	require.NoError(t, json.Unmarshal([]byte(text), &object))
	object["metadata"].(tree)["annotations"].(tree)[key] = value
	out, err := json.Marshal(object)
	require.NoError(t, err)
	return string(out)
}

func service(name string, change ...func(*corev1.Service)) corev1.Service {
	s := corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "demo"}}}
	for _, c := range change {
		c(&s)
	}
	return s
}

// A changed template shuts the gate in the same write, and names what it can go
// back to and whose traffic moves.
func TestBatchesStart(t *testing.T) {
	services := []corev1.Service{
		service("demo"), service("names", func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }),
		service("local", func(s *corev1.Service) {
			s.Spec.InternalTrafficPolicy = ptr.To(corev1.ServiceInternalTrafficPolicyLocal)
		}),
		service("others", func(s *corev1.Service) { s.Spec.Selector = map[string]string{"app": "other"} }),
	}
	for kind, gate := range map[string]string{batch.StatefulSet: `"partition":2147483647`, batch.DaemonSet: `"type":"OnDelete"`} {
		t.Run(kind, func(t *testing.T) {
			out, response := batched{kind: kind, services: services}.write(t, "team", manifest(kind), manifest(kind, "demo:v1", next))
			w, state := read(t, kind, out)
			assert.Contains(t, string(w.Spec.UpdateStrategy), gate)
			assert.Equal(t, "true", w.Metadata.Labels[rollout.InFlightLabel])
			assert.Equal(t, rollout.Preparing, state.Phase)
			assert.Equal(t, "33%:pause,100%", state.Steps)
			assert.Equal(t, batch.Version{Name: "demo-v1", Hash: batched{kind: kind}.hash("v1")}, state.Stable)
			assert.Equal(t, []string{"demo"}, state.Services)
			user, _ := read(t, kind, manifest(kind))
			assert.Equal(t, user.knobs, *state.User, "what it gets back at the end")
			assert.Equal(t, []string{
				`evenkeel: batches 33%:pause,100% start; traffic moves by Service "demo"; follow them with: kubectl events -n shop --for ` + strings.ToLower(kind) + `/demo`,
			}, response.Warnings)
			assert.Equal(t, 50, state.Turn)
			const first = `"evenkeel.dev/turn":"1%","evenkeel.dev/steps"`
			out, response = batched{kind: kind, services: services}.write(t, "team", manifest(kind), manifest(kind, "demo:v1", next, `"evenkeel.dev/steps"`, first))
			_, state = read(t, kind, out)
			assert.Equal(t, 1, state.Turn)
			assert.Equal(t, "evenkeel: step 33%:pause has 33% of the pods, and they get all the traffic; where that is too few, take evenkeel.dev/turn off", response.Warnings[1])
		})
	}
}

// What starts no release leaves the workload to its stock controller, and says why.
func TestBatchesDoNotStart(t *testing.T) {
	narrowed := service("demo", func(s *corev1.Service) { s.Spec.Selector[appsv1.ControllerRevisionHashLabelKey] = "x" })
	const onDelete = `{"type":"OnDelete"}`
	rolling := `{"type":"RollingUpdate","rollingUpdate":{"partition":0}}`
	for name, row := range map[string]struct {
		cluster       batched
		old, incoming string
		warns         string
	}{
		"created":                      {incoming: manifest(batch.StatefulSet)},
		"the template is the same":     {old: manifest(batch.StatefulSet), incoming: manifest(batch.StatefulSet, `"replicas":3`, `"replicas":5`)},
		"the strategy is rolling":      {old: manifest(batch.StatefulSet, `"batch"`, `"rolling"`), incoming: manifest(batch.StatefulSet, `"batch"`, `"rolling"`, "demo:v1", next)},
		"nobody is ready":              {cluster: batched{unready: true}, old: manifest(batch.StatefulSet), incoming: manifest(batch.StatefulSet, "demo:v1", next), warns: "none of its pods is ready"},
		"nothing to go back to":        {cluster: batched{forgot: true}, old: manifest(batch.StatefulSet), incoming: manifest(batch.StatefulSet, "demo:v1", next), warns: `there is no ControllerRevision "demo-v1" to go back to`},
		"back to what most pods are":   {old: manifest(batch.StatefulSet, "demo:v1", next), incoming: manifest(batch.StatefulSet), warns: "most ready pods are of this template already"},
		"OnDelete as before":           {old: manifest(batch.StatefulSet, rolling, onDelete), incoming: manifest(batch.StatefulSet, rolling, onDelete, "demo:v1", next), warns: "updateStrategy OnDelete says that you delete the pods yourself; write: updateStrategy: {type: RollingUpdate}"},
		"a state that somebody writes": {old: manifest(batch.StatefulSet), incoming: manifest(batch.StatefulSet, `"evenkeel.dev/strategy"`, `"evenkeel.dev/rollout":"{}","evenkeel.dev/strategy"`), warns: stateIsOurs},
	} {
		t.Run(name, func(t *testing.T) {
			row.cluster.kind, row.cluster.services = batch.StatefulSet, []corev1.Service{narrowed}
			out, response := row.cluster.write(t, "team", row.old, row.incoming)
			w, state := read(t, batch.StatefulSet, out)
			assert.False(t, state.InFlight())
			assert.Empty(t, w.Metadata.Annotations[rollout.StateAnnotation])
			sent, _ := read(t, batch.StatefulSet, row.incoming)
			assert.Equal(t, sent.knobs, w.knobs)
			if row.warns == "" {
				assert.Empty(t, response.Warnings)
				return
			}
			require.Len(t, response.Warnings, 1)
			assert.Contains(t, response.Warnings[0], row.warns)
			assert.Equal(t, row.warns != stateIsOurs, strings.HasPrefix(response.Warnings[0], "evenkeel: no batches, a plain rolling update: "))
		})
	}
	out, response := batched{kind: batch.StatefulSet, services: []corev1.Service{narrowed}}.write(t, "team", manifest(batch.StatefulSet), manifest(batch.StatefulSet, "demo:v1", next))
	_, state := read(t, batch.StatefulSet, out)
	assert.True(t, state.InFlight())
	assert.False(t, state.Divides())
	assert.Contains(t, response.Warnings, `evenkeel: Service "demo" selects controller-revision-hash itself; its traffic goes to every ready pod`)
}

// What cannot be is refused with the line that fixes it, unless it stood before.
func TestBatchesRefused(t *testing.T) {
	for name, row := range map[string]struct {
		edits []string
		says  string
	}{
		"a canary":          {[]string{`"batch"`, `"canary"`}, "evenkeel: strategy: \"canary\" is not for a StatefulSet, whose pods change in batches; write:\n  evenkeel.dev/strategy: batch"},
		"steps of nonsense": {[]string{"33%:pause", "abc"}, `evenkeel: steps: step 1 ("abc"): a weight is a percent`},
		"a turn of none":    {[]string{`"evenkeel.dev/steps"`, `"evenkeel.dev/turn":"half","evenkeel.dev/steps"`}, "evenkeel: turn: \"half\" is not a whole percent from 1% to 100%; write for example:\n  evenkeel.dev/turn: 50%"},
		"OnDelete":          {[]string{`{"type":"RollingUpdate","rollingUpdate":{"partition":0}}`, `{"type":"OnDelete"}`}, "write:\n  updateStrategy: {type: RollingUpdate}"},
		"no history":        {[]string{`"selector"`, `"revisionHistoryLimit":0,"selector"`}, "write:\n  revisionHistoryLimit: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			b := batched{kind: batch.StatefulSet}
			for _, old := range []string{"", manifest(batch.StatefulSet)} {
				_, response := b.write(t, "team", old, manifest(batch.StatefulSet, row.edits...))
				require.False(t, response.Allowed)
				assert.Contains(t, response.Result.Message, row.says)
			}
			before := manifest(batch.StatefulSet, row.edits...)
			_, response := b.write(t, "team", before, strings.Replace(before, `"replicas":3`, `"replicas":4`, 1))
			assert.True(t, response.Allowed, "it stood before")
		})
	}
}

// In flight, whoever writes gets the same rendering; what they wish for is kept.
func TestBatchesInFlight(t *testing.T) {
	for _, kind := range []string{batch.StatefulSet, batch.DaemonSet} {
		t.Run(kind, func(t *testing.T) {
			b := batched{kind: kind, services: []corev1.Service{service("demo")}}
			live, _ := b.write(t, "team", manifest(kind), manifest(kind, "demo:v1", next))
			_, state := read(t, kind, live)

			reapplied, _ := b.write(t, "team", live, manifest(kind, "demo:v1", next))
			assert.JSONEq(t, live, reapplied, "applying it again changes nothing")

			forged, _ := b.write(t, "team", live, carrying(t, live, batch.State{Phase: rollout.Completed}))
			assert.JSONEq(t, live, forged, "the state is not theirs")

			state.Phase, state.Stage, state.Partition, state.Canary = rollout.Stepping, batch.StageBatch, 2, batch.Version{Name: "demo-v2", Hash: b.hash("v2")}
			stepped, _ := b.write(t, self, live, carrying(t, live, state))
			w, _ := read(t, kind, stepped)
			assert.True(t, batch.Render(state).ShownBy(w.knobs), "%s", w.Spec.UpdateStrategy)

			other, response := b.write(t, "team", stepped, strings.Replace(stepped, next, third, 1))
			_, again := read(t, kind, other)
			assert.Equal(t, rollout.Preparing, again.Phase, "a third template starts over")
			assert.Equal(t, []string{b.hash("v2")}, again.Dropped)
			assert.Contains(t, response.Warnings, "evenkeel: another template in flight: its batches start over")

			_, response = b.write(t, "team", stepped, strings.Replace(stepped, `"evenkeel.dev/steps"`, `"evenkeel.dev/action":"continue","evenkeel.dev/steps"`, 1))
			require.True(t, response.Allowed)
			acted, _ := b.write(t, "team", stepped, strings.Replace(stepped, `"evenkeel.dev/steps"`, `"evenkeel.dev/action":"hold","evenkeel.dev/steps"`, 1))
			w, held := read(t, kind, acted)
			assert.True(t, held.Held)
			assert.NotContains(t, w.Metadata.Annotations, rollout.ActionAnnotation, "a word is not kept")
		})
	}
}

// The ways back end with stable's template, taken out of its revision.
func TestBatchesGoBack(t *testing.T) {
	b := batched{kind: batch.StatefulSet, services: []corev1.Service{service("demo")}}
	live, _ := b.write(t, "team", manifest(batch.StatefulSet), manifest(batch.StatefulSet, "demo:v1", next))
	_, state := read(t, batch.StatefulSet, live)
	state.Phase, state.Stage, state.Partition, state.Canary = rollout.Stepping, batch.StageDwell, 2, batch.Version{Name: "demo-v2", Hash: "demo-v2"}
	quiet, _ := b.write(t, self, live, carrying(t, live, state))
	state.Serve = batch.New
	serving, _ := b.write(t, self, live, carrying(t, live, state))
	for name, incoming := range map[string]func(string) string{
		"the stable template": func(live string) string { return strings.Replace(live, next, "demo:v1", 1) },
		"the strategy taken off": func(live string) string {
			return strings.Replace(live, `"evenkeel.dev/strategy":"batch"`, `"team":"a"`, 1)
		},
		"the action rollback": func(live string) string {
			return strings.Replace(live, `"evenkeel.dev/steps"`, `"evenkeel.dev/action":"rollback","evenkeel.dev/steps"`, 1)
		},
		"the manifest as a whole": func(string) string { return manifest(batch.StatefulSet) },
	} {
		t.Run(name, func(t *testing.T) {
			out, _ := b.write(t, "team", quiet, incoming(quiet))
			w, after := read(t, batch.StatefulSet, out)
			assert.Equal(t, batch.StageRestore, after.Stage, "no Service leads to the new pods alone")
			assert.JSONEq(t, templateText("v1"), string(w.Spec.Template))

			out, _ = b.write(t, "team", serving, incoming(serving))
			w, after = read(t, batch.StatefulSet, out)
			assert.Equal(t, batch.StageReturn, after.Stage)
			assert.JSONEq(t, templateText("v2"), string(w.Spec.Template), "the traffic leaves first")

			after.Stage, after.Serve = batch.StageRestore, batch.Everyone
			out, _ = b.write(t, self, out, carrying(t, out, after))
			w, _ = read(t, batch.StatefulSet, out)
			assert.JSONEq(t, templateText("v1"), string(w.Spec.Template))

			_, response := b.write(t, "team", out, strings.Replace(out, "demo:v1", next, 1))
			assert.False(t, response.Allowed, "what goes back does not come again")
			forgetful := b
			forgetful.forgot = true
			_, response = forgetful.write(t, self, out, carrying(t, out, after))
			require.False(t, response.Allowed)
			assert.Contains(t, response.Result.Message, `cannot restore the stable template: ControllerRevision "demo-v1" is gone`)
		})
	}
}

// The template that was rolled back is refused, and comes again when a person says so.
func TestBatchesRolledBack(t *testing.T) {
	b := batched{kind: batch.StatefulSet}
	ended := batch.State{Phase: rollout.RolledBack, Reason: "a person asked for it", Canary: batch.Version{Name: "demo-v2", Hash: "demo-v2"}}
	live := carrying(t, manifest(batch.StatefulSet), ended)
	_, response := b.write(t, "team", live, strings.Replace(live, "demo:v1", next, 1))
	require.False(t, response.Allowed)
	assert.Contains(t, response.Result.Message, "a person asked for it. Change it, or try it again with:\n  kubectl annotate statefulset -n shop demo evenkeel.dev/action=retry")
	retried, _ := b.write(t, "team", live, strings.Replace(live, `"evenkeel.dev/steps"`, `"evenkeel.dev/action":"retry","evenkeel.dev/steps"`, 1))
	w, state := read(t, batch.StatefulSet, retried)
	assert.Equal(t, rollout.Preparing, state.Phase)
	assert.JSONEq(t, templateText("v2"), string(w.Spec.Template))
	_, response = b.write(t, "team", live, strings.Replace(live, `"evenkeel.dev/steps"`, `"evenkeel.dev/action":"skip","evenkeel.dev/steps"`, 1))
	assert.False(t, response.Allowed, "there is nothing to skip")
}

// The end gives the user's own back, with what they wished for meanwhile.
func TestBatchesEnd(t *testing.T) {
	b := batched{kind: batch.StatefulSet}
	live, _ := b.write(t, "team", manifest(batch.StatefulSet), manifest(batch.StatefulSet, "demo:v1", next))
	wished, _ := b.write(t, "team", live, strings.Replace(live, `"partition":2147483647`, `"partition":1`, 1))
	w, state := read(t, batch.StatefulSet, wished)
	assert.Contains(t, string(w.Spec.UpdateStrategy), `"partition":2147483647`)
	ended, _ := b.write(t, self, wished, carrying(t, wished, batch.State{Phase: rollout.Completed, Canary: state.Canary}))
	w, _ = read(t, batch.StatefulSet, ended)
	assert.JSONEq(t, `{"type":"RollingUpdate","rollingUpdate":{"partition":1}}`, string(w.Spec.UpdateStrategy))
	assert.NotContains(t, w.Metadata.Labels, rollout.InFlightLabel)
}

// While the Services lead to the new pods alone nobody takes those away.
func TestBatchesKeepTheNewPods(t *testing.T) {
	b := batched{kind: batch.StatefulSet, services: []corev1.Service{service("demo")}}
	live, _ := b.write(t, "team", manifest(batch.StatefulSet), manifest(batch.StatefulSet, "demo:v1", next))
	_, state := read(t, batch.StatefulSet, live)
	state.Phase, state.Stage, state.Partition, state.Serve = rollout.Stepping, batch.StageDwell, 2, batch.New
	live, _ = b.write(t, self, live, carrying(t, live, state))
	_, response := b.write(t, "team", live, strings.Replace(live, `"replicas":3`, `"replicas":2`, 1))
	require.False(t, response.Allowed)
	want := "evenkeel: cannot scale to 2 replicas: the Services lead to the new pods alone, from ordinal 2 on, and those would be the first to go; finish first, or go back:\n  kubectl annotate statefulset -n shop demo evenkeel.dev/action=rollback"
	assert.Equal(t, want, response.Result.Message)

	scale := func(replicas int) string {
		return fmt.Sprintf(`{"metadata":{"name":"demo"},"spec":{"replicas":%d}}`, replicas)
	}
	for _, row := range []struct {
		state string
		to    int
		want  bool
	}{{state.String(), 2, false}, {state.String(), 4, true}, {state.String(), 0, true}, {"", 2, true}, {"{", 2, true}} {
		var review admissionv1.AdmissionReview
		require.NoError(t, json.Unmarshal([]byte(reviewOf(t, "Scale", "autoscaling", "team", scale(3), scale(row.to))), &review))
		review.Request.Namespace, review.Request.Name = "shop", "demo"
		body, err := json.Marshal(review)
		require.NoError(t, err)
		out := post(batched{kind: batch.StatefulSet, state: row.state}.handler(), "/validate/scales/statefulsets", "application/json", string(body))
		require.NoError(t, json.Unmarshal(out.Body.Bytes(), &review))
		assert.Equal(t, row.want, review.Response.Allowed, "%d of %s", row.to, row.state)
		if !row.want {
			assert.Equal(t, want, review.Response.Result.Message)
		}
	}
}
