// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// manager is a pod that is ready, so many minutes old.
func manager(name string, old int, change ...func(*corev1.Pod)) corev1.Pod {
	pod := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "evenkeel-system", Name: name, Labels: map[string]string{"app.kubernetes.io/name": "evenkeel"},
			CreationTimestamp: metav1.NewTime(time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC).Add(-time.Duration(old) * time.Minute)),
		},
		Spec:   corev1.PodSpec{Containers: []corev1.Container{{Name: "manager", Args: []string{"manager", "--dashboard-address=127.0.0.1:8082"}}}},
		Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}
	for _, one := range change {
		one(&pod)
	}
	return pod
}

func arguments(all ...string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Spec.Containers[0].Args = all }
}

func unready(pod *corev1.Pod) { pod.Status.Conditions[0].Status = corev1.ConditionFalse }

func leaving(pod *corev1.Pod) { pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }

func TestChoose(t *testing.T) {
	for _, row := range []struct {
		name  string
		of    []corev1.Pod
		want  target
		fails string
	}{
		{"the youngest", []corev1.Pod{manager("a", 9), manager("b", 2), manager("c", 5)}, target{"b", 8082}, ""},
		{"that is ready", []corev1.Pod{manager("a", 9), manager("b", 2, unready)}, target{"a", 8082}, ""},
		{"and stays", []corev1.Pod{manager("a", 9), manager("b", 2, leaving)}, target{"a", 8082}, ""},
		{"and has pages", []corev1.Pod{manager("a", 9), manager("b", 2, arguments("manager", "--dashboard-address=0"))}, target{"a", 8082}, ""},
		{"on a port of its own", []corev1.Pod{manager("a", 9, arguments("manager", "--dashboard-address=localhost:9000"))}, target{"a", 9000}, ""},
		{"on the usual port", []corev1.Pod{manager("a", 9, arguments("manager"))}, target{"a", 8082}, ""},
		{"a Job of the chart", []corev1.Pod{manager("a", 9, arguments("restore", "--all"))}, target{}, "there is no manager of Evenkeel; say where it is by --evenkeel-namespace and --evenkeel-selector"},
		{"nothing", nil, target{}, "there is no manager of Evenkeel; say where it is by --evenkeel-namespace and --evenkeel-selector"},
		{"none is ready", []corev1.Pod{manager("a", 9, unready), manager("b", 9, leaving)}, target{}, "none of 2 managers is ready"},
		{"off", []corev1.Pod{manager("a", 9, arguments("manager", "--dashboard-address=0"))}, target{}, "the dashboard is switched off; switch it on: helm upgrade evenkeel charts/evenkeel -n evenkeel-system --reuse-values --set dashboard.enabled=true"},
		{"unreadable", []corev1.Pod{manager("a", 9, arguments("manager", "--dashboard-address=x"))}, target{}, `pod "a": cannot read its argument --dashboard-address=x: address x: missing port in address`},
		{"no port", []corev1.Pod{manager("a", 9, arguments("manager", "--dashboard-address=x:http"))}, target{}, `pod "a": cannot read its argument --dashboard-address=x:http: strconv.ParseUint: parsing "http": invalid syntax`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := choose(row.of)
			assert.Equal(t, row.want, got)
			if row.fails == "" {
				require.NoError(t, err)
				return
			}
			assert.EqualError(t, err, row.fails)
		})
	}
}
