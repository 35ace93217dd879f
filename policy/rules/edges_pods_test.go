// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
)

func TestEdgesOfTheDeadlines(t *testing.T) {
	look(t, "deadline", []edge{
		{name: "the API's own", spec: "{}"},
		{name: "each counts by itself", spec: "{minReadySeconds: 50, progressDeadlineSeconds: 60}", pods: "containers: [{name: app, readinessProbe: {initialDelaySeconds: 50}}]"},
		{name: "minReadySeconds", spec: "{minReadySeconds: 60, progressDeadlineSeconds: 60}", says: "progressDeadlineSeconds 60 is too short: minReadySeconds is 60, so every rollout fails. Write:"},
		{name: "nil is 600", spec: "{progressDeadlineSeconds: null}", pods: "containers: [{name: app, startupProbe: {initialDelaySeconds: 600}}]",
			says: `progressDeadlineSeconds 600 is too short: a probe of container "app" asks after 600 s at the soonest, so every rollout fails. Write:`},
		{name: "no deadline", spec: "{progressDeadlineSeconds: 2147483647}", pods: "containers: [{name: app, readinessProbe: {initialDelaySeconds: 2147483647}}]"},
	})
	look(t, "probe-budget", []edge{
		{name: "it fits", spec: "{progressDeadlineSeconds: 301}", pods: "containers: [{name: app, startupProbe: {failureThreshold: 30}}]"},
		{name: "to the second", spec: "{progressDeadlineSeconds: 300}", pods: "containers: [{name: app, startupProbe: {failureThreshold: 30}}]",
			says: `the startup probe of container "app" allows 300 s, and progressDeadlineSeconds 300: a pod that may still start fails the rollout. Write:`},
		{name: "no deadline", spec: "{progressDeadlineSeconds: 2147483647}", pods: "containers: [{name: app, startupProbe: {periodSeconds: 2147483647, failureThreshold: 9}}]"},
	})
}

func TestEdgesOfGrace(t *testing.T) {
	for command, seconds := range map[string]int64{
		`[sleep, "15"]`: 15, `[/bin/sleep, "15"]`: 15, `[sleep, 15s]`: 15, `[sh, -c, sleep 15]`: 15, `[/bin/sh, -c, sleep 15s]`: 15,
		`[sleep, 1m]`: -1, `[sh, -c, sleep 15 && nginx -s quit]`: -1, `[sleep]`: -1, `[nginx, -s, quit]`: -1,
	} {
		c := parsed[corev1.Container](t, "{lifecycle: {preStop: {exec: {command: "+command+"}}}}")
		sleep, known := sleepOf(&c)
		assert.Equal(t, seconds >= 0, known, command)
		if known {
			assert.Equal(t, seconds, sleep, command)
		}
	}
	look(t, "grace", []edge{
		{name: "no hook"},
		{name: "nil is 30", pods: "containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 29}}}}]"},
		{name: "all of it", pods: "containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 30}}}}]",
			says: `preStop of container "app" sleeps 30 s and the grace period is 30 s: the process is killed before it is told to end. Write in the pod's spec:`},
		{name: "the longest of several", pods: "{terminationGracePeriodSeconds: 5, containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 6}}}}, {name: b, lifecycle: {preStop: {sleep: {seconds: 90}}}}]}",
			says: `preStop of container "b" sleeps 90 s and the grace period is 5 s: the process is killed before it is told to end. Write in the pod's spec:`},
	})
}

func TestEdgesOfPortsImagesAndSelectors(t *testing.T) {
	look(t, "host-port", []edge{
		{name: "none"},
		{name: "UDP and TCP are one number", pods: "containers: [{name: app, ports: [{containerPort: 53, hostPort: 53}, {containerPort: 53, hostPort: 53, protocol: UDP}]}]",
			says: "the pods take port 53 of their node, and a rollout starts 1 new pod beside the old: where every node has one it waits for ever. Write:"},
		{name: "the node's network", pods: "hostNetwork: true",
			says: "the pods take port 8080 of their node, and a rollout starts 1 new pod beside the old: where every node has one it waits for ever. Write:"},
		{name: "no surge", spec: shape(4, "0", "1"), pods: "hostNetwork: true"},
	})
	look(t, "probe-port", []edge{
		{name: "a number", pods: "containers: [{name: app, livenessProbe: {httpGet: {port: 9}}}]"},
		{name: "its own name", pods: "containers: [{name: app, livenessProbe: {tcpSocket: {port: http}}}]"},
		{name: "a hook", pods: "containers: [{name: app, lifecycle: {preStop: {httpGet: {port: bye}}}}]",
			says: `preStop of container "app" asks port "bye", and it has "http": it fails every time. Add to the container, with the right number:`},
		{name: "a sidecar", pods: "initContainers: [{name: side, restartPolicy: Always, startupProbe: {httpGet: {port: http}}}]",
			says: `startupProbe of container "side" asks port "http", and it names none: it fails every time. Add to the container, with the right number:`},
	})
	for image, why := range map[string]string{
		"": "", "nginx": "has no tag, which means latest", "r:5000/a/b": "has no tag, which means latest", "nginx:latest": "has a tag that moves", "nginx:Main": "has a tag that moves",
		"nginx:1.27": "", "nginx:stable-1": "", "nginx@sha256:00": "", "nginx:latest@sha256:00": "", "r:5000/a:v1": "",
	} {
		assert.Equal(t, why, moving(corev1.Container{Image: image}), image)
	}
	for labels, says := range map[string]string{
		"{app: demo}": "", "{app: demo, version: v1}": "", "{app: demo, version: stable}": "", "{chart: shop}": "",
		"{chart: shop-1.2.3}":             "the selector contains chart=shop-1.2.3, and a selector can never change: the next version cannot be applied. Write, before it is created:",
		"{app: demo, version: v1.2.3}":    "the selector contains version=v1.2.3, and a selector can never change: the next version cannot be applied. Write, before it is created:",
		"{helm.sh/chart: a, version: v1}": "the selector contains helm.sh/chart=a, and a selector can never change: the next version cannot be applied. Write, before it is created:",
	} {
		look(t, "selector-version", []edge{{name: labels, spec: "{selector: {matchLabels: " + labels + "}}", says: says}})
	}
	look(t, "selector-version", []edge{{name: "no selector", spec: "{selector: null}"}})
}
