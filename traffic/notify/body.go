// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/evenkeel-dev/evenkeel/traffic/notify/message"
)

// eventType is the beginning of the type of every CloudEvent; the moment follows.
const eventType = "dev.evenkeel.rollout."

// data is what a CloudEvent carries.
type data struct {
	Moment    string `json:"moment"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Reason    string `json:"reason"`
	Phase     string `json:"phase"`
	Warning   bool   `json:"warning"`
	Text      string `json:"text"`
}

// bodyOf writes a message as its place reads it, and names the content's type.
func bodyOf(j job) (body []byte, contentType string, err error) {
	template, err := message.ParseTemplate(j.place.Template)
	if err != nil {
		return nil, "", err
	}
	m := j.message
	if j.place.Slack != nil {
		m = m.ForSlack()
	}
	text, err := template.Text(m)
	if err != nil {
		return nil, "", err
	}
	if j.place.Slack != nil {
		body, err = json.Marshal(map[string]string{"text": text})
		return body, "application/json", err
	}
	body, err = cloudEvent(m, text)
	return body, event.ApplicationCloudEventsJSON, err
}

// cloudEvent writes an event of the CloudEvents specification 1.0, all in one JSON.
func cloudEvent(m message.Message, text string) ([]byte, error) {
	e := event.New()
	e.SetID(idOf(m))
	e.SetType(eventType + strings.ToLower(string(m.Moment)))
	e.SetSource(fmt.Sprintf("/apis/apps/v1/namespaces/%s/%ss/%s", m.Namespace, strings.ToLower(m.Kind), m.Name))
	e.SetSubject(m.Namespace + "/" + m.Name)
	e.SetTime(m.Time)
	err := e.SetData(event.ApplicationJSON, data{
		Moment: string(m.Moment), Kind: m.Kind, Namespace: m.Namespace, Name: m.Name, Reason: m.Reason, Phase: m.Phase, Warning: m.Warning, Text: text,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot write the event: %w", err)
	}
	return e.MarshalJSON()
}

// idOf is the same for each try of one message, and another for any other message.
func idOf(m message.Message) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{m.Kind, m.Namespace, m.Name, m.Reason, m.Text, m.Time.UTC().Format(time.RFC3339Nano)}, "\n")))
	return hex.EncodeToString(sum[:16])
}
