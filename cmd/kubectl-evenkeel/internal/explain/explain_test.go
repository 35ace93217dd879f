// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/golden"
	"github.com/evenkeel-dev/evenkeel/policy/manifest"
	"github.com/evenkeel-dev/evenkeel/traffic/forecast"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var (
	now       = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	policyKey = client.ObjectKey{Namespace: "evenkeel-system", Name: "evenkeel-policy"}
)

const manifestText = `apiVersion: apps/v1
kind: Deployment
metadata: {name: demo, namespace: shop, annotations: {evenkeel.dev/strategy: canary, evenkeel.dev/steps: "20%:10m,50%:pause,100%"}}
spec:
  replicas: 10
  selector: {matchLabels: {app: demo}}
  template: {metadata: {labels: {app: demo}}, spec: {containers: [{name: app, image: "demo:v2", ports: [{containerPort: 8080}]}]}}
`

const around = `apiVersion: v1
kind: Service
metadata: {name: demo, namespace: shop}
spec: {selector: {app: demo}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: demo, namespace: shop}
spec: {parentRefs: [{name: web}], rules: [{backendRefs: [{name: demo, port: 80}]}]}
`

func parsed(t *testing.T, text string) (deployments []*appsv1.Deployment, others []client.Object) {
	t.Helper()
	objects, err := manifest.Parse("-", []byte(text))
	require.NoError(t, err)
	for _, object := range objects {
		if d := object.Applied(); d != nil {
			deployments = append(deployments, d)
			continue
		}
		others = append(others, object.Object)
	}
	return deployments, others
}

// cluster has what is around, the Deployment of the text with its pods, and a policy.
func cluster(t *testing.T, live, policy string, intercept interceptor.Funcs) client.Client {
	t.Helper()
	deployments, objects := parsed(t, live+"---\n"+around)
	for _, d := range deployments {
		d.UID = "live"
		objects = append(objects, d, command.Finished(d))
	}
	objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}})
	if policy != "" {
		objects = append(objects, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: policyKey.Namespace, Name: policyKey.Name}, Data: map[string]string{"policy.yaml": policy}})
	}
	return fake.NewClientBuilder().WithScheme(command.Scheme()).WithObjects(objects...).WithInterceptorFuncs(intercept).Build()
}

func explained(t *testing.T, c client.Client, text string) Explanation {
	t.Helper()
	incoming, others := parsed(t, text)
	w := Read(t.Context(), c, policyKey, "shop", others)
	live, err := w.Live(t.Context(), c, incoming[0])
	require.NoError(t, err)
	e, err := Of(t.Context(), w, incoming[0], live, now)
	require.NoError(t, err)
	e.Notes = w.Notes
	return e
}

const given = "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\n"

// forbidden is a cluster in which a person may read nothing.
var forbidden = interceptor.Funcs{
	Get: func(_ context.Context, _ client.WithWatch, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: kind(object)}, key.Name, nil)
	},
	List: func(_ context.Context, _ client.WithWatch, list client.ObjectList, _ ...client.ListOption) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: kind(list)}, "", nil)
	},
}

func kind(object any) string {
	name := fmt.Sprintf("%T", object)
	return strings.ToLower(name[strings.LastIndex(name, ".")+1:])
}

func TestTexts(t *testing.T) {
	before := strings.Replace(manifestText, "demo:v2", "demo:v1", 1)
	unsafe := strings.Replace(manifestText, "replicas: 10", "replicas: 10\n  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 10}}", 1)
	replace := strings.Replace(strings.Replace(manifestText, "20%:10m,50%:pause,100%", "50%:1m,100%", 1), "{evenkeel.dev/strategy", "{evenkeel.dev/capacity: replace, evenkeel.dev/strategy", 1)
	for name, row := range map[string]struct {
		live, policy, applied string
		intercept             interceptor.Funcs
		outcome               Outcome
	}{
		"starts":              {before, given, manifestText, interceptor.Funcs{}, Starts},
		"replaces":            {before, given, replace, interceptor.Funcs{}, Starts},
		"created":             {"", given, manifestText, interceptor.Funcs{}, Created},
		"unchanged":           {before, given, before, interceptor.Funcs{}, Unchanged},
		"refused":             {before, given, unsafe, interceptor.Funcs{}, Refused},
		"plain":               {before, given, strings.Replace(manifestText, "strategy: canary", "strategy: rolling", 1), interceptor.Funcs{}, Plain},
		"held":                {before, given, strings.Replace(manifestText, "  replicas", "  paused: true\n  replicas", 1), interceptor.Funcs{}, Starts},
		"no policy":           {before, "", manifestText, interceptor.Funcs{}, Starts},
		"a broken policy":     {before, "a: b", manifestText, interceptor.Funcs{}, Starts},
		"nothing may be read": {before, given, manifestText, forbidden, Created},
		"with its own route":  {before, given, manifestText + "---\n" + strings.Replace(around, "targetPort: 8080", "targetPort: 9090", 1), interceptor.Funcs{}, Starts},
	} {
		t.Run(name, func(t *testing.T) {
			e := explained(t, cluster(t, row.live, row.policy, row.intercept), row.applied)
			assert.Equal(t, row.outcome, e.Outcome)
			var out bytes.Buffer
			require.NoError(t, Text(&out, e))
			golden.Equal(t, strings.ReplaceAll(name, " ", "-"), out.String())
		})
	}
}

// What is in flight goes on, or back.
func TestInFlight(t *testing.T) {
	before := strings.Replace(manifestText, "demo:v2", "demo:v1", 1)
	c := cluster(t, before, given, interceptor.Funcs{})
	flying, _ := parsed(t, manifestText)
	incoming := flying[0].DeepCopy()
	var live appsv1.Deployment
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(incoming), &live))
	w := Read(t.Context(), c, policyKey, "shop", nil)
	_, begun, err := w.ask(t.Context(), incoming, &live, now)
	require.NoError(t, err)
	state, err := rollout.ParseState(begun.Annotations[rollout.StateAnnotation])
	require.NoError(t, err)
	require.Equal(t, rollout.Preparing, state.Phase)
	begun.UID = live.UID

	for text, want := range map[string]Outcome{manifestText: GoesOn, before: GoesBack, strings.Replace(manifestText, "demo:v2", "demo:v3", 1): Starts} {
		again, _ := parsed(t, text)
		e, err := Of(t.Context(), w, again[0], begun, now)
		require.NoError(t, err)
		assert.Equal(t, want, e.Outcome, e.Message)
		assert.NotEmpty(t, e.Headline())
	}
}

// Nobody is told of an end that was not foreseen.
func TestAnEndThatIsNotForeseen(t *testing.T) {
	e := Explanation{Outcome: Starts, Stops: []forecast.Stop{{Phase: rollout.Stepping, Person: true}}}
	assert.Equal(t, "What comes after that cannot be told ahead.", total(e))
	e.Stops = []forecast.Stop{{Person: true}, {Person: true}, {Phase: rollout.Completed, After: time.Hour}}
	assert.Contains(t, total(e), "In all 1h at the least, and your word 2 times,")
}

// An autoscaler's replicas stay, where the manifest leaves them out.
func TestReplicasOfAnAutoscaler(t *testing.T) {
	before := strings.Replace(manifestText, "demo:v2", "demo:v1", 1)
	c := cluster(t, before, given, interceptor.Funcs{})
	assert.Equal(t, int32(10), explained(t, c, strings.Replace(manifestText, "  replicas: 10\n", "", 1)).Replicas)
	assert.Equal(t, int32(4), explained(t, c, strings.Replace(manifestText, "replicas: 10", "replicas: 4", 1)).Replicas)
}
