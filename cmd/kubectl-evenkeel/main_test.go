// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	clientfake "sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// world is the cluster that commands see.
type world struct {
	typed *fake.Clientset
	all   client.Client
	// warns is what admission says to every write.
	warns string
	away  error
}

func flying(name string, change func(*rollout.State)) *appsv1.Deployment {
	state := rollout.State{
		Phase: rollout.Stepping, Stage: rollout.StageDwell, Steps: "20%:pause,100%", Weight: 20, User: &rollout.Knobs{}, Since: time.Now().Add(-time.Minute),
		Wait: "the step's time is over", Stable: rollout.Version{ReplicaSet: name + "-old"}, Canary: rollout.Version{ReplicaSet: name + "-new"},
	}
	if change != nil {
		change(&state)
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, ResourceVersion: "7", Annotations: map[string]string{rollout.StateAnnotation: state.String()}},
		Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}},
	}
}

func newWorld(objects ...runtime.Object) *world {
	objects = append(objects,
		&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db"}, Spec: appsv1.StatefulSetSpec{Selector: &metav1.LabelSelector{}}},
		&appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "agent"}, Spec: appsv1.DaemonSetSpec{Selector: &metav1.LabelSelector{}}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "web"}})
	return &world{typed: fake.NewClientset(objects...), all: clientfake.NewClientBuilder().WithScheme(command.Scheme()).Build()}
}

