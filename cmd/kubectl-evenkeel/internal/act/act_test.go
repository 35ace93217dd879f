// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package act

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func demo(step int) *appsv1.Deployment {
	state := rollout.State{Phase: rollout.Stepping, Stage: rollout.StageDwell, Step: step, Steps: "20%:pause,50%:pause,100%", User: &rollout.Knobs{}}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo", ResourceVersion: "7", Annotations: map[string]string{rollout.StateAnnotation: state.String()}},
		Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{}},
	}
}

func TestPatches(t *testing.T) {
	action := func(word string) string {
		return `{"metadata": {"resourceVersion": "7", "annotations": {"evenkeel.dev/action": "` + word + `"}}}`
	}
	for name, row := range map[string]struct {
		kind string
		verb Verb
		want string
	}{
		"continue":       {flight.Deployment, Continue, action("continue")},
		"skip":           {flight.Deployment, Skip, action("skip")},
		"rollback":       {flight.StatefulSet, Rollback, action("rollback")},
		"retry":          {flight.Deployment, Retry, action("retry")},
		"hold":           {flight.Deployment, Hold, `{"metadata": {"resourceVersion": "7"}, "spec": {"paused": true}}`},
		"resume":         {flight.Deployment, Resume, `{"metadata": {"resourceVersion": "7"}, "spec": {"paused": false}}`},
		"hold batches":   {flight.DaemonSet, Hold, action("hold")},
		"resume batches": {flight.DaemonSet, Resume, action("continue")},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(Patch(flight.Flight{Kind: row.kind, ResourceVersion: "7"}, row.verb))
			require.NoError(t, err)
			assert.JSONEq(t, row.want, string(text))
		})
	}
}

var conflict = apierrors.NewConflict(schema.GroupResource{Resource: "deployments"}, "demo", errors.New("changed"))

// answering is a cluster that answers patches with each of the errors in turn, and
// then keeps to the last one.
func answering(live *appsv1.Deployment, answers ...error) (*fake.Clientset, *int) {
	c, patches := fake.NewClientset(live), 0
	c.PrependReactor("patch", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		answer := answers[min(patches, len(answers)-1)]
		patches++
		return true, nil, answer
	})
	return c, &patches
}

func TestAConflictIsNoAnswer(t *testing.T) {
	refused := errors.New(`admission webhook "deployments-guarded.evenkeel.dev" denied the request: evenkeel: action "continue": no step waits for a person now`)
	for name, row := range map[string]struct {
		live    *appsv1.Deployment
		answers []error
		patches int
		says    string
	}{
		"taken":                       {demo(0), []error{nil}, 1, ""},
		"refused":                     {demo(0), []error{refused}, 1, refused.Error()},
		"somebody scaled meanwhile":   {demo(0), []error{conflict, conflict, nil}, 3, ""},
		"another was quicker":         {demo(1), []error{conflict, nil}, 1, `the rollout has moved on since you looked (Stepping, step 2/3), so "continue" was not said`},
		"somebody writes all the day": {demo(0), []error{conflict}, tries, `cannot say "continue": others write deployment.apps/demo all the time`},
	} {
		t.Run(name, func(t *testing.T) {
			c, patches := answering(row.live, row.answers...)
			err := Do(t.Context(), c, flight.OfDeployment(demo(0), nil), Continue)
			assert.Equal(t, row.patches, *patches)
			if row.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, row.says)
		})
	}
}

// To resume what is not held passes no step.
func TestResumeIsNoContinue(t *testing.T) {
	c, patches := answering(demo(0), nil)
	f := flight.Flight{Kind: flight.StatefulSet, Namespace: "shop", Name: "db"}
	require.ErrorContains(t, Do(t.Context(), c, f, Resume), "statefulset.apps/db is not held, so there is nothing to resume")
	assert.Zero(t, *patches)
	f.Held = true
	require.NoError(t, Do(t.Context(), c, f, Resume))
	assert.Equal(t, 1, *patches)
}

// Every kind is written where it lives.
func TestKinds(t *testing.T) {
	for kind, resource := range map[string]string{flight.Deployment: "deployments", flight.StatefulSet: "statefulsets", flight.DaemonSet: "daemonsets"} {
		c, _ := answering(demo(0), nil)
		require.NoError(t, Do(t.Context(), c, flight.Flight{Kind: kind, Namespace: "shop", Name: "demo"}, Skip))
		last := c.Actions()[len(c.Actions())-1].(clienttesting.PatchAction)
		assert.Equal(t, []string{resource, "shop", "demo"}, []string{last.GetResource().Resource, last.GetNamespace(), last.GetName()})
	}
}

// What is not there any more cannot be told again.
func TestGone(t *testing.T) {
	c, _ := answering(demo(0), conflict)
	require.NoError(t, c.Tracker().Delete(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, "shop", "demo"))
	require.ErrorContains(t, Do(t.Context(), c, flight.OfDeployment(demo(0), nil), Continue), `cannot read the Deployment: deployments.apps "demo" not found`)
}
