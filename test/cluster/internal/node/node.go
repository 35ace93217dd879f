// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Node is the cluster's node, seen from outside.
type Node struct {
	// Run is the folder of its state and logs.
	Run string
	// Path are the folders of the programs.
	Path []string
}

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
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || !strings.Contains(string(command), "inner") {
		return 0, false // another process has that number by now
	}
	return pid, true
}

// Start begins the namespaces and returns when the node can take pods.
func (n Node) Start(ctx context.Context, crds string, out io.Writer) error {
	if err := n.Stop(); err != nil { // what an earlier run left behind
		return err
	}
	if err := os.MkdirAll(n.Run, 0o700); err != nil {
		return err
	}
	if err := n.rememberCgroups(); err != nil {
		return err
	}
	if err := n.begin(crds); err != nil {
		return err
	}
	started := time.Now()
	ready := [][]string{
		{"test", "-e", filepath.Join(n.Run, "done-started")},
		{"kubectl", "wait", "--for=condition=Ready", "node/node", "--timeout=1s"},
		{"kubectl", "get", "serviceaccount", "default"},
	}
	for i, check := range ready {
		for n.quiet(check...) != nil {
			if _, alive := n.Pid(); !alive || ctx.Err() != nil || time.Since(started) > 2*time.Minute {
				return fmt.Errorf("the node did not start: %w\n%s", errors.Join(ctx.Err(), n.quiet(check...)), n.tail())
			}
			time.Sleep(100 * time.Millisecond)
		}
		fmt.Fprintf(out, "  %-28s %5.1f s\n", []string{"components started", "node ready", "pods can be made"}[i], time.Since(started).Seconds())
	}
	return nil
}

// begin runs this program again as the first process of new namespaces.
func (n Node) begin(crds string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(n.Run, "inner.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(self, "inner", n.Run, crds)
	cmd.Env = n.environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid: true,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC |
			syscall.CLONE_NEWUTS | syscall.CLONE_NEWCGROUP,
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot make the namespaces: %w", err)
	}
	go func() { _ = cmd.Wait() }() // it outlives us
	return os.WriteFile(filepath.Join(n.Run, "pid"), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
}

// Command gives a command that runs inside.
func (n Node) Command(args ...string) (*exec.Cmd, error) {
	pid, alive := n.Pid()
	if !alive {
		return nil, errors.New("the cluster is not up: start it with make cluster-up")
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	enter := []string{"-t", strconv.Itoa(pid), "--net", "--mount", "--pid", "--ipc", "--uts", "--cgroup", "--wdns=" + dir}
	cmd := exec.Command("nsenter", append(enter, args...)...)
	cmd.Env = n.environment()
	return cmd, nil
}

func (n Node) environment() []string {
	return append(os.Environ(),
		"PATH="+strings.Join(append(append([]string{}, n.Path...), os.Getenv("PATH")), ":"),
		"KUBECONFIG="+filepath.Join(n.Run, "pki", "admin.kubeconfig"),
		"CONTAINERD_ADDRESS=/run/containerd/containerd.sock")
}

func (n Node) quiet(args ...string) error {
	cmd, err := n.Command(args...)
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Restart kills a component; the first process starts it again.
func (n Node) Restart(name string) error {
	pid, err := os.ReadFile(filepath.Join(n.Run, "pid-"+name))
	if err != nil {
		return fmt.Errorf("no component %q runs", name)
	}
	if err := os.WriteFile(filepath.Join(n.Run, "restart-"+name), nil, 0o600); err != nil {
		return err
	}
	return n.quiet("kill", "-9", string(pid))
}

// Stop ends everything and removes what the node left on the machine.
func (n Node) Stop() error {
	if pid, alive := n.Pid(); alive {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("cannot end the node: %w", err)
		}
		for range 200 {
			if _, still := n.Pid(); !still {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	n.removeCgroups()
	if err := os.RemoveAll(n.Run); err != nil {
		return fmt.Errorf("cannot remove the node's state: %w", err)
	}
	return nil
}

// rememberCgroups writes down where the node's cgroups are, seen from outside:
// they outlive their namespace.
func (n Node) rememberCgroups() error {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return err
	}
	var dirs []string
	for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		if parts := strings.SplitN(line, ":", 3); len(parts) == 3 {
			dirs = append(dirs, filepath.Join("/sys/fs/cgroup", strings.TrimPrefix(parts[1], "name="), parts[2], cgroup))
		}
	}
	return os.WriteFile(filepath.Join(n.Run, "cgroups"), []byte(strings.Join(dirs, "\n")), 0o600)
}

func (n Node) removeCgroups() {
	text, err := os.ReadFile(filepath.Join(n.Run, "cgroups"))
	if err != nil {
		return
	}
	for dir := range strings.SplitSeq(string(text), "\n") {
		for range 20 {
			if _, err := os.Stat(dir); err != nil {
				break
			}
			_ = exec.Command("find", dir, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+").Run()
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// tail gives the end of each log, for a person to see what went wrong.
func (n Node) tail() string {
	files, _ := filepath.Glob(filepath.Join(n.Run, "logs", "*.log"))
	var out strings.Builder
	for _, file := range append(files, filepath.Join(n.Run, "inner.log")) {
		text, _ := os.ReadFile(file)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		fmt.Fprintf(&out, "--- %s\n%s\n", file, strings.Join(lines[max(0, len(lines)-6):], "\n"))
	}
	return out.String()
}
