// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"cmp"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Mark says in one word how a release is; pages show it by colour and by name.
type Mark string

// The marks, the most urgent first.
const (
	// Frozen is a release whose state cannot be read.
	Frozen Mark = "frozen"
	// Person is one that waits for a person.
	Person Mark = "person"
	// Back is one on the way back.
	Back Mark = "back"
	// Moving is one that goes on by itself.
	Moving Mark = "moving"
	// Failed went back, Done is completed.
	Failed Mark = "failed"
	Done   Mark = "done"
	// Gone is one that another template took the place of.
	Gone Mark = "replaced"
)

// Release is one release as a page shows it.
type Release struct {
	Kind, Namespace, Name string
	// Path is where the page of this release is.
	Path string
	Mark Mark
	// Place says where it is, Stage the same in the words of the docs.
	Place, Stage string
	Strategy     string
	// Wait is what it waits for, Reason why it is as it is.
	Wait, Reason string
	// Unwell says what is wrong with the new version's pods.
	Unwell string
	// Since is when the stage began, Began when the release did, GoesOn when the
	// step's time is over; Ended is when a release that is over was so.
	Since, Began, GoesOn, Ended Time
	// Runs is how long it has been in flight, For how long in this stage.
	Runs, For string
	// By is who applied it.
	By       string
	Commands []Command
	Share    Share
	Old, New Version
	Steps    []Step
	Curve    Curve
	Said     []Word
	// Measured is what each analysis said last, in this step.
	Measured []Measured
	// Ready is how many pods are ready of how many that were asked for; Short
	// tells that some are missing. Worst is the worst count so far.
	Ready, Worst string
	Short        bool
}

// Version is one of the two versions of a release.
type Version struct {
	Name, Revision string
	Images         []string
	// Pods counts them: "3 of 4 ready"; Dots is one a pod, true where it is ready,
	// and nil where they are many or not known.
	Pods string
	Dots []bool
}

// Word is what a person said.
type Word struct {
	Who, What string
	When      Time
}

// Look gives the view of one release.
func Look(s Seen, now time.Time) Release {
	state := s.State
	r := Release{
		Kind: s.Kind, Namespace: s.Namespace, Name: s.Name, Path: pathOf(s),
		Mark: markOf(s), Place: place(state), Stage: strings.TrimSuffix(string(state.Phase)+" / "+string(state.Stage), " / "),
		Strategy: cmp.Or(state.Strategy, rollout.Canary), Wait: state.Wait, Reason: state.Reason, Unwell: s.Unwell,
		Began: moment(state.Log.Began, now), By: state.Log.By, Commands: s.commands(),
		Old: versionOf(state.Stable, s.Stable), New: versionOf(state.Canary, s.Canary),
		Share: shareOf(s), Steps: stepsOf(s, now), Curve: curveOf(s, now), Said: wordsOf(state.Log.Told, now), Measured: latest(state, now),
		Ready: countText(s.Ready, s.Replicas), Short: s.Ready < s.Replicas,
	}
	if state.Log.Ready != nil {
		r.Worst = countText(state.Log.Ready.Ready, state.Log.Ready.Of)
	}
	switch {
	case s.Frozen != "":
		r.Place, r.Stage, r.Strategy, r.Reason = "Frozen: its traffic and its pods stay as they are", "", "", s.Frozen
	case state.InFlight():
		r.Since, r.For, r.GoesOn = moment(state.Since, now), lasted(state.Since, now, now), goesOn(s, now)
		if !state.Log.Began.IsZero() {
			r.Runs = span(now.Sub(state.Log.Began))
		}
	default:
		r.Ended, r.Stage = moment(state.Since, now), ""
	}
	return r
}

// pathOf is where the page of a release is.
func pathOf(s Seen) string {
	return path.Join("/", url.PathEscape(s.Namespace), strings.ToLower(s.Kind), url.PathEscape(s.Name))
}

// markOf sorts a release by what it asks of whoever looks.
func markOf(s Seen) Mark {
	switch {
	case s.Frozen != "":
		return Frozen
	case s.State.Phase == rollout.RolledBack:
		return Failed
	case !s.State.InFlight():
		return Done
	case s.State.Held || strings.HasPrefix(s.State.Wait, "a person "):
		return Person
	case s.State.Phase == rollout.RollingBack:
		return Back
	default:
		return Moving
	}
}

// goesOn is when the step's time is over, where that is all that is waited for.
func goesOn(s Seen, now time.Time) Time {
	ends := s.State.Ends(s.Hasty)
	if rollout.KindOfWait(s.State.Wait) != rollout.WaitTime || !ends.After(now) {
		return Time{}
	}
	return moment(ends, now)
}

func wordsOf(told []rollout.Word, now time.Time) []Word {
	var out []Word
	for _, one := range told {
		out = append(out, Word{Who: cmp.Or(one.Who, "somebody"), What: one.What, When: moment(one.When, now)})
	}
	return out
}