// called runs a command as main does, in namespace shop.
func (w *world) called(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(kubeconfig, []byte(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, namespace: shop}}], clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]}`), 0o600))
	t.Setenv("KUBECONFIG", kubeconfig)
	c := newCluster()
	c.connect = func(warnings rest.WarningHandler) (kubernetes.Interface, client.Client, error) {
		if w.warns != "" {
			warnings.HandleWarningHeader(299, "", w.warns)
		}
		return w.typed, w.all, w.away
	}
	root := rootCommand(c)
	var out, errs bytes.Buffer
	root.SetArgs(args)
	root.SetIn(strings.NewReader(""))
	root.SetOut(&out)
	root.SetErr(&errs)
	if err := root.ExecuteContext(t.Context()); err != nil {
		code = command.Tell(&errs, err)
	}
	return code, out.String(), errs.String()
}

func TestStatus(t *testing.T) {
	paused := func(s *rollout.State) {
		s.Wait = "a person says so (annotation evenkeel.dev/action: continue, skip or rollback)"
	}
	for name, row := range map[string]struct {
		objects     []runtime.Object
		args        []string
		code        int
		out, errOut string
	}{
		"nothing":              {nil, nil, 0, "", "no rollout is in flight, and none ended within 1h0m0s\n"},
		"nothing, as JSON":     {nil, []string{"-o", "json"}, 0, "{\n  \"rollouts\": []\n}\n", ""},
		"one":                  {[]runtime.Object{flying("demo", nil)}, nil, 0, "demo   canary     Stepping   1/2    20%", ""},
		"all namespaces":       {[]runtime.Object{flying("demo", nil)}, []string{"-A"}, 0, "NAMESPACE   NAME", ""},
		"a name":               {[]runtime.Object{flying("demo", nil)}, []string{"demo", "sts/db", "-o", "name"}, 0, "deployment.apps/demo\nstatefulset.apps/db\n", ""},
		"well":                 {[]runtime.Object{flying("demo", nil)}, []string{"--exit-code"}, 0, "demo", ""},
		"waits, unasked":       {[]runtime.Object{flying("demo", paused)}, nil, 0, "a person says so", ""},
		"waits":                {[]runtime.Object{flying("demo", paused)}, []string{"--exit-code"}, needsPerson, "a person says so", ""},
		"a name in all":        {nil, []string{"-A", "demo"}, 1, "", "evenkeel: --all-namespaces goes with no names: a name is of one namespace\n"},
		"no such format":       {nil, []string{"-o", "xml"}, 1, "", `evenkeel: --output="xml" is not known: use wide, json, yaml, name`},
		"no such name":         {nil, []string{"lost"}, 1, "", `evenkeel: cannot read the Deployment: deployments.apps "lost" not found`},
		"no such kind":         {nil, []string{"pod/x"}, 1, "", `evenkeel: "pod/x" names no workload`},
		"no such flag":         {nil, []string{"--wide"}, 1, "", "evenkeel: unknown flag: --wide"},
		"what ended is quiet":  {[]runtime.Object{flying("demo", func(s *rollout.State) { s.Phase = rollout.Completed })}, []string{"--recent=0s"}, 0, "", "none ended within 0s"},
		"what ended is listed": {[]runtime.Object{flying("demo", func(s *rollout.State) { s.Phase = rollout.RolledBack })}, []string{"--exit-code"}, needsPerson, "RolledBack", ""},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := newWorld(row.objects...).called(t, append([]string{"status"}, row.args...)...)
			assert.Equal(t, row.code, code)
			assert.Contains(t, out, row.out)
			assert.Contains(t, errOut, row.errOut)
			assert.NotContains(t, out, "\x1b", "no colours but on terminals")
		})
	}
}

// What admission answers is printed as it is.
func TestActions(t *testing.T) {
	refused := errors.New(`admission webhook "deployments-guarded.evenkeel.dev" denied the request: evenkeel: action "retry": no rollout was rolled back`)
	for name, row := range map[string]struct {
		args        []string
		answer      error
		code        int
		out, errOut string
		patch       string
	}{
		"continue":          {[]string{"continue", "demo"}, nil, 0, "deployment.apps/demo: said \"continue\" (Stepping, step 1/2, 20%)\n", "Warning: mind the gap\n", `"evenkeel.dev/action":"continue"`},
		"skip":              {[]string{"skip", "deploy/demo"}, nil, 0, `said "skip"`, "", `"evenkeel.dev/action":"skip"`},
		"back, no terminal": {[]string{"rollback", "demo"}, nil, 0, `said "rollback"`, "", `"evenkeel.dev/action":"rollback"`},
		"back, sure":        {[]string{"rollback", "demo", "--yes"}, nil, 0, `said "rollback"`, "", `"evenkeel.dev/action":"rollback"`},
		"hold":              {[]string{"hold", "demo"}, nil, 0, `said "hold"`, "", `"paused":true`},
		"resume":            {[]string{"resume", "demo"}, nil, 0, `said "resume"`, "", `"paused":false`},
		"hold a set":        {[]string{"hold", "sts/db"}, nil, 0, "statefulset.apps/db: said \"hold\" (nothing is in flight)", "", `"evenkeel.dev/action":"hold"`},
		"resume a set":      {[]string{"resume", "sts/db"}, nil, 1, "", "statefulset.apps/db is not held", ""},
		"refused":           {[]string{"retry", "demo"}, refused, 1, "", "evenkeel: " + refused.Error(), `"evenkeel.dev/action":"retry"`},
		"no name":           {[]string{"retry"}, nil, 1, "", "evenkeel: accepts 1 arg(s), received 0", ""},
		"another namespace": {[]string{"retry", "demo", "-n", "web"}, nil, 1, "", `deployments.apps "demo" not found`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(flying("demo", nil))
			w.warns = "mind the gap"
			patch := ""
			w.typed.PrependReactor("patch", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
				patch = string(action.(clienttesting.PatchAction).GetPatch())
				return true, nil, row.answer
			})
			code, out, errOut := w.called(t, row.args...)
			assert.Equal(t, row.code, code)
			assert.Contains(t, out, row.out)
			assert.Contains(t, errOut, row.errOut)
			assert.Contains(t, patch, row.patch)
			if patch != "" && row.args[1] != "sts/db" {
				assert.Contains(t, patch, `"resourceVersion":"7"`)
			}
		})
	}
}

func TestOnlyAYesIsAYes(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "Yes\n": true, "n\n": false, "\n": false, "": false, "yeah\n": false} {
		var asked bytes.Buffer
		seen, err := named(t.Context(), newWorld(flying("demo", nil)).typed, "shop", []string{"demo"})
		require.NoError(t, err)
		assert.Equal(t, want, confirmed(strings.NewReader(answer), &asked, seen[0]), "%q", answer)
		assert.Equal(t, "Roll back deployment.apps/demo (Stepping, step 1/2, 20%)? [y/N] ", asked.String())
	}
}

// Names, kinds, namespaces and formats are completed as kubectl asks for them.
func TestCompletion(t *testing.T) {
	w := newWorld(flying("demo", nil), flying("other", nil))
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"names":          {[]string{"watch", ""}, "demo\nother\nstatefulset/db\ndaemonset/agent\n:4\n"},
		"a part":         {[]string{"continue", "de"}, "demo\n:4\n"},
		"a kind":         {[]string{"history", "stat"}, "statefulset/db\n:4\n"},
		"one is enough":  {[]string{"rollback", "demo", ""}, ":4\n"},
		"several":        {[]string{"status", "demo", ""}, "other\nstatefulset/db\ndaemonset/agent\n:4\n"},
		"namespaces":     {[]string{"status", "-n", ""}, "shop\nweb\n:4\n"},
		"formats":        {[]string{"status", "-o", ""}, "wide\njson\nyaml\nname\n:4\n"},
		"commands":       {[]string{"roll"}, "rollback\tTake a rollout in flight back to stable, or a Deployment to a revision\n:4\n"},
		"other's":        {[]string{"lin"}, "lint\tJudge manifests as admission would\n:4\n"},
		"in a namespace": {[]string{"watch", "-n", "web", ""}, ":4\n"},
	} {
		t.Run(name, func(t *testing.T) {
			_, out, _ := w.called(t, append([]string{"__complete"}, row.args...)...)
			assert.Equal(t, row.want, out)
		})
	}
	w.away = errors.New("no cluster")
	_, out, _ := w.called(t, "__complete", "watch", "")
	assert.Equal(t, ":4\n", out, "whoever reaches no cluster gets nothing")
}

func TestHistoryIsPrinted(t *testing.T) {
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "demo-new", Annotations: map[string]string{"deployment.kubernetes.io/revision": "2"},
		OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: "demo", Controller: new(bool)}},
	}}
	*rs.OwnerReferences[0].Controller = true
	w := newWorld(flying("demo", nil), rs)
	code, out, _ := w.called(t, "history", "demo")
	assert.Zero(t, code)
	assert.Contains(t, out, "2          canary   demo-new")
	_, out, _ = w.called(t, "history", "demo", "-o", "json")
	var data struct{ Revisions []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(out), &data))
	assert.Equal(t, "canary", data.Revisions[0]["role"])
	_, out, _ = w.called(t, "history", "demo", "-o", "yaml")
	assert.Contains(t, out, "role: canary")
}

const manifestText = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: new}\nspec: {replicas: 2, selector: {matchLabels: {app: new}}, template: {metadata: {labels: {app: new}}, spec: {containers: [{name: app, image: \"demo:v1\"}]}}}\n"

func TestExplainIsPrinted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new.yaml")
	require.NoError(t, os.WriteFile(file, []byte(manifestText), 0o600))
	code, out, _ := newWorld().called(t, "explain", "-f", file)
	assert.Zero(t, code)
	assert.Contains(t, out, "Deployment shop/new: it is created, and its 2 pods start at once")
	_, out, _ = newWorld().called(t, "explain", "-f", file, "-o", "json", "-n", "web")
	assert.Contains(t, out, `"namespace": "web"`)

	require.NoError(t, os.WriteFile(file, []byte("apiVersion: v1\nkind: Service\nmetadata: {name: x}\n"), 0o600))
	for _, args := range [][]string{{"explain"}, {"explain", "-f", "nothing.yaml"}, {"explain", "-f", file}, {"explain", "-f", file, "-o", "xml"}} {
		code, _, errOut := newWorld().called(t, args...)
		assert.Equal(t, 1, code)
		assert.NotEmpty(t, errOut, args)
	}
}

func TestDoctorIsPrinted(t *testing.T) {
	code, out, _ := newWorld().called(t, "doctor")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "FAIL  manager: no Deployment with label")
	_, out, _ = newWorld().called(t, "doctor", "-o", "yaml")
	assert.Contains(t, out, "verdict: FAIL")
}

// What is no terminal is told line by line, and the end is the rollout's.
func TestWatchWithoutATerminal(t *testing.T) {
	w := newWorld(flying("demo", nil))
	go func() {
		for watches := 0; watches < 2; { // a fake cluster tells nobody of what was before
			time.Sleep(5 * time.Millisecond)
			watches = 0
			for _, action := range w.typed.Actions() {
				if action.GetVerb() == "watch" {
					watches++
				}
			}
		}
		ended := flying("demo", func(s *rollout.State) { s.Phase, s.Reason = rollout.RolledBack, "a person asked for it" })
		_, _ = w.typed.AppsV1().Deployments("shop").Update(t.Context(), ended, metav1.UpdateOptions{})
	}()
	code, out, _ := w.called(t, "watch", "demo")
	assert.Equal(t, needsPerson, code)
	assert.Contains(t, out, "RolledBack: a person asked for it")
}

func TestVersionAndSharedExamples(t *testing.T) {
	_, out, _ := newWorld().called(t, "version")
	assert.Regexp(t, `^kubectl-evenkeel dev go1\.`, out)
	_, out, _ = newWorld().called(t, "lint", "--help")
	assert.Contains(t, out, "  kubectl evenkeel lint deploy/\n")
}

// The page has a row for every command, and none for another.
func TestThePageKnowsEveryCommand(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "kubectl.md"))
	require.NoError(t, err)
	var rows, commands []string
	for _, found := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, found[1])
	}
	for _, cmd := range rootCommand(newCluster()).Commands() {
		commands = append(commands, cmd.Name())
	}
	assert.ElementsMatch(t, commands, rows)
}

// What the page shows is what the tests have seen.
func TestTheScreensOfThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "kubectl.md"))
	require.NoError(t, err)
	for _, screen := range []string{"status/testdata/table.txt", "watch/testdata/measured.txt", "explain/testdata/starts.txt", "doctor/testdata/well.txt", "releases/testdata/table.txt", "releases/testdata/completed.txt"} {
		text, err := os.ReadFile(filepath.Join("internal", screen))
		require.NoError(t, err)
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			assert.Contains(t, string(page), strings.TrimRight("    "+line, " ")+"\n", screen)
		}
	}
}
