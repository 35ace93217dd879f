// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// plugin is kubectl evenkeel, as kubectl finds it, beside an application.
type plugin struct {
	*fixture.App
	t *testing.T
}

func newPlugin(t *testing.T, app *fixture.App) plugin {
	t.Helper()
	folder := t.TempDir()
	fixture.Must(t, "", "go", "build", "-C", fixture.Root(), "-o", filepath.Join(folder, "kubectl-evenkeel"), "./cmd/kubectl-evenkeel")
	fixture.Must(t, "", "cp", filepath.Join(fixture.Root(), "cmd", "kubectl-evenkeel", "kubectl_complete-evenkeel"), folder)
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	return plugin{app, t}
}

// line is how it is typed, in the application's namespace.
func (p plugin) line(args ...string) []string {
	return append(append([]string{"kubectl", "evenkeel"}, args...), "-n", p.Namespace)
}

// ends runs a command that ends with a code, and gives all that it prints.
func (p plugin) ends(code int, args ...string) string {
	p.t.Helper()
	out, err := fixture.Run("", p.line(args...)...)
	assert.Equal(p.t, code, codeOf(err), "%s: %s", strings.Join(args, " "), out)
	return out
}

func codeOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	default:
		return -1
	}
}

// watch watches without a terminal; the end gives the code and what was told.
func (p plugin) watch() (end func() (int, string)) {
	type ended struct {
		code int
		out  string
	}
	done := make(chan ended, 1)
	go func() {
		out, err := fixture.Run("", p.line("watch", "demo")...)
		done <- ended{codeOf(err), out}
	}()
	return func() (int, string) {
		last := <-done
		return last.code, last.out
	}
}

// refused says words that make no sense now, and finds what they are answered.
func (p plugin) refused(answers map[string]string) {
	p.t.Helper()
	for word, answer := range answers {
		assert.Contains(p.t, p.ends(1, append([]string{word}, "demo")...), answer, word)
	}
}

func (p plugin) waitForAPerson(weight int) {
	p.t.Helper()
	waitForAPerson(p.App, weight)
}

func (p plugin) waitForHeld(held bool) {
	p.t.Helper()
	p.WaitFor("held or not", func(s rollout.State) bool { return s.Held == held && strings.Contains(s.Wait, "a person ") })
}

// releases are what the ledger keeps, the oldest first.
func (p plugin) releases() []ledger.Record {
	p.t.Helper()
	var all struct{ Releases []ledger.Record }
	require.NoError(p.t, json.Unmarshal([]byte(p.ends(0, "history", "demo", "-o", "json")), &all))
	return all.Releases
}

// waitForRelease waits until the ledger has so many releases: it is written after
// the end. It gives the last of them.
func (p plugin) waitForRelease(count int) ledger.Record {
	p.t.Helper()
	var all []ledger.Record
	require.Eventually(p.t, func() bool { all = p.releases(); return len(all) == count }, waitShort, pollShort)
	return all[count-1]
}

// All that the plugin's page promises, on one application: before a release, in
// flight, at a terminal, and afterwards.
func TestThePlugin(t *testing.T) {
	app := fixture.NewApp(t, "20%:pause,50%:pause,100%")
	app.Up()
	p := newPlugin(t, app)
	for _, part := range []struct {
		name string
		run  func()
	}{
		{"before a release", p.beforeARelease},
		{"its words are completed", p.completion},
		{"a release", p.aRelease},
		{"its record", p.theRecord},
		{"the ledger is kept", p.theLedgerIsKept},
		{"back across versions", p.backAcrossVersions},
		{"at a terminal", p.atATerminal},
		{"again", p.again},
	} {
		began := time.Now()
		part.run()
		t.Logf("%s: %s", part.name, time.Since(began).Round(time.Second))
	}
}

