// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// versions are the Deployment demo at its second revision, and the ReplicaSets of
// both.
func versions() []runtime.Object {
	d := flying("demo", func(s *rollout.State) { s.Phase = rollout.Completed })
	d.UID = "u"
	out := []runtime.Object{d}
	for number, hash := range map[string]string{"4": "a", "5": "b"} {
		template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "demo:" + hash}}}}
		if hash == "b" {
			d.Spec.Template = template
		}
		out = append(out, &appsv1.ReplicaSet{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "shop", Name: "demo-" + hash, Labels: map[string]string{"app": "demo", appsv1.DefaultDeploymentUniqueLabelKey: hash},
				Annotations:     map[string]string{"deployment.kubernetes.io/revision": number},
				OwnerReferences: []metav1.OwnerReference{{UID: "u", Controller: ptr.To(true)}},
			},
			Spec: appsv1.ReplicaSetSpec{Template: template},
		})
	}
	return append(out, released("a", "4", rollout.RolledBack))
}

// What the ledger keeps is told, then it is written, and admission's answer printed.
func TestRollbackTo(t *testing.T) {
	const said = "shop/demo goes back from revision 5 (demo-b, demo:b) to revision 4 (demo-a, demo:a)\n" +
		"revision 4 was rolled back on 1970-01-01 at 00:01 UTC\n"
	refused := errors.New("evenkeel: this template was rolled back")
	for name, row := range map[string]struct {
		args        []string
		answer      error
		code        int
		out, errOut string
		patched     bool
	}{
		"written":      {[]string{"demo", "--to", "4"}, nil, 0, "deployment.apps/demo: back to the template of revision 4\n", said + "Warning: mind the gap\n", true},
		"sure":         {[]string{"demo", "--to", "4", "-y"}, nil, 0, "back to the template of revision 4\n", said, true},
		"tried":        {[]string{"demo", "--to", "4", "--dry-run=server"}, nil, 0, "back to the template of revision 4 (server dry run)\n", "Warning: mind the gap\n", true},
		"refused":      {[]string{"demo", "--to", "4"}, refused, 1, "", said + "Warning: mind the gap\nevenkeel: " + refused.Error(), true},
		"no such":      {[]string{"demo", "--to", "3"}, nil, 1, "", "evenkeel: revision 3 is not kept; kept are 4 (demo-a)", false},
		"none is good": {[]string{"demo", "--to", "previous"}, nil, 1, "", "evenkeel: there is no version to go back to; kept are 4 (demo-a)", false},
		"no revision":  {[]string{"demo", "--to", "v4"}, nil, 1, "", `evenkeel: --to="v4" is no revision`, false},
		"empty":        {[]string{"demo", "--to", ""}, nil, 1, "", "evenkeel: --to is empty: write a number", false},
		"no dry run":   {[]string{"demo", "--to", "4", "--dry-run=client"}, nil, 1, "", `evenkeel: --dry-run="client" is not known: use none, server`, false},
		"a word":       {[]string{"demo", "--dry-run=server"}, nil, 1, "", "evenkeel: --dry-run goes with --to", false},
		"a set": {[]string{"sts/db", "--to", "4"}, nil, 1, "", "evenkeel: --to is for Deployments; a StatefulSet goes back by kubectl, and is released in batches as always:\n" +
			"  kubectl rollout undo statefulset/db -n shop --to-revision=4\n", false},
		"a set's last": {[]string{"ds/agent", "--to", "previous"}, nil, 1, "", "  kubectl rollout undo daemonset/agent -n shop\n", false},
		"no such name": {[]string{"lost", "--to", "4"}, nil, 1, "", `evenkeel: cannot read the Deployment: deployments.apps "lost" not found`, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, patched := newWorld(versions()...), false
			w.warns = "mind the gap"
			w.typed.PrependReactor("patch", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) {
				patched = true
				return true, nil, row.answer
			})
			code, out, errOut := w.called(t, append([]string{"rollback"}, row.args...)...)
			assert.Equal(t, row.code, code)
			assert.Contains(t, out, row.out)
			assert.Contains(t, errOut, row.errOut)
			assert.Equal(t, row.patched, patched)
		})
	}
}

// A ledger that may not be read stops nobody from going back.
func TestRollbackToWithoutTheLedger(t *testing.T) {
	w := newWorld(versions()...)
	w.typed.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("forbidden") })
	code, _, errOut := w.called(t, "rollback", "demo", "--to", "previous")
	assert.Zero(t, code)
	assert.Equal(t, "Warning: the ledger is left out: forbidden\nshop/demo goes back from revision 5 (demo-b, demo:b) to revision 4 (demo-a, demo:a)\n"+
		"how releases of revision 4 went is not known\n", errOut)
}

func TestGoingBackIsAsked(t *testing.T) {
	var asked bytes.Buffer
	assert.True(t, agreed(strings.NewReader("y\n"), &asked, "Go back?"))
	assert.Equal(t, "Go back? [y/N] ", asked.String())
}
