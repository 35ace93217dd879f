// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// systemPath is where the distribution's programs are; not every root has it all.
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Command gives a command that runs inside, in the caller's working directory.
func (n Node) Command(args ...string) (*exec.Cmd, error) {
	enter, err := n.enter(args)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(enter[0], enter[1:]...)
	cmd.Env = n.environment(os.Environ())
	return cmd, nil
}

// Exec becomes a command that runs inside. It returns only on an error.
func (n Node) Exec(args ...string) error {
	enter, err := n.enter(args)
	if err != nil {
		return err
	}
	program, err := exec.LookPath(enter[0])
	if err != nil {
		return err
	}
	return syscall.Exec(program, enter, n.environment(os.Environ()))
}

// enter is the command line that enters the namespaces and runs args there.
// nsenter leaves the working directory, so env goes back to it.
func (n Node) enter(args []string) ([]string, error) {
	pid, alive := n.Pid()
	if !alive {
		return nil, errors.New(n.Down())
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return append([]string{
		"nsenter", "--target", strconv.Itoa(pid), "--net", "--mount", "--pid", "--ipc", "--uts", "--cgroup", "--",
		"env", "--chdir=" + dir, "--",
	}, args...), nil
}

// environment is that of commands inside: the caller's, with the cluster's
// programs and address, and without proxies, which cannot be reached from there.
func (n Node) environment(caller []string) []string {
	ours := map[string]string{
		"PATH":               n.searchPath(),
		"KUBECONFIG":         n.Kubeconfig(),
		"CONTAINERD_ADDRESS": containerdSocket,
		"EVENKEEL_CLUSTER":   "local",
	}
	var env []string
	for _, entry := range caller {
		name, _, _ := strings.Cut(entry, "=")
		if _, set := ours[name]; !set && !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			env = append(env, entry)
		}
	}
	for _, name := range []string{"PATH", "KUBECONFIG", "CONTAINERD_ADDRESS", "EVENKEEL_CLUSTER"} {
		env = append(env, name+"="+ours[name])
	}
	return env
}

// searchPath finds the programs that the node was started with first.
func (n Node) searchPath() string {
	programs := strings.Join(n.Path, ":")
	if started, err := os.ReadFile(filepath.Join(n.Run, "path")); err == nil {
		programs = string(started)
	}
	return strings.Join([]string{programs, os.Getenv("PATH"), systemPath}, ":")
}

func (n Node) output(args ...string) ([]byte, error) {
	cmd, err := n.Command(args...)
	if err != nil {
		return nil, err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return out, nil
}

// Import loads the image in a tar.
func (n Node) Import(file string) error {
	_, err := n.output("ctr", "-n", "k8s.io", "images", "import", file)
	return err
}

// Images are the digests of the images that the node has, by their names.
func (n Node) Images() (map[string]string, error) {
	out, err := n.output("ctr", "-n", "k8s.io", "images", "list")
	if err != nil {
		return nil, err
	}
	return parseImages(string(out)), nil
}

// parseImages reads the table of ctr: a name, a type and a digest a line.
func parseImages(table string) map[string]string {
	images := map[string]string{}
	for line := range strings.SplitSeq(table, "\n") {
		if fields := strings.Fields(line); len(fields) > 2 && strings.HasPrefix(fields[2], "sha256:") {
			images[fields[0]] = fields[2]
		}
	}
	return images
}

// Restart kills a component, and returns when it was started again; for the API
// server, when it answers again.
func (n Node) Restart(name string) error {
	file := filepath.Join(n.Run, "pid-"+name)
	before, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("no component %q runs", name)
	}
	if err := os.WriteFile(filepath.Join(n.Run, "restart-"+name), nil, 0o600); err != nil {
		return err
	}
	if _, err := n.output("sh", "-c", "kill -9 "+string(before)); err != nil {
		return err
	}
	for range 600 {
		after, err := os.ReadFile(file)
		if err == nil && string(after) != string(before) && n.answers(name) {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%s did not come back; its log is %s", name, filepath.Join(n.Logs(), name+".log"))
}

func (n Node) answers(name string) bool {
	if name != "kube-apiserver" && name != "etcd" {
		return true
	}
	_, err := n.output("kubectl", "get", "--raw", "/readyz")
	return err == nil
}
