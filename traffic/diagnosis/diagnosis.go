// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxMessage bounds what is told of the cluster's own words, in characters.
const maxMessage = 200

// crashing is the kubelet's word for a container that it starts more and more seldom.
const crashing = "CrashLoopBackOff"

// finding is what is wrong with one pod. The least rank says the most.
type finding struct {
	rank int
	text string
}

// The ranks of findings.
const (
	container = iota // a container does not start, or does not stay
	pod              // the pod itself failed, or finds no node
	unready          // all run, and it is not ready
	young            // it is being set up
)

// Of says what is wrong with the pods that an object of a kind controls: of the one of
// which most can be said, the first by name. It is empty where all of them are ready,
// or going. Other pods are not looked at.
func Of(pods []*corev1.Pod, kind, name string) string {
	var found []finding
	sorted := slices.DeleteFunc(slices.Clone(pods), func(p *corev1.Pod) bool {
		owner := metav1.GetControllerOfNoCopy(p)
		return owner == nil || owner.Kind != kind || owner.Name != name
	})
	slices.SortFunc(sorted, func(a, b *corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	for _, p := range sorted {
		if one, sick := look(p); sick {
			found = append(found, one)
		}
	}
	if len(found) == 0 {
		return ""
	}
	worst := slices.MinFunc(found, func(a, b finding) int { return cmp.Compare(a.rank, b.rank) })
	if len(found) > 1 {
		return fmt.Sprintf("%s; %d of %d pods are not ready", worst.text, len(found), len(sorted))
	}
	return worst.text
}

// look tells what is wrong with a pod, unless it is ready or going.
func look(p *corev1.Pod) (finding, bool) {
	ready := condition(p, corev1.PodReady)
	if p.DeletionTimestamp != nil || ready.Status == corev1.ConditionTrue {
		return finding{}, false
	}
	if p.Status.Phase == corev1.PodFailed {
		return finding{pod, fmt.Sprintf("pod %q failed%s", p.Name, said(p.Status.Reason, p.Status.Message))}, true
	}
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if text := broken(c); text != "" {
			return finding{container, fmt.Sprintf("container %q of pod %q %s", c.Name, p.Name, text)}, true
		}
	}
	if scheduled := condition(p, corev1.PodScheduled); scheduled.Status == corev1.ConditionFalse {
		return finding{pod, fmt.Sprintf("pod %q finds no node%s", p.Name, said(scheduled.Reason, scheduled.Message))}, true
	}
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Running != nil && !c.Ready {
			return finding{unready, fmt.Sprintf("container %q of pod %q runs, and is not ready", c.Name, p.Name)}, true
		}
	}
	if running(p) {
		return finding{unready, fmt.Sprintf("the containers of pod %q are ready, and it is not%s", p.Name, said(ready.Reason, ready.Message))}, true
	}
	return finding{young, fmt.Sprintf("pod %q is being set up", p.Name)}, true
}

// broken says why a container does not start, or does not stay; empty where it does
// either, or has not been tried.
func broken(c corev1.ContainerStatus) string {
	waits, ended := c.State.Waiting, cmp.Or(c.State.Terminated, c.LastTerminationState.Terminated)
	switch {
	case waits != nil && waits.Reason == crashing && ended != nil:
		return fmt.Sprintf("crashes (%s), the last time with %s", crashing, exit(ended))
	case waits != nil && waits.Reason != "" && waits.Reason != "ContainerCreating" && waits.Reason != "PodInitializing":
		return "does not start" + said(waits.Reason, waits.Message)
	case c.Ready || ended == nil || (c.State.Terminated != nil && ended.ExitCode == 0): // an init container that is done
		return ""
	default:
		return "ended with " + exit(ended)
	}
}

func exit(ended *corev1.ContainerStateTerminated) string {
	text := fmt.Sprintf("exit code %d", ended.ExitCode)
	if ended.Reason != "" && ended.Reason != "Error" && ended.Reason != "Completed" {
		text += " (" + ended.Reason + ")"
	}
	return text
}

// running tells whether each container has started, and is ready.
func running(p *corev1.Pod) bool {
	return len(p.Status.ContainerStatuses) > 0 && !slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool { return !c.Ready })
}

// condition is a pod's condition, zero where it has none.
func condition(p *corev1.Pod, kind corev1.PodConditionType) corev1.PodCondition {
	for _, c := range p.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return corev1.PodCondition{}
}

// said is the cluster's own word, and its sentence on one line.
func said(reason, message string) string {
	text := ""
	if reason != "" {
		text = " (" + reason + ")"
	}
	if words := []rune(strings.Join(strings.Fields(message), " ")); len(words) > maxMessage {
		text += ": " + string(words[:maxMessage-1]) + "…"
	} else if len(words) > 0 {
		text += ": " + string(words)
	}
	return text
}
