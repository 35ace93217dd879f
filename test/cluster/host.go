// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// needs are the programs that come from the distribution, and their packages.
var needs = []struct{ file, pkg string }{
	{"/usr/sbin/runc", "runc"},
	{"/usr/lib/cni/bridge", "containernetworking-plugins"},
	{"/usr/sbin/nft", "nftables"},
	{"/usr/sbin/iptables", "iptables"},
	{"/usr/sbin/conntrack", "conntrack"},
	{"/bin/ip", "iproute2"},
	{"/usr/bin/nsenter", "util-linux"},
}

// preflight makes sure that this machine can run the cluster, and installs what
// is missing where it may.
func preflight() error {
	if os.Geteuid() != 0 {
		return errors.New("the local cluster needs root; point KUBECONFIG at any cluster (kind, minikube, a cloud) and use CLUSTER=existing")
	}
	var missing []string
	for _, need := range needs {
		if _, err := os.Stat(need.file); err != nil {
			missing = append(missing, need.pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("these packages are missing, install them first: %s", strings.Join(missing, " "))
	}
	fmt.Println("installing", strings.Join(missing, " "))
	for _, args := range [][]string{{"update", "-qq"}, append([]string{"install", "-y", "-qq", "--no-install-recommends"}, missing...)} {
		cmd := exec.Command("apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot install %s: %w\n%s", strings.Join(missing, " "), err, out)
		}
	}
	return nil
}
