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
	"strings"
	"syscall"
	"time"

	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/cgroup"
	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/pki"
)

// inner is the node, seen from its first process.
type inner struct {
	run     string
	cgroup  string
	setup   Setup
	running map[int]component
}

// lastStage is done when pods can be made.
const lastStage = "pods can be made"

// Inner is the first process of the namespaces: args are the folder of state, and
// what Setup holds. It returns only on an error.
func Inner(args []string) error {
	if len(args) < 3 {
		return errors.New("inner is not for people: use up")
	}
	n := &inner{
		run: args[0], cgroup: cgroup.Name(args[0]), running: map[int]component{},
		setup: Setup{Kinds: args[1], Pause: args[2], Images: args[3:]},
	}
	for _, stage := range []struct {
		name string
		do   func() error
	}{
		{"namespaces", n.isolate},
		{"certificates", n.certificates},
		{"images", n.images}, // while the API server comes up
		{"API server", n.controlPlane},
		{"Gateway API", n.kinds},
		{"gateway", n.gateway},
		{"node ready", n.ready},
		{lastStage, n.accounts},
	} {
		if err := stage.do(); err != nil {
			return fmt.Errorf("%s: %w", stage.name, err)
		}
		if err := n.done(stage.name); err != nil {
			return err
		}
	}
	return n.supervise()
}

func (n *inner) path(parts ...string) string {
	return filepath.Join(append([]string{n.run}, parts...)...)
}

// done says in the folder of state that a stage is done.
func (n *inner) done(stage string) error {
	file, err := os.OpenFile(n.path("stages"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(stage + "\n")
	return errors.Join(err, file.Close())
}

func (n *inner) certificates() error { return pki.Write(n.path("pki"), APIServer, identities) }

// images starts what needs nothing else, and imports images into containerd.
func (n *inner) images() error {
	if err := n.writeConfigs(); err != nil {
		return err
	}
	if err := n.start(n.etcd(), n.containerd(), n.apiServer()); err != nil {
		return err
	}
	if err := n.until("containerd", func() error { return n.ctr("version") }); err != nil {
		return err
	}
	for _, file := range n.setup.Images {
		if err := n.ctr("-n", "k8s.io", "images", "import", file); err != nil {
			return err
		}
	}
	return nil
}

func (n *inner) ctr(args ...string) error {
	return n.command("ctr", append([]string{"--address", containerdSocket}, args...)...)
}

// command runs a program to its end.
func (n *inner) command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// controlPlane waits for the API server and starts those who speak to it.
func (n *inner) controlPlane() error {
	if err := n.until("kube-apiserver", func() error { return n.get("/readyz", nil) }); err != nil {
		return err
	}
	return n.start(n.controllerManager(), n.scheduler(), n.kubelet(), n.proxy())
}

// kinds applies the kinds of the Gateway API, and the cluster's own objects.
func (n *inner) kinds() error {
	apply := []string{"--kubeconfig=" + n.path("pki", "admin.kubeconfig"), "apply", "--server-side", "--filename"}
	if err := n.command("kubectl", append(apply, n.setup.Kinds)...); err != nil {
		return err
	}
	return n.command("kubectl", append(apply, n.path("manifest.yaml"))...)
}

// gateway starts Traefik, which gives up where it does not find its kinds, and
// waits until it took the GatewayClass.
func (n *inner) gateway() error {
	if err := n.start(n.traefik()); err != nil {
		return err
	}
	return n.until("traefik", func() error {
		return n.condition("/apis/gateway.networking.k8s.io/v1/gatewayclasses/traefik", "Accepted")
	})
}

func (n *inner) ready() error {
	err := n.until("kubelet", func() error { return n.condition("/api/v1/nodes/"+hostName, "Ready") })
	tuneNetfilter()
	return err
}

// accounts waits for the account that every pod wants.
func (n *inner) accounts() error {
	return n.until("kube-controller-manager", func() error { return n.get("/api/v1/namespaces/default/serviceaccounts/default", nil) })
}

// until waits for a check that a component has come up. It ends early where one
// of them has ended.
func (n *inner) until(name string, check func() error) error {
	for deadline := time.Now().Add(startLimit); ; time.Sleep(50 * time.Millisecond) {
		for pid := range n.running {
			var status syscall.WaitStatus
			if found, _ := syscall.Wait4(pid, &status, syscall.WNOHANG, nil); found == pid {
				return n.failed(n.running[pid].name, errors.New(describe(status)))
			}
		}
		err := check()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return n.failed(name, err)
		}
	}
}

// failed writes down which component failed, for whoever reports it.
func (n *inner) failed(name string, cause error) error {
	return errors.Join(fmt.Errorf("%s failed: %w", name, cause), os.WriteFile(n.path("failed"), []byte(name), 0o600))
}

// supervise reaps, starts what is wanted on demand and again what Restart killed,
// and ends when a component ends by itself: a cluster without one of them proves
// nothing.
func (n *inner) supervise() error {
	for ; ; time.Sleep(50 * time.Millisecond) {
		if err := errors.Join(n.startWanted(), n.reap()); err != nil {
			return err
		}
	}
}

// reap takes what has ended so far.
func (n *inner) reap() error {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot wait: %w", err)
		}
		if pid == 0 {
			return nil
		}
		ended, ours := n.running[pid]
		if !ours {
			continue
		}
		delete(n.running, pid)
		if os.Remove(n.path("restart-"+ended.name)) != nil {
			return n.failed(ended.name, errors.New(describe(status)))
		}
		if err := n.start(ended); err != nil {
			return err
		}
	}
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "signal: " + status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}
