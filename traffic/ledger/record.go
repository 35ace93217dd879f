// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// APIVersion is that of the records that this package writes.
const APIVersion = "ledger.evenkeel.dev/v1"

// Replaced is the result of a release that another template took the place of;
// the other results are the phases in which a rollout ends.
const Replaced = "Replaced"

// maxReason bounds why a release went back, in bytes.
const maxReason = 1024

// Record is all that is kept of one release.
type Record struct {
	APIVersion string `json:"apiVersion"`
	// ID is the same for the same release, whoever writes it and how often.
	ID       string   `json:"id"`
	Workload Workload `json:"workload"`
	// Strategy and Plan are how it was released: "canary", and its steps.
	Strategy string `json:"strategy"`
	Plan     string `json:"plan,omitempty"`
	// From served before; To is what it changed to, unknown where it ended before
	// the first new pod.
	From rollout.Version `json:"from,omitzero"`
	To   rollout.Version `json:"to,omitzero"`
	// Result is Completed, RolledBack or Replaced, Reason why it went back.
	Result string `json:"result"`
	Reason string `json:"reason,omitempty"`
	// Started is when the template was admitted, AppliedBy who applied it.
	Started   time.Time `json:"started,omitzero"`
	Ended     time.Time `json:"ended"`
	AppliedBy string    `json:"appliedBy,omitempty"`
	// Steps are those that were begun; of a watched rolling update there are none.
	Steps []Step `json:"steps,omitempty"`
	// Told is what people said, in its order.
	Told []rollout.Word `json:"told,omitempty"`
	// Ready is the worst count of ready pods, of all versions together, that the
	// controller saw in flight.
	Ready *rollout.Count `json:"ready,omitempty"`
}

// Workload is whose release it was.
type Workload struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
}

// Step is one step of a release.
type Step struct {
	// Number counts from 1; Step is how it was written: "20%:10m".
	Number int    `json:"number"`
	Step   string `json:"step"`
	// Asked is when room for its pods was asked for, Given when the routes were
	// asked for its weight, Accepted when they had accepted it, Settled when the
	// data plane had had time to follow, and Left when the release went on, or
	// back. What did not happen is left out.
	Asked        time.Time     `json:"asked,omitzero"`
	Given        time.Time     `json:"given,omitzero"`
	Accepted     time.Time     `json:"accepted,omitzero"`
	Settled      time.Time     `json:"settled,omitzero"`
	Left         time.Time     `json:"left,omitzero"`
	Measurements []Measurement `json:"measurements,omitempty"`
}

// Of gives the record of a release from its last state in flight and the one in
// which it ended.
func Of(w Workload, last, ended rollout.State) Record {
	r := newRecord(w, last.Log, ended.Stable, ended.Canary, ended.Since)
	r.Strategy, r.Plan = cmp.Or(last.Strategy, rollout.Canary), last.Steps
	r.Result, r.Reason = string(ended.Phase), short(ended.Reason, maxReason)
	r.Steps = stepsOf(last.Log.Steps, last.StepList(), settle(last), ended.Since)
	return r
}

// OfReplaced gives the record of a release that another template took the place
// of, from the state of the release that did.
func OfReplaced(w Workload, state rollout.State, gone rollout.Replaced) Record {
	r := newRecord(w, gone.Log, gone.Stable, gone.Canary, gone.At)
	r.Strategy, r.Plan = cmp.Or(gone.Strategy, rollout.Canary), gone.Steps
	r.Result, r.Reason = Replaced, "another template was applied"
	r.Steps = stepsOf(gone.Log.Steps, rollout.StepsOrLast(gone.Steps), settle(state), gone.At)
	return r
}

func newRecord(w Workload, log rollout.Log, from, to rollout.Version, ended time.Time) Record {
	r := Record{
		APIVersion: APIVersion, Workload: w, From: from, To: to, Started: log.Began, Ended: ended,
		AppliedBy: log.By, Told: log.Told, Ready: log.Ready,
	}
	r.ID = strings.Join([]string{w.UID, cmp.Or(to.Hash, "none"), r.began().UTC().Format(stampLayout)}, "/")
	return r
}

// began is what tells releases of one template apart. A release that was in flight
// when Evenkeel learned to keep records did not note it.
func (r Record) began() time.Time {
	if r.Started.IsZero() {
		return r.Ended
	}
	return r.Started
}

// settle is how long the data plane of a release may take to follow.
func settle(s rollout.State) time.Duration {
	if !s.Divides() {
		return 0
	}
	return time.Duration(s.Timing.Settle)
}

func stepsOf(log []rollout.StepLog, list rollout.Steps, settle time.Duration, ended time.Time) []Step {
	var out []Step
	for _, one := range log {
		step := Step{
			Number: one.Step + 1, Step: list.At(one.Step).String(),
			Asked: one.Asked, Given: one.Given, Accepted: one.Accepted, Left: one.Left,
		}
		if step.Left.IsZero() {
			step.Left = ended
		}
		if settled := one.Accepted.Add(settle); !one.Accepted.IsZero() && !settled.After(step.Left) {
			step.Settled = settled
		}
		out = append(out, step)
	}
	return out
}

// String writes the record as Read reads it, for people too.
func (r Record) String() string {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil { // cannot happen: every field is a plain value
		return ""
	}
	return string(text)
}

// Summary tells the release in one sentence.
func (r Record) Summary() string {
	text := fmt.Sprintf("%s to %s %s", r.Strategy, cmp.Or(r.To.ReplicaSet, "a template without pods"), words[r.Result])
	if n := len(r.Steps); n > 0 {
		text += fmt.Sprintf(", %d of %d steps", n, len(rollout.StepsOrLast(r.Plan)))
	}
	if !r.Started.IsZero() {
		text += " in " + r.Ended.Sub(r.Started).Round(time.Second).String()
	}
	if r.Ready != nil {
		text += fmt.Sprintf(", at worst %d of %d pods ready", r.Ready.Ready, r.Ready.Of)
	}
	return text
}

// words are the results in a sentence.
var words = map[string]string{
	string(rollout.Completed): "completed", string(rollout.RolledBack): "rolled back", Replaced: "was replaced",
}

// short bounds a text, and shows that it did.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
