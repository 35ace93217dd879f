// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// elsewhere is what everybody can do whose machine cannot run the cluster.
const elsewhere = "point KUBECONFIG at any cluster (kind, minikube, a cloud) and use CLUSTER=existing"

// needs are the programs that come from the distribution: the package of each, and
// where it may lie; a name alone is looked for as a shell does.
var needs = []struct {
	pkg   string
	files []string
}{
	{"runc", []string{"runc"}},
	{"containernetworking-plugins", []string{"/usr/lib/cni/bridge", "/usr/libexec/cni/bridge", "/opt/cni/bin/bridge"}},
	{"nftables", []string{"nft"}},
	{"iptables", []string{"iptables"}},
	{"conntrack", []string{"conntrack"}},
	{"iproute2", []string{"ip"}},
	{"util-linux", []string{"nsenter"}},
}

// allowed tells whether a user may run the cluster.
func allowed(uid int) error {
	if uid != 0 {
		return errors.New("the local cluster needs root; " + elsewhere)
	}
	return nil
}

// host is the machine, as far as the cluster needs it.
type host struct {
	// visible are folders that must be seen inside the node.
	visible []string
	// has tells whether a program is there.
	has func(file string) bool
	// install installs packages; nil where nothing is known that could.
	install func(ctx context.Context, pkgs []string) error
}

func (c *cluster) host() host {
	h := host{visible: []string{c.root, c.cache}, has: hasProgram}
	if _, err := exec.LookPath("apt-get"); err == nil {
		h.install = aptInstall
	}
	return h
}

// prepare makes sure that this machine can run the cluster, and installs what is
// missing where it can.
func (h host) prepare(ctx context.Context) error {
	for _, dir := range h.visible {
		for _, hidden := range []string{"/run", "/var/lib", "/var/log"} {
			if dir == hidden || strings.HasPrefix(dir, hidden+"/") {
				return fmt.Errorf("%s cannot be seen inside the node, which has a %s of its own: move the project, or set EVENKEEL_CACHE", dir, hidden)
			}
		}
	}
	missing := h.missing()
	switch {
	case len(missing) == 0:
		return nil
	case h.install == nil:
		return fmt.Errorf("these packages (by their Debian names) are missing, install them first: %s", strings.Join(missing, " "))
	}
	fmt.Println("installing", strings.Join(missing, " "))
	if err := h.install(ctx, missing); err != nil {
		return fmt.Errorf("cannot install %s: %w", strings.Join(missing, " "), err)
	}
	if still := h.missing(); len(still) > 0 {
		return fmt.Errorf("these packages were installed, but their programs are not found: %s", strings.Join(still, " "))
	}
	return nil
}

// missing names the packages whose programs are not there.
func (h host) missing() []string {
	var missing []string
next:
	for _, need := range needs {
		for _, file := range need.files {
			if h.has(file) {
				continue next
			}
		}
		missing = append(missing, need.pkg)
	}
	return missing
}

// hasProgram also looks where not every root's PATH leads.
func hasProgram(file string) bool {
	if _, err := exec.LookPath(file); err == nil {
		return true
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
			return true
		}
	}
	return false
}

func aptInstall(ctx context.Context, pkgs []string) error {
	for _, args := range [][]string{{"update", "-qq"}, append([]string{"install", "-y", "-qq", "--no-install-recommends"}, pkgs...)} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