func (p plugin) beforeARelease() {
	file := filepath.Join(p.t.TempDir(), "demo.yaml")
	require.NoError(p.t, os.WriteFile(file, []byte(p.Manifest("v2")), 0o600))
	out := p.ends(0, "explain", "-f", file)
	assert.Contains(p.t, out, "Deployment "+p.Namespace+"/demo: this starts a release by canary 20%:pause,50%:pause,100%")
	assert.Contains(p.t, out, "step 2 of 3 (50%:pause)")
	assert.Empty(p.t, p.State().Phase, "explain writes nothing")
	assert.Contains(p.t, fixture.Must(p.t, "", "kubectl", "evenkeel", "lint", file), "1 Deployments in 1 files: 0 refused")
	assert.Contains(p.t, p.ends(0, "plan", "-f", file), "allowed: true")
	assert.Contains(p.t, p.ends(0, "audit"), "1 Deployments, ")
	assert.Contains(p.t, p.ends(0, "doctor"), " 0 to mend, ")
	assert.Contains(p.t, p.ends(0, "status"), "no rollout is in flight, and none ended within 1h")
	assert.Contains(p.t, p.ends(0, "watch", "demo"), "nothing is in flight")
	assert.Contains(p.t, p.ends(1, "watch", "lost"), "the workload is not there")
	p.refused(map[string]string{
		"continue": "no rollout is in flight", "skip": "no rollout is in flight", "rollback": "no rollout is in flight", "retry": "no rollout was rolled back",
	})
	assert.Contains(p.t, p.ends(1, "rollback", "demo", "--to", "7"), "revision 7 is not kept")
}

// completion is asked for as kubectl does, and as a shell asks kubectl.
func (p plugin) completion() {
	complete := func(words ...string) string {
		return fixture.Must(p.t, "", append([]string{"kubectl", "__complete", "evenkeel"}, words...)...)
	}
	assert.Contains(p.t, complete("watch", "-n", p.Namespace, ""), "demo\n:4\n")
	assert.Contains(p.t, complete("roll"), "rollback\tTake a rollout in flight back")
	assert.Contains(p.t, complete("status", "-n", "evenkeel-sys"), fixture.System+"\n")
	script := `source <(kubectl completion bash)
_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur= prev=${COMP_WORDS[COMP_CWORD-1]}; }
__ltrim_colon_completions() { :; }
compopt() { :; }
COMP_WORDS=(kubectl evenkeel watch -n "$1" "") COMP_CWORD=5
__start_kubectl
echo "${COMPREPLY[@]}"`
	assert.Equal(p.t, "demo\n", fixture.Must(p.t, "", "bash", "-c", script, "bash", p.Namespace))
}

// aRelease goes by words alone, under load: hold and resume, continue, and the last
// step by skip.
func (p plugin) aRelease() {
	stop := p.Load()
	p.Apply(p.Manifest("v2"))
	end := p.watch()
	p.waitForAPerson(20)

	table := p.ends(0, "status")
	assert.Regexp(p.t, `(?m)^demo +canary +Stepping +1/3 +20% +2/2 +1/1 +\d+s +a person says so`, table)
	assert.Regexp(p.t, `(?m)^`+p.Namespace+` +demo +canary +Stepping`, fixture.Must(p.t, "", "kubectl", "evenkeel", "status", "-A"))
	state := p.State()
	for _, version := range []string{state.Stable.ReplicaSet, state.Canary.ReplicaSet} {
		assert.Contains(p.t, p.ends(0, "status", "-o", "wide"), version)
	}
	assert.Equal(p.t, "deployment.apps/demo\n", p.ends(0, "status", "-o", "name"))
	p.ends(2, "status", "--exit-code")
	var seen struct {
		Rollouts []struct {
			Name, WaitsFor string
			Weight         int
		}
	}
	require.NoError(p.t, json.Unmarshal([]byte(p.ends(0, "status", "demo", "-o", "json")), &seen))
	require.Len(p.t, seen.Rollouts, 1)
	assert.Equal(p.t, 20, seen.Rollouts[0].Weight)
	assert.Contains(p.t, seen.Rollouts[0].WaitsFor, "a person says so")
	assert.Regexp(p.t, `ok +in flight: [1-9]\d* rollouts, and nothing is held without one`, p.ends(0, "doctor"))

	p.dashboard()

	assert.Contains(p.t, p.ends(0, "hold", "demo"), `said "hold" (Stepping, step 1/3, 20%)`)
	p.waitForHeld(true)
	assert.Contains(p.t, p.ends(0, "status", "demo"), "Stepping,held")
	p.ends(0, "resume", "demo")
	p.waitForHeld(false)
	p.refused(map[string]string{"retry": "no rollout was rolled back"})
	assert.Contains(p.t, p.ends(0, "continue", "demo"), `said "continue" (Stepping, step 1/3, 20%)`)
	p.waitForAPerson(50)
	assert.Contains(p.t, p.ends(0, "skip", "demo"), `said "skip" (Stepping, step 2/3, 50%)`)
	code, out := end()
	assert.Zero(p.t, code, "a release that is completed ends the watching well")
	for _, line := range []string{"Stepping step 1/3, 20%, stable 2/2, canary 1/1, until a person says so", "until a person holds the rollout", "Stepping step 2/3, 50%", "Completed\n"} {
		assert.Contains(p.t, out, line)
	}
	assert.NotContains(p.t, out, "\x1b", "no colours but on terminals")
	noneFailed(p.t, stop())
}

