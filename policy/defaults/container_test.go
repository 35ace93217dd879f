// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
)

func TestContainers(t *testing.T) {
	const rest = `imagePullPolicy: Always, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File, image: a, `
	become(t, container, map[string]string{
		`{image: a, ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}]}`:                                    `{` + rest + `ports: [{containerPort: 80, protocol: TCP}, {containerPort: 53, protocol: UDP}]}`,
		`{image: a, resources: {limits: {cpu: 0.1m, memory: 1Gi}, requests: {cpu: 1.2m}}}`:                                `{` + rest + `resources: {limits: {cpu: 1m, memory: 1Gi}, requests: {cpu: 2m}}}`,
		`{image: a, env: [{name: A, value: ""}, {name: B, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]}`:           `{` + rest + `env: [{name: A, value: ""}, {name: B, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: spec.nodeName}}}]}`,
		`{image: a, env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: p, key: k}}}]}`:                         `{` + rest + `env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: p, key: k, optional: false}}}]}`,
		`{image: a, startupProbe: {tcpSocket: {port: 1}}}`:                                                                `{` + rest + `startupProbe: {tcpSocket: {port: 1}, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3}}`,
		`{image: a, livenessProbe: {tcpSocket: {port: 1}}}`:                                                               `{` + rest + `livenessProbe: {tcpSocket: {port: 1}, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3}}`,
		`{image: a, readinessProbe: {tcpSocket: {port: 1}}}`:                                                              `{` + rest + `readinessProbe: {tcpSocket: {port: 1}, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3}}`,
		`{image: a, lifecycle: {postStart: {httpGet: {port: 1}}}}`:                                                        `{` + rest + `lifecycle: {postStart: {httpGet: {port: 1, path: /, scheme: HTTP}}}}`,
		`{image: a, lifecycle: {preStop: {httpGet: {port: 1, path: /bye}}}}`:                                              `{` + rest + `lifecycle: {preStop: {httpGet: {port: 1, path: /bye, scheme: HTTP}}}}`,
		`{image: a, lifecycle: {preStop: {sleep: {seconds: 5}}}}`:                                                         `{` + rest + `lifecycle: {preStop: {sleep: {seconds: 5}}}}`,
		`{image: a, imagePullPolicy: Never, terminationMessagePath: /a, terminationMessagePolicy: FallbackToLogsOnError}`: `{image: a, imagePullPolicy: Never, terminationMessagePath: /a, terminationMessagePolicy: FallbackToLogsOnError}`,
	})
}

func TestProbes(t *testing.T) {
	const numbers = `timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3, `
	become(t, probe, map[string]string{
		`{exec: {command: [a]}}`:                       `{` + numbers + `exec: {command: [a]}}`,
		`{httpGet: {port: a}}`:                         `{` + numbers + `httpGet: {port: a, path: /, scheme: HTTP}}`,
		`{httpGet: {port: a, path: p, scheme: HTTPS}}`: `{` + numbers + `httpGet: {port: a, path: p, scheme: HTTPS}}`,
		`{grpc: {port: 1}}`:                            `{` + numbers + `grpc: {port: 1, service: ""}}`,
		`{grpc: {port: 1, service: s}}`:                `{` + numbers + `grpc: {port: 1, service: s}}`,
		`{timeoutSeconds: 2, periodSeconds: 3, successThreshold: 4, failureThreshold: 5}`: `{timeoutSeconds: 2, periodSeconds: 3, successThreshold: 4, failureThreshold: 5}`,
	})
}

func TestImages(t *testing.T) {
	const digest = "@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	for image, policy := range map[string]corev1.PullPolicy{
		"nginx":                        corev1.PullAlways,
		"nginx:latest":                 corev1.PullAlways,
		"localhost:5000/a/b":           corev1.PullAlways,
		"nginx:latest" + digest:        corev1.PullAlways,
		"nginx:1":                      corev1.PullIfNotPresent,
		"nginx:latest-alpine":          corev1.PullIfNotPresent,
		"localhost:5000/a/b:v1":        corev1.PullIfNotPresent,
		"nginx" + digest:               corev1.PullIfNotPresent,
		"nginx:v1" + digest:            corev1.PullIfNotPresent,
		"Registry.example.com/Capital": corev1.PullIfNotPresent,
		"":                             corev1.PullIfNotPresent,
	} {
		assert.Equal(t, policy, pullPolicy(image), "%q", image)
	}
}
