// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/policy"
)

const told = "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nnotifications:\n- name: a\n  "

func TestNotifications(t *testing.T) {
	set, err := Load([]byte(told + `when: [waiting]
  namespaces: ["shop-*"]
  slack: {urlFrom: {secret: s, key: url}}
- name: b
  http: {url: "http://events:8080/x", headersFrom: {X-Token: {secret: s, key: token}}}
  template: "{{.Name}}"
- name: c
  http: {urlFrom: {secret: s, key: c}}
`))
	require.NoError(t, err)
	assert.Equal(t, []policy.Notification{
		{Name: "a", When: []policy.Moment{policy.Waiting}, Match: policy.Match{Namespaces: []string{"shop-*"}}, Slack: &policy.SecretKey{Secret: "s", Key: "url"}},
		{Name: "b", HTTP: &policy.HTTPTarget{URL: "http://events:8080/x", HeadersFrom: map[string]policy.SecretKey{"X-Token": {Secret: "s", Key: "token"}}}, Template: "{{.Name}}"},
		{Name: "c", HTTP: &policy.HTTPTarget{URLFrom: &policy.SecretKey{Secret: "s", Key: "c"}}},
	}, set.Notifications)
	a := set.Notifications[0]
	assert.True(t, a.Wants(policy.Waiting, "shop-eu"))
	assert.False(t, a.Wants(policy.Started, "shop-eu"))
	assert.False(t, a.Wants(policy.Waiting, "bank"))
	assert.True(t, set.Notifications[2].Wants(policy.Started, "bank"))
}

// What is wrong with a notification is told by its path when the policy is read.
func TestBrokenNotifications(t *testing.T) {
	slack := "slack: {urlFrom: {secret: s, key: url}}"
	for text, says := range map[string]string{
		slack + "\n- " + slack:                    "notifications[1].name: Required value: every notification has a name, by which logs speak of it",
		slack + "\n- name: a\n  " + slack:         `notifications[1].name: Duplicate value: "a"`,
		slack + "\n  when: [soon]":                `notifications[0].when[0]: Unsupported value: "soon": supported values: "started", "waiting", "rollingBack", "ended"`,
		slack + "\n  namespaces: ['[']":           `notifications[0].namespaces[0]: Invalid value: "[": a name or a glob such as "shop-*"`,
		slack + "\n  template: '{{.Deployment}}'": "notifications[0].template: Invalid value",
		"when: [ended]":                           "notifications[0]: Required value: either slack or http, and not both",
		slack + "\n  http: {url: 'http://a'}":     "notifications[0]: Required value: either slack or http, and not both",
		"slack: {urlFrom: {secret: S, key: ''}}":  `[notifications[0].slack.urlFrom.secret: Invalid value: "S": the name of a Secret in Evenkeel's namespace, notifications[0].slack.urlFrom.key: Invalid value: "": a key of the Secret:`,
		"http: {}":                                "notifications[0].http: Required value: either url or urlFrom, and not both",
		"http: {url: 'ftp://a'}":                  `notifications[0].http.url: Invalid value: "ftp://a": an address such as https://events.example.com/rollouts`,
		"http: {url: 'http://a', headersFrom: {'a b': {secret: s, key: k}}}":               `notifications[0].http.headersFrom[a b]: Invalid value: "a b": the name of an HTTP header`,
		"slack: {url: 'https://hooks.slack.com/services/T/B/X'}":                           `unknown field "notifications[0].slack.url": known here are urlFrom`,
		slack + strings.Repeat("\n- {name: b, slack: {urlFrom: {secret: s, key: k}}}", 20): "notifications: Too many: 21: must have at most 20 items",
	} {
		_, err := Load([]byte(told + text + "\n"))
		assert.ErrorContains(t, err, says, text)
	}
	_, err := LoadLocal([]byte(told + slack + "\n"))
	assert.ErrorContains(t, err, "notifications: Forbidden: only the cluster's policy says where rollouts are told of")
}
