// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// addressFlag is the manager's flag for where its pages are.
	addressFlag = "--dashboard-address="
	// usualPort is where they are without it.
	usualPort = 8082
)

// target is a manager, and the port of its pages.
type target struct {
	pod  string
	port int
}

// find finds a manager that is ready.
func find(ctx context.Context, client kubernetes.Interface, namespace, selector string) (target, error) {
	pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return target{}, fmt.Errorf("cannot list the managers' pods: %w", err)
	}
	to, err := choose(pods.Items)
	if err != nil {
		return target{}, fmt.Errorf("%w (namespace %s, labels %s)", err, namespace, selector)
	}
	return to, nil
}

// choose takes the youngest manager that is ready and has pages: in the midst of an
// upgrade, the one that stays.
func choose(pods []corev1.Pod) (target, error) {
	managers, off := 0, 0
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for _, pod := range pods {
		arguments, is := managerOf(pod)
		if !is {
			continue
		}
		managers++
		if !ready(pod) {
			continue
		}
		port, err := pages(arguments)
		if err != nil {
			return target{}, fmt.Errorf("pod %q: %w", pod.Name, err)
		}
		if port > 0 {
			return target{pod: pod.Name, port: port}, nil
		}
		off++
	}
	switch {
	case off > 0:
		return target{}, fmt.Errorf("the dashboard is switched off; switch it on: helm upgrade evenkeel charts/evenkeel -n evenkeel-system --reuse-values --set dashboard.enabled=true")
	case managers > 0:
		return target{}, fmt.Errorf("none of %d managers is ready", managers)
	default:
		return target{}, fmt.Errorf("there is no manager of Evenkeel; say where it is by --evenkeel-namespace and --evenkeel-selector")
	}
}

// managerOf gives the arguments of the pod's manager, and whether it has one.
func managerOf(pod corev1.Pod) ([]string, bool) {
	for _, container := range pod.Spec.Containers {
		if len(container.Args) > 0 && container.Args[0] == "manager" {
			return container.Args, true
		}
	}
	return nil, false
}

func ready(pod corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// pages is the port of a manager's pages by its arguments; 0 where it has none.
func pages(arguments []string) (int, error) {
	for _, argument := range arguments {
		value, is := strings.CutPrefix(argument, addressFlag)
		if !is {
			continue
		}
		if value == "0" {
			return 0, nil
		}
		_, text, err := net.SplitHostPort(value)
		if err != nil {
			return 0, fmt.Errorf("cannot read its argument %s: %w", argument, err)
		}
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("cannot read its argument %s: %w", argument, err)
		}
		return int(port), nil
	}
	return usualPort, nil
}
