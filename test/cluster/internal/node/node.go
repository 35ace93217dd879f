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
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/cgroup"
)

// Node is the cluster's node, seen from outside.
type Node struct {
	// Run is the folder of its state and logs.
	Run string
	// Path are the folders of the programs.
	Path []string
}

// Setup is what a node starts with.
type Setup struct {
	// Kinds is a folder of manifests that are applied before the gateway starts.
	Kinds string
	// Images are tars that are imported, Pause is the name of the one that holds
	// a pod's namespaces.
	Images []string
	Pause  string
}

// startLimit is how long a whole start may take.
const startLimit = 3 * time.Minute

// Start begins the namespaces, and returns when pods can be made. Each stage is
// written to out with the seconds since the start.
func (n Node) Start(ctx context.Context, setup Setup, out io.Writer) error {
	if err := n.Stop(); err != nil { // what an earlier run left behind
		return err
	}
	if err := os.MkdirAll(n.Logs(), 0o700); err != nil {
		return err
	}
	if err := n.begin(setup); err != nil {
		return err
	}
	err := n.follow(ctx, out)
	if ctx.Err() != nil {
		return errors.Join(errors.New("interrupted"), n.Stop())
	}
	if err != nil {
		report := n.report()
		return fmt.Errorf("the node did not start: %w; its logs are in %s\n%s", errors.Join(err, n.kill()), n.Logs(), report)
	}
	return nil
}

// begin runs this program again as the first process of new namespaces.
func (n Node) begin(setup Setup) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(n.Run, "inner.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	leave, err := cgroup.Enter(n.cgroups(), cgroup.Name(n.Run))
	if err != nil {
		return err
	}
	cmd := exec.Command(self, append([]string{"inner", n.Run, setup.Kinds, setup.Pause}, setup.Images...)...)
	cmd.Dir = n.Run
	cmd.Env = []string{"PATH=" + n.searchPath(), "HOME=" + n.Run} // nothing of who starts it
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid: true,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC |
			syscall.CLONE_NEWUTS | syscall.CLONE_NEWCGROUP,
	}
	if err := errors.Join(cmd.Start(), leave()); err != nil {
		return fmt.Errorf("cannot make the namespaces (a container needs to be privileged for that): %w", err)
	}
	go func() { _ = cmd.Wait() }() // it outlives us
	return errors.Join(
		os.WriteFile(filepath.Join(n.Run, "path"), []byte(strings.Join(n.Path, ":")), 0o600),
		os.WriteFile(filepath.Join(n.Run, "pid"), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600))
}

// follow shows the stages of a start until the last one is done.
func (n Node) follow(ctx context.Context, out io.Writer) error {
	started := time.Now()
	for seen := 0; ; time.Sleep(20 * time.Millisecond) {
		_, alive := n.Pid()
		stages := n.stages()
		for ; seen < len(stages); seen++ {
			fmt.Fprintf(out, "  %-32s %5.1f s\n", stages[seen], time.Since(started).Seconds())
		}
		switch {
		case slices.Contains(stages, lastStage):
			return nil
		case ctx.Err() != nil:
			return nil // it is the caller's to know
		case !alive:
			return errors.New("its first process ended")
		case time.Since(started) > startLimit:
			return fmt.Errorf("it took longer than %s", startLimit)
		}
	}
}

// Stop ends everything and removes what the node left on the machine.
func (n Node) Stop() error {
	if err := n.kill(); err != nil {
		return err
	}
	if err := cgroup.Remove(n.cgroups()); err != nil {
		return err
	}
	err := os.RemoveAll(n.Run)
	for range 50 { // the last of its processes may still be ending
		if err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
		err = os.RemoveAll(n.Run)
	}
	return fmt.Errorf("cannot remove the node's state: %w", err)
}

// kill ends the first process, and with it all others.
func (n Node) kill() error {
	pid, alive := n.Pid()
	if !alive {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("cannot end the node: %w", err)
	}
	for range 400 { // it is gone when all others are
		if !exists(pid) {
			return nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	return fmt.Errorf("process %d does not end", pid)
}
