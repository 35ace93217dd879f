// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package back

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/revision"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

const numberAnnotation = "deployment.kubernetes.io/revision"

func template(hash string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "demo"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "demo:" + hash}}},
	}
}

// set is the ReplicaSet of a template; its number says which one.
func set(hash, number string) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "demo-" + hash, Labels: map[string]string{"app": "demo", appsv1.DefaultDeploymentUniqueLabelKey: hash},
			Annotations:     map[string]string{numberAnnotation: number, "kubernetes.io/change-cause": "cause of " + hash, rollout.StateAnnotation: "of then"},
			OwnerReferences: []metav1.OwnerReference{{UID: "u", Controller: ptr.To(true)}},
		},
		Spec: appsv1.ReplicaSetSpec{Template: template(hash)},
	}
	rs.Spec.Template.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = hash
	return rs
}

// demo is the Deployment with the template of a hash.
func demo(hash string, change func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "demo", UID: "u", ResourceVersion: "7",
			Annotations: map[string]string{"evenkeel.dev/injected": "of today", "evenkeel.dev/steps": "50%,100%"},
		},
		Spec: appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "demo"}}, Template: template(hash)},
	}
	if change != nil {
		change(d)
	}
	return d
}

func flying(d *appsv1.Deployment) {
	d.Spec.Paused = true
	d.Annotations[rollout.StateAnnotation] = rollout.State{Phase: rollout.Preparing, User: &rollout.Knobs{}}.String()
}

func paused(d *appsv1.Deployment) { d.Spec.Paused = true }

func record(hash string, result string, hour int, reason string) ledger.Record {
	return ledger.Record{APIVersion: ledger.APIVersion, Result: result, Reason: reason, To: rollout.Version{Hash: hash}, Ended: time.Date(2026, 11, 21, hour, 30, 0, 0, time.UTC)}
}

func world(t *testing.T, d *appsv1.Deployment, records ...ledger.Record) (World, *fake.Clientset) {
	t.Helper()
	data := map[string]string{}
	for _, r := range records {
		data, _ = ledger.Append(data, r)
	}
	other := set("x", "9")
	other.OwnerReferences[0].UID = "other"
	c := fake.NewClientset(d, set("a", "1"), set("b", "2"), set("c", "3"), other,
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo-releases", Labels: map[string]string{rollout.RoleLabel: ledger.Role}}, Data: data})
	w, err := Read(t.Context(), c, "shop", "demo")
	require.NoError(t, err)
	require.NoError(t, w.Unread)
	return w, c
}

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{"4": 4, "previous": revision.Last} {
		got, err := Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"0", "-1", "v4", "demo-a"} {
		_, err := Parse(text)
		require.EqualError(t, err, `--to="`+text+`" is no revision: write a number that kubectl evenkeel history shows, or previous`)
	}
}

func TestTo(t *testing.T) {
	for name, row := range map[string]struct {
		live    *appsv1.Deployment
		records []ledger.Record
		number  int64
		want    string // the ReplicaSet, or the error
	}{
		"a number":              {demo("c", nil), nil, 1, "demo-a"},
		"the one before":        {demo("c", nil), nil, revision.Last, "demo-b"},
		"the last that is good": {demo("c", nil), []ledger.Record{record("b", "RolledBack", 1, "")}, revision.Last, "demo-a"},
		"in flight":             {demo("c", flying), nil, 2, "demo-b"},
		"the one that runs":     {demo("c", nil), nil, 3, "revision 3 is the one that the Deployment has now; kept are 2 (demo-b), 1 (demo-a)"},
		"somebody else's":       {demo("c", nil), nil, 9, "revision 9 is not kept; kept are 2 (demo-b), 1 (demo-a) (revisionHistoryLimit says how many stay)"},
		"paused":                {demo("c", paused), nil, 1, "deployment.apps/demo is paused, so nothing would be released; let it go on first:\n  kubectl rollout resume deployment/demo -n shop"},
		"applied just now":      {demo("d", nil), nil, 1, "the template was changed just now, and has no revision yet; say it again in a moment"},
		"before the first pod": {demo("d", flying), nil, revision.Last, "the release in flight has no pods yet, so its template has no revision to go back from; " +
			"take it back first, and then say this again:\n  kubectl evenkeel rollback demo -n shop"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := world(t, row.live, row.records...)
			to, err := w.To(row.number)
			if err != nil {
				assert.Equal(t, row.want, err.Error())
				return
			}
			assert.Equal(t, row.want, to.ReplicaSet)
		})
	}
}

