// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/test/fixture/corpus"
)

// life is one Deployment of the corpus on the API server. Its replicas are 0, so
// that the server is asked for hundreds of them and the node for none.
type life struct {
	item     corpus.Item
	manifest []byte
	// first is the object after its creation.
	first *appsv1.Deployment
}

// The Deployments of public charts live through everything that is done to
// Deployments, under a policy that changes. What must hold of each:
//
//  1. what its user wrote is what is there
//  2. applying it again changes nothing
//  3. a change of the policy changes nothing of its template
//  4. neither does an annotation, a label, a pause, a replace or a re-apply after that
//  5. no ReplicaSet appears that nobody asked for
//  6. a changed image makes exactly one
//  7. going back finds the old one again
//  8. the selector is what it was
//  9. a dry run answers as the real one
//  10. what is refused is refused by a check that says so, and nothing else is
func TestTheCorpusLivesThroughEverything(t *testing.T) {
	fixture.Need(t)
	world := clientset(t)
	namespace := "corpus"
	fresh(t, world, namespace)
	api := world.AppsV1().Deployments(namespace)

	var mu sync.Mutex
	var lives []*life
	refused := 0
	each(t, corpus.All(), func(item corpus.Item) {
		l := &life{item: item, manifest: idle(t, item.Manifest, nil)}
		dry, dryErr := api.Patch(t.Context(), item.Name, types.ApplyPatchType, l.manifest, applied(metav1.DryRunAll))
		created, err := api.Patch(t.Context(), item.Name, types.ApplyPatchType, l.manifest, applied())
		if err != nil {
			require.True(t, apierrors.IsForbidden(err) && strings.Contains(err.Error(), "denied the request: evenkeel: "), "%s: %v", item.Name, err) // 10
			assert.EqualError(t, dryErr, err.Error())
			mu.Lock()
			defer mu.Unlock()
			refused++
			return
		}
		require.NoError(t, dryErr)
		assert.True(t, equality.Semantic.DeepEqual(dry.Spec, created.Spec), "%s: 9: a dry run answers as the real one", item.Name)
		l.first = created
		l.keepsWhatWasWritten(t, created)
		mu.Lock()
		defer mu.Unlock()
		lives = append(lives, l)
	})
	require.Greater(t, len(lives), 350)
	t.Logf("%d Deployments, %d of them refused", len(lives)+refused, refused)
	settle(t, world, namespace, lives, 1)

	each(t, lives, func(l *life) {
		again, err := api.Patch(t.Context(), l.item.Name, types.ApplyPatchType, l.manifest, applied())
		require.NoError(t, err)
		assert.Equal(t, l.first.Generation, again.Generation, "%s: 2: applying again changes nothing", l.item.Name)
	})
	anotherPolicy(t)
	each(t, lives, func(l *life) { l.isTouched(t, world) })
	settle(t, world, namespace, lives, 1)

	each(t, lives, func(l *life) {
		next, err := api.Patch(t.Context(), l.item.Name, types.ApplyPatchType, idle(t, l.item.Manifest, newer), applied())
		require.NoError(t, err, l.item.Name)
		assert.False(t, equality.Semantic.DeepEqual(l.first.Spec.Template, next.Spec.Template))
		assert.Equal(t, l.first.Spec.Selector, next.Spec.Selector, "%s: 8", l.item.Name)
	})
	settle(t, world, namespace, lives, 2)
	sets := replicaSets(t, world, namespace)
	each(t, lives, func(l *life) { l.goesBack(t, world, sets[l.first.UID]) })
	settle(t, world, namespace, lives, 2)
}

// keepsWhatWasWritten compares what a manifest says with what is there.
func (l *life) keepsWhatWasWritten(t *testing.T, d *appsv1.Deployment) {
	t.Helper()
	text, err := json.Marshal(d)
	require.NoError(t, err)
	var wrote, there any
	require.NoError(t, yaml.Unmarshal(l.manifest, &wrote))
	require.NoError(t, json.Unmarshal(text, &there))
	assert.Empty(t, lost(wrote, there, ""), "%s: 1: what its user wrote is there", l.item.Name)
}

// lost lists what of a manifest is not in an object. Quantities are written in
// more ways than one, and what is empty may be left out.
func lost(wrote, there any, at string) []string {
	var out []string
	switch w := wrote.(type) {
	case map[string]any:
		t, _ := there.(map[string]any)
		for key, value := range w {
			if strings.Contains(at, ".resources.") || strings.HasSuffix(at, ".overhead") || (at == "" && (key == "apiVersion" || key == "kind")) || key == "creationTimestamp" || key == "sizeLimit" || key == "serviceAccount" || key == "divisor" || key == "storage" {
				continue
			}
			out = append(out, lost(value, t[key], at+"."+key)...)
		}
	case []any:
		t, _ := there.([]any)
		for i, value := range w {
			if i >= len(t) {
				return append(out, at)
			}
			out = append(out, lost(value, t[i], fmt.Sprintf("%s[%d]", at, i))...)
		}
	case nil:
	default:
		if fmt.Sprint(w) != fmt.Sprint(there) && !(there == nil && (w == false || w == "" || w == float64(0))) {
			out = append(out, fmt.Sprintf("%s: %v is %v", at, w, there))
		}
	}
	return out
}

