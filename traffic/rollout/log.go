// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/json"
	"slices"
	"time"
)

const (
	// maxWords bounds what people said to one release; the latest are kept.
	maxWords = 12
	// maxMeasured bounds the measurements of one release; the latest are kept, and
	// maxShort bounds what each of them says, in bytes.
	maxMeasured = 8
	maxShort    = 120
	// maxWho bounds the name of a person, in bytes.
	maxWho = 128
	// maxReplacedBytes bounds the releases that others took the place of, and that
	// the ledger does not have yet; the latest are kept, one of them in any case.
	maxReplacedBytes = 4 << 10
)

// Log is what a rollout in flight leaves for its record (package ledger). It is a
// part of the state, so that a crash loses nothing, and therefore bounded.
type Log struct {
	// Began is when the template was admitted; By is who applied it.
	Began time.Time `json:"began,omitzero"`
	By    string    `json:"by,omitempty"`
	// Steps are those that were begun, each once, in their order.
	Steps []StepLog `json:"steps,omitempty"`
	// Told is what people said, in its order.
	Told []Word `json:"told,omitempty"`
	// Measured are the latest measurements, in their order.
	Measured []Measured `json:"measured,omitempty"`
	// Ready is the worst count of ready pods; nil before the first.
	Ready *Count `json:"ready,omitempty"`
	// Replaced are the releases that this one took the place of, in their order,
	// until they are in the ledger.
	Replaced []Replaced `json:"replaced,omitempty"`
}

// StepLog is when a step went through its stages.
type StepLog struct {
	// Step is its index, from 0.
	Step int `json:"step"`
	// Asked is when room for its pods was asked for, Given when the routes were
	// asked for its weight, Accepted when they had accepted all of it, and Left
	// when the rollout went on, or back. Zero is not, or not yet.
	Asked    time.Time `json:"asked,omitzero"`
	Given    time.Time `json:"given,omitzero"`
	Accepted time.Time `json:"accepted,omitzero"`
	Left     time.Time `json:"left,omitzero"`
}

// Word is what a person said to a release.
type Word struct {
	Who  string    `json:"who,omitempty"`
	What string    `json:"what"`
	When time.Time `json:"when"`
}

// The words besides the actions.
const (
	// WordPause and WordResume are those of kubectl rollout.
	WordPause  = "pause"
	WordResume = "resume"
	// WordUndo is the stable template, applied again.
	WordUndo = "undo"
	// WordOptOut is the strategy, taken off in flight.
	WordOptOut = "opt out"
)

// Measured is what one analysis said, in short.
type Measured struct {
	Analysis string    `json:"analysis"`
	At       time.Time `json:"at"`
	Verdict  Verdict   `json:"verdict"`
	Says     string    `json:"says,omitempty"`
}

// Count is how many pods were ready, of how many that were asked for.
type Count struct {
	Ready int32 `json:"ready"`
	Of    int32 `json:"of"`
}

// Worse tells whether more pods were missing than in another count, or as many
// and fewer were ready.
func (c Count) Worse(other Count) bool {
	missing, others := max(c.Of-c.Ready, 0), max(other.Of-other.Ready, 0)
	return missing > others || (missing == others && c.Ready < other.Ready)
}

// Replaced is a release that another template took the place of.
type Replaced struct {
	Stable   Version   `json:"stable,omitzero"`
	Canary   Version   `json:"canary,omitzero"`
	Strategy string    `json:"strategy,omitempty"`
	Steps    string    `json:"steps,omitempty"`
	At       time.Time `json:"at"`
	Log      Log       `json:"log"`
}

// Begun gives the log of a release that starts now.
func (l Log) Begun(now time.Time) Log {
	return Log{Began: stamp(now), By: cut(l.By, maxWho), Replaced: l.Replaced}
}

// Entered notes that a stage of a step was entered: StageShift asks for its weight,
// StageDwell has it, and every other one asks for its pods.
func (l Log) Entered(phase Phase, stage Stage, step int, now time.Time) Log {
	l.Steps = slices.Clone(l.Steps)
	last := len(l.Steps) - 1
	if last >= 0 && l.Steps[last].Left.IsZero() && (phase != Stepping || l.Steps[last].Step != step) {
		l.Steps[last].Left = stamp(now)
	}
	if phase != Stepping || stage == StageRoll || l.Began.IsZero() {
		return l
	}
	if last < 0 || l.Steps[last].Step != step {
		l.Steps = append(l.Steps, StepLog{Step: step, Asked: stamp(now)})
		last++
	}
	at := &l.Steps[last]
	switch {
	case stage == StageShift && at.Given.IsZero():
		at.Given = stamp(now)
	case stage == StageDwell: // of a step that is gone in parts, the last one
		at.Accepted = stamp(now)
	}
	return l
}

// Say notes what a person said to the rollout.
func (s State) Say(who, what string, now time.Time) State {
	s.Log = s.Log.Say(who, what, now)
	return s
}

// Say notes what a person said.
func (l Log) Say(who, what string, now time.Time) Log {
	told := append(slices.Clone(l.Told), Word{Who: cut(who, maxWho), What: what, When: stamp(now)})
	l.Told = told[max(0, len(told)-maxWords):]
	return l
}

// Measure notes the newest measurement of an analysis.
func (l Log) Measure(a Analysis) Log {
	short := Measured{Analysis: a.Name, At: a.Last.At, Verdict: a.Last.Verdict, Says: cut(a.Last.Says, maxShort)}
	all := append(slices.Clone(l.Measured), short)
	l.Measured = all[max(0, len(all)-maxMeasured):]
	return l
}

// Noted is the log of a state about to be written, with what was counted meanwhile,
// and without what the ledger has by now. Nothing is written for its sake alone.
func (l Log) Noted(count *Count) Log {
	l.Replaced = nil
	if count != nil && (l.Ready == nil || count.Worse(*l.Ready)) {
		l.Ready = count
	}
	return l
}

// Replace gives the releases that the next template takes the place of: those of
// the log, and its own, which is given with all but its end and its log.
func (l Log) Replace(own Replaced, now time.Time) []Replaced {
	if l.Began.IsZero() {
		return nil
	}
	own.At, own.Log = stamp(now), l
	own.Log.Replaced = nil
	if size(own) > maxReplacedBytes {
		own.Log.Measured = nil
	}
	if size(own) > maxReplacedBytes {
		own.Log.Steps = nil
	}
	all := append(slices.Clone(l.Replaced), own)
	for len(all) > 1 && size(all) > maxReplacedBytes {
		all = all[1:]
	}
	return all
}

// size is the length of a value as it is written.
func size(v any) int {
	text, err := json.Marshal(v)
	if err != nil { // cannot happen: every field is a plain value
		return 0
	}
	return len(text)
}

// cut bounds a text.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xC0 == 0x80 { // not within a character
		most--
	}
	return text[:most]
}