func TestSaid(t *testing.T) {
	for name, row := range map[string]struct {
		records []ledger.Record
		want    string
	}{
		"nothing": {[]ledger.Record{record("c", "Completed", 1, "")}, "the ledger keeps no release of revision 1"},
		"once":    {[]ledger.Record{record("a", "Completed", 1, "")}, "revision 1 completed on 2026-11-21 at 01:30 UTC"},
		"and then": {[]ledger.Record{record("a", "Completed", 1, ""), record("a", "RolledBack", 9, "a pod\ncrashes"), record("a", "Replaced", 11, "another template was applied")},
			"revision 1 completed on 2026-11-21 at 01:30 UTC, and was rolled back on 2026-11-21 at 09:30 UTC (a pod crashes), and was replaced by another template on 2026-11-21 at 11:30 UTC"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := world(t, demo("c", nil), row.records...)
			to, err := w.To(1)
			require.NoError(t, err)
			assert.Equal(t, []string{"shop/demo goes back from revision 3 (demo-c, demo:c) to revision 1 (demo-a, demo:a)", row.want}, w.Said(to))
		})
	}
}

// The template comes as a whole, with the annotations that are its own; all others
// stay as they are today.
func TestWrite(t *testing.T) {
	w, c := world(t, demo("c", func(d *appsv1.Deployment) { d.Spec.Template.Spec.HostNetwork = true }))
	w.Sets = []appsv1.ReplicaSet{*set("a", "1"), *set("c", "3")}
	w.Sets[1].Spec.Template.Spec.HostNetwork = true
	to, err := w.To(1)
	require.NoError(t, err)
	require.NoError(t, w.Write(t.Context(), c, to, false))
	d, err := c.AppsV1().Deployments("shop").Get(t.Context(), "demo", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, template("a"), d.Spec.Template)
	assert.Equal(t, map[string]string{"kubernetes.io/change-cause": "cause of a", "evenkeel.dev/steps": "50%,100%"}, d.Annotations)
}

func TestTheWriteIsGuarded(t *testing.T) {
	w, c := world(t, demo("c", nil))
	to, err := w.To(1)
	require.NoError(t, err)
	require.NoError(t, w.Write(t.Context(), c, to, true))
	actions := c.Actions()
	patch := actions[len(actions)-1].(clienttesting.PatchActionImpl)
	assert.Equal(t, types.JSONPatchType, patch.GetPatchType())
	assert.Equal(t, []string{"All"}, patch.GetPatchOptions().DryRun)
	var operations []operation
	require.NoError(t, json.Unmarshal(patch.GetPatch(), &operations))
	assert.Equal(t, operation{"replace", "/metadata/resourceVersion", "7"}, operations[0])
}

func TestAConflictIsNoAnswer(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "deployments"}, "demo", errors.New("changed"))
	moved := "somebody changed the Deployment, or its rollout has moved on, since you looked, so nothing was written; look at it, and say it again:\n  kubectl evenkeel status demo -n shop"
	for name, row := range map[string]struct {
		live    *appsv1.Deployment
		answers []error
		patches int
		says    string
	}{
		"taken":                       {demo("c", nil), []error{nil}, 1, ""},
		"refused":                     {demo("c", nil), []error{errors.New("this template was rolled back")}, 1, "this template was rolled back"},
		"somebody scaled meanwhile":   {demo("c", func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](9) }), []error{conflict, conflict, nil}, 3, ""},
		"somebody applied meanwhile":  {demo("d", nil), []error{conflict, nil}, 1, moved},
		"a release began meanwhile":   {demo("c", flying), []error{conflict, nil}, 1, moved},
		"somebody writes all the day": {demo("c", nil), []error{conflict}, tries, "cannot write the template: others write deployment.apps/demo all the time; say it again"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := world(t, demo("c", nil))
			to, err := w.To(1)
			require.NoError(t, err)
			c, patches := fake.NewClientset(row.live), 0
			c.PrependReactor("patch", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
				patches++
				return true, nil, row.answers[min(patches, len(row.answers))-1]
			})
			err = w.Write(t.Context(), c, to, false)
			assert.Equal(t, row.patches, patches)
			if row.says == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, row.says)
		})
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	_, err := Read(t.Context(), fake.NewClientset(), "shop", "demo")
	require.EqualError(t, err, `cannot read the Deployment: deployments.apps "demo" not found`)
	c := fake.NewClientset(demo("c", nil))
	c.PrependReactor("list", "replicasets", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("no") })
	_, err = Read(t.Context(), c, "shop", "demo")
	require.EqualError(t, err, "cannot list ReplicaSets: no")
	c = fake.NewClientset(demo("c", nil))
	c.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("no") })
	w, err := Read(t.Context(), c, "shop", "demo")
	require.NoError(t, err, "the ledger is in nobody's way")
	require.EqualError(t, w.Unread, "the ledger is left out: no")
}