// isTouched does to a Deployment all that asks for no rollout.
func (l *life) isTouched(t *testing.T, world *kubernetes.Clientset) {
	t.Helper()
	api := world.AppsV1().Deployments("corpus")
	name := l.item.Name
	patch := func(what string, as types.PatchType, body string, options metav1.PatchOptions) {
		t.Helper()
		d, err := api.Patch(t.Context(), name, as, []byte(body), options)
		require.NoError(t, err, "%s: %s", name, what)
		assert.True(t, equality.Semantic.DeepEqual(l.first.Spec.Template, d.Spec.Template), "%s: 4: %s changes the template", name, what)
	}
	patch("an annotation", types.MergePatchType, `{"metadata":{"annotations":{"team":"shop"}}}`, metav1.PatchOptions{})
	patch("a label", types.MergePatchType, `{"metadata":{"labels":{"tier":"web"}}}`, metav1.PatchOptions{})
	patch("a pause", types.MergePatchType, `{"spec":{"paused":true}}`, metav1.PatchOptions{})
	patch("its end", types.MergePatchType, fmt.Sprintf(`{"spec":{"paused":%v}}`, l.first.Spec.Paused), metav1.PatchOptions{})
	_, err := world.AppsV1().Deployments("corpus").Patch(t.Context(), name, types.MergePatchType, []byte(`{"spec":{"replicas":0}}`), metav1.PatchOptions{}, "scale")
	require.NoError(t, err, "%s: scale", name)
	patch("a re-apply", types.ApplyPatchType, string(l.manifest), applied())

	replacement := &appsv1.Deployment{} // of a client that never saw what was injected
	require.NoError(t, yaml.Unmarshal(l.manifest, replacement))
	d, err := api.Update(t.Context(), replacement, metav1.UpdateOptions{})
	require.NoError(t, err, "%s: replace", name)
	assert.True(t, equality.Semantic.DeepEqual(l.first.Spec.Template, d.Spec.Template), "%s: 4: a replace changes the template", name)
}

// goesBack does what kubectl rollout undo does: the template and the annotations
// of the first revision.
func (l *life) goesBack(t *testing.T, world *kubernetes.Clientset, sets []appsv1.ReplicaSet) {
	t.Helper()
	if l.first.Spec.Paused {
		return // kubectl refuses
	}
	if !assert.Len(t, sets, 2, l.item.Name) {
		return
	}
	old := sets[0]
	if sets[1].Annotations["deployment.kubernetes.io/revision"] == "1" {
		old = sets[1]
	}
	template := old.Spec.Template.DeepCopy()
	delete(template.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	annotations := maps.Clone(old.Annotations)
	maps.DeleteFunc(annotations, func(key, _ string) bool { return strings.HasPrefix(key, "deployment.kubernetes.io/") })
	body, err := json.Marshal([]map[string]any{
		{"op": "replace", "path": "/spec/template", "value": template}, {"op": "replace", "path": "/metadata/annotations", "value": annotations},
	})
	require.NoError(t, err)
	d, err := world.AppsV1().Deployments("corpus").Patch(t.Context(), l.item.Name, types.JSONPatchType, body, metav1.PatchOptions{})
	require.NoError(t, err, l.item.Name)
	assert.True(t, equality.Semantic.DeepEqual(l.first.Spec.Template, d.Spec.Template), "%s: 7: going back finds the old template", l.item.Name)
}

// settle waits until the stock controller has seen everything, and counts what
// it made.
func settle(t *testing.T, world *kubernetes.Clientset, namespace string, lives []*life, want int) {
	t.Helper()
	require.Eventually(t, func() bool {
		list, err := world.AppsV1().Deployments(namespace).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		for i := range list.Items {
			if list.Items[i].Status.ObservedGeneration < list.Items[i].Generation {
				return false
			}
		}
		return true
	}, 3*time.Minute, time.Second)
	sets := replicaSets(t, world, namespace)
	for _, l := range lives {
		if !l.first.Spec.Paused {
			assert.Len(t, sets[l.first.UID], want, "%s: 5, 6: no ReplicaSet that nobody asked for", l.item.Name)
		}
	}
}

func replicaSets(t *testing.T, world *kubernetes.Clientset, namespace string) map[types.UID][]appsv1.ReplicaSet {
	t.Helper()
	list, err := world.AppsV1().ReplicaSets(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	out := map[types.UID][]appsv1.ReplicaSet{}
	for _, rs := range list.Items {
		if owner := metav1.GetControllerOf(&rs); owner != nil {
			out[owner.UID] = append(out[owner.UID], rs)
		}
	}
	return out
}

// idle is a manifest with 0 replicas and its revisions kept, edited.
func idle(t *testing.T, manifest string, edit func(*appsv1.Deployment)) []byte {
	t.Helper()
	var object map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(manifest), &object))
	delete(object, "status")
	spec := object["spec"].(map[string]any)
	spec["replicas"], spec["revisionHistoryLimit"] = 0, 10
	meta := object["metadata"].(map[string]any)
	for _, key := range []string{"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "namespace", "finalizers"} {
		delete(meta, key)
	}
	if annotations, ok := meta["annotations"].(map[string]any); ok {
		delete(annotations, "deployment.kubernetes.io/revision") // the stock controller's own
	}
	if edit != nil {
		containers := spec["template"].(map[string]any)["spec"].(map[string]any)["containers"].([]any)
		first := containers[0].(map[string]any)
		d := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Image: fmt.Sprint(first["image"])}}}}}}
		edit(d)
		first["image"] = d.Spec.Template.Spec.Containers[0].Image
	}
	text, err := yaml.Marshal(object)
	require.NoError(t, err)
	return text
}

