// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Component is a program of the node that runs, and since when.
type Component struct {
	Name  string
	Since time.Time
}

// Logs is the folder of the components' logs.
func (n Node) Logs() string { return filepath.Join(n.Run, "logs") }

// Kubeconfig is the administrator's.
func (n Node) Kubeconfig() string { return filepath.Join(n.Run, "pki", "admin.kubeconfig") }

func (n Node) cgroups() string { return filepath.Join(n.Run, "cgroups") }

// Pid gives the first process of the namespaces; false where it does not run.
func (n Node) Pid() (int, bool) {
	text, err := os.ReadFile(filepath.Join(n.Run, "pid"))
	if err != nil {
		return 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, false
	}
	for _, candidate := range []int{pid, 1} { // seen from inside, it is the first of all
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", candidate))
		if err == nil && bytes.Contains(command, []byte("\x00inner\x00"+n.Run+"\x00")) {
			return candidate, true
		}
	}
	return 0, false // it ended, and another process may have its number by now
}

// exists tells whether a process is there, and not only waits to be reaped.
func exists(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, found := strings.Cut(string(stat), ") ")
	return found && !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// Components are those that were started, in alphabetical order.
func (n Node) Components() []Component {
	files, _ := filepath.Glob(filepath.Join(n.Run, "pid-*")) // the pattern is a good one
	var all []Component
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			all = append(all, Component{strings.TrimPrefix(filepath.Base(file), "pid-"), info.ModTime()})
		}
	}
	return all
}

// Down is the sentence for a person who wants a node that does not run.
func (n Node) Down() string {
	sentence := "the cluster is not up: start it with make cluster-up"
	if why := tail(filepath.Join(n.Run, "inner.log"), 1); why != "" {
		return fmt.Sprintf("%s (it ended: %s; its logs are in %s)", sentence, strings.TrimPrefix(why, "cluster: "), n.Logs())
	}
	return sentence
}

// stages are those of the start that are done.
func (n Node) stages() []string {
	text, err := os.ReadFile(filepath.Join(n.Run, "stages"))
	if err != nil || len(text) == 0 {
		return nil
	}
	lines := strings.Split(string(text), "\n")
	return lines[:len(lines)-1] // the last one may be half written
}

// report tells a person why a node ended: what its first process said, and the
// end of the log of the component that failed, or of all where none is known.
func (n Node) report() string {
	logs, _ := filepath.Glob(filepath.Join(n.Logs(), "*.log")) // the pattern is a good one
	lines := 5
	if failed, err := os.ReadFile(filepath.Join(n.Run, "failed")); err == nil {
		logs, lines = []string{filepath.Join(n.Logs(), string(failed)+".log")}, 20
	}
	var out strings.Builder
	for _, log := range append(logs, filepath.Join(n.Run, "inner.log")) {
		if text := tail(log, lines); text != "" {
			fmt.Fprintf(&out, "--- the end of %s\n%s\n", log, text)
		}
	}
	return out.String()
}

func tail(file string, count int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