// backAcrossVersions goes back to what was completed, under load, as a release.
func (p plugin) backAcrossVersions() {
	stop := p.Load()
	assert.Contains(p.t, p.ends(0, "rollback", "demo", "--to", "1", "--dry-run=server"), "(server dry run)")
	assert.Len(p.t, p.Pods("v2"), 2)
	out := p.ends(0, "rollback", "demo", "--to", "1")
	assert.Contains(p.t, out, "goes back from revision 2 (")
	assert.Contains(p.t, out, "Warning: evenkeel: canary 20%:pause,50%:pause,100% starts; ")
	assert.Contains(p.t, out, "deployment.apps/demo: back to the template of revision 1\n")
	p.waitForAPerson(20)
	p.ends(0, "skip", "demo")
	p.WaitForPhase(rollout.Completed)
	assert.Len(p.t, p.Pods("v1"), 2)
	assert.Empty(p.t, p.Pods("v2"))
	noneFailed(p.t, stop())
	r := p.waitForRelease(2)
	assert.Equal(p.t, "Completed", r.Result, "Evenkeel's own write goes through")
}

// atATerminal sits a person who steers by keys.
func (p plugin) atATerminal() {
	p.Apply(p.Manifest("v3"))
	p.waitForAPerson(20)
	end := p.watch()
	x := fixture.AtTerminal(p.t, p.line("watch", "demo")...)
	x.Shows("until a person says so")
	x.Press("h")
	p.waitForHeld(true)
	x.Shows("Stepping, held")
	x.Press("h")
	p.waitForHeld(false)
	x.Press("c")
	p.waitForAPerson(50)
	x.Shows("step 2/3")
	stable := p.State().Stable.ReplicaSet
	x.Press("r")
	x.Shows("Roll back to " + stable + "? y / n")
	x.Press("n")
	x.Shows("nothing was said")
	assert.Equal(p.t, rollout.Stepping, p.State().Phase)
	x.Press("r")
	x.Shows("? y / n")
	x.Press("y")
	p.WaitForPhase(rollout.RolledBack)
	assert.Equal(p.t, 2, x.Ends(), "it ends with the release, which was rolled back")
	assert.Contains(p.t, x.Drawn(), "\x1b[", "there are colours")
	code, out := end()
	assert.Equal(p.t, 2, code)
	assert.Contains(p.t, out, "RolledBack: a person asked for it\n")
	p.ends(2, "watch", "demo") // it had ended so before
}

// again releases what was rolled back, and takes it back by a word.
func (p plugin) again() {
	assert.Contains(p.t, p.ends(2, "status", "demo", "--exit-code"), "a person asked for it")
	p.refused(map[string]string{"continue": "no step waits for a person now (the rollout is RolledBack)"})
	p.ends(0, "retry", "demo")
	p.waitForAPerson(20)
	x := fixture.AtTerminal(p.t, p.line("watch", "demo")...)
	x.Shows("until a person says so")
	x.Press("q")
	assert.Zero(p.t, x.Ends(), "whoever leaves has no news")
	assert.Contains(p.t, p.ends(0, "rollback", "demo"), `said "rollback" (Stepping, step 1/3, 20%)`)
	p.WaitForPhase(rollout.RolledBack)
	assert.Equal(p.t, "RolledBack", p.waitForRelease(4).Result)
}
