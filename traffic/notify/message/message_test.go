// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package message

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func TestMomentOf(t *testing.T) {
	for _, row := range []struct {
		event rollout.Event
		want  policy.Moment
	}{
		{rollout.Event{Reason: "RolloutStarted"}, policy.Started},
		{rollout.Event{Reason: "RolloutRollingBack"}, policy.RollingBack},
		{rollout.Event{Reason: "RolloutCompleted"}, policy.Ended},
		{rollout.Event{Reason: "RolloutRolledBack"}, policy.Ended},
		{rollout.Event{Reason: "RolloutWaiting", Wait: rollout.WaitPerson}, policy.Waiting},
		{rollout.Event{Reason: "RolloutWaiting", Wait: rollout.WaitServices, Warning: true}, policy.Waiting},
		{rollout.Event{Reason: "RolloutWaiting", Wait: rollout.WaitServices}, ""},
		{rollout.Event{Reason: "RolloutWaiting", Wait: rollout.WaitPods}, ""},
		{rollout.Event{Reason: "RolloutFrozen", Warning: true}, policy.Waiting},
		{rollout.Event{Reason: "CanaryUnready", Warning: true}, ""},
		{rollout.Event{Reason: "TrafficShifted"}, ""},
	} {
		assert.Equal(t, row.want, MomentOf(row.event), row.event)
	}
}

func TestTemplates(t *testing.T) {
	m := Message{Moment: policy.Waiting, Kind: "Deployment", Namespace: "shop", Name: "demo", Text: "step 1 until a person says so", Warning: true}
	for template, want := range map[string]string{
		"": "Deployment shop/demo: step 1 until a person says so",
		"{{if .Warning}}look: {{end}}{{.Moment}} {{.Name}}": "look: waiting demo",
		`{{.Time.Format "15:04"}} {{.Name}}`:                "00:00 demo",
	} {
		parsed, err := ParseTemplate(template)
		require.NoError(t, err, template)
		text, err := parsed.Text(m)
		require.NoError(t, err)
		assert.Equal(t, want, text)
	}
}

func TestBrokenTemplates(t *testing.T) {
	for template, says := range map[string]string{
		"{{.Deployment}}":                      "can't evaluate field Deployment",
		"{{if not .Warning}}{{.Title}}{{end}}": "can't evaluate field Title",
		"{{range 9000000000000}}{{end}}":       "range, define, block and template have no use here",
	} {
		_, err := ParseTemplate(template)
		assert.ErrorContains(t, err, says, template)
	}
}

// A text that is longer than places take is cut, and stays readable.
func TestLongTexts(t *testing.T) {
	parsed, err := ParseTemplate("{{.Text}}")
	require.NoError(t, err)
	text, err := parsed.Text(Message{Text: strings.Repeat("ö", maxTextBytes)})
	require.NoError(t, err)
	assert.Len(t, text, maxTextBytes+len("..."))
	assert.True(t, strings.HasSuffix(text, "ö..."))
}

func TestNothingMeansAnythingToSlack(t *testing.T) {
	m := Message{Text: `pods "a" & <!channel>`, Name: "demo"}
	assert.Equal(t, "pods \"a\" &amp; &lt;!channel&gt;", m.ForSlack().Text)
	assert.Equal(t, `pods "a" & <!channel>`, m.Text, "the message itself stays as it is")
}