// newer gives the first container another version.
func newer(d *appsv1.Deployment) {
	c := &d.Spec.Template.Spec.Containers[0]
	name, _, _ := strings.Cut(c.Image, "@")
	if slash := strings.LastIndex(name, "/"); strings.Contains(name[slash+1:], ":") {
		name = name[:strings.LastIndex(name, ":")]
	}
	c.Image = name + ":99.0.1"
}

func applied(dryRun ...string) metav1.PatchOptions {
	return metav1.PatchOptions{FieldManager: "team", Force: ptr.To(true), DryRun: dryRun}
}

// each does something to all, some at a time.
func each[T any](t *testing.T, all []T, do func(T)) {
	t.Helper()
	var wait sync.WaitGroup
	turns := make(chan struct{}, 6)
	for _, one := range all {
		turns <- struct{}{}
		wait.Go(func() {
			defer func() { <-turns }()
			do(one)
		})
	}
	wait.Wait()
}

// fresh gives a namespace that was not there.
func fresh(t *testing.T, world *kubernetes.Clientset, name string) {
	t.Helper()
	_, _ = fixture.Run("", "kubectl", "delete", "namespace", name, "--ignore-not-found", "--timeout=120s")
	_, err := world.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = world.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{})
	})
}

// anotherPolicy puts a policy into force that injects everything in another way,
// and takes it back at the end.
func anotherPolicy(t *testing.T) {
	t.Helper()
	withRule(t, `
    inject:
      strategy: {maxSurge: 1, maxUnavailable: 0}
      minReadySeconds: 7
      terminationGracePeriodSeconds: 45
      preStop: {sleepSeconds: 9}
      probes: {readiness: {periodSeconds: 9}, startup: {failureThreshold: 50}, liveness: {enabled: true, periodSeconds: 30}}
      versionLabel: {key: example.com/version, from: imageDigest}`)
}

// withRule adds to the tests' rule of the policy until the test ends, and gives
// the rule's new name.
func withRule(t *testing.T, more string) string {
	t.Helper()
	install := func(values string) {
		t.Helper()
		fixture.Must(t, values, "helm", "upgrade", "evenkeel", fixture.Root()+"/charts/evenkeel", "-n", fixture.System, "-f", "-", "--wait", "--timeout", "90s")
	}
	mark := fmt.Sprint("evenkeel-", time.Now().UnixNano())
	marked := strings.Replace(fixture.Values, "- name: tests", "- name: "+mark+more, 1)
	install(marked)
	t.Cleanup(func() { install(fixture.Values) })
	world := clientset(t)
	require.Eventually(t, func() bool { // on both replicas
		for range 12 {
			d := &appsv1.Deployment{}
			require.NoError(t, yaml.Unmarshal([]byte(corpus.All()[0].Manifest), d))
			d.Name, d.ResourceVersion, d.UID, d.Namespace = "probe", "", "", ""
			got, err := world.AppsV1().Deployments("default").Create(t.Context(), d, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			if err != nil || !strings.Contains(got.Annotations[policy.InjectedAnnotation], mark) {
				return false
			}
		}
		return true
	}, 90*time.Second, time.Second)
	return mark
}
