// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/cgroup"
)

// isolate makes the namespaces a node's: mounts, host name and network.
func (n *inner) isolate() error {
	if err := n.mounts(); err != nil {
		return err
	}
	if err := syscall.Sethostname([]byte(hostName)); err != nil {
		return fmt.Errorf("cannot set the host name: %w", err)
	}
	return network()
}

// mounts gives the node a cgroup tree, /run, /var/lib and /var/log of its own.
// Everything else stays visible, so that programs of the caller run inside.
func (n *inner) mounts() error {
	// First cut off from the machine, which shares its mounts where systemd runs;
	// then shared among ourselves, since the kubelet wants propagation.
	for _, flag := range []uintptr{syscall.MS_PRIVATE, syscall.MS_SHARED} {
		if err := syscall.Mount("", "/", "", syscall.MS_REC|flag, ""); err != nil {
			return fmt.Errorf("cannot change the propagation of mounts: %w", err)
		}
	}
	for kind, dir := range map[string]string{"proc": "/proc", "sysfs": "/sys"} {
		if err := mount(kind, dir, ""); err != nil {
			return err
		}
	}
	if err := cgroup.Mount(n.cgroup); err != nil {
		return err
	}
	if err := mount("tmpfs", "/run", "mode=755"); err != nil {
		return err
	}
	for name, dir := range map[string]string{"varlib": "/var/lib", "varlog": "/var/log"} {
		if err := os.MkdirAll(n.path(name), 0o755); err != nil {
			return err
		}
		if err := bind(n.path(name), dir); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/run/cni/conf", "/run/lock", "/run/sysctl"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return maskSysctls()
}

func mount(kind, dir, options string) error {
	if err := syscall.Mount(kind, dir, kind, 0, options); err != nil {
		return fmt.Errorf("cannot mount %s at %s: %w", kind, dir, err)
	}
	return nil
}

func bind(from, to string) error {
	if err := syscall.Mount(from, to, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("cannot bind %s to %s: %w", from, to, err)
	}
	return nil
}

// maskSysctls shows the kubelet files that hold what it would write machine-wide:
// it reads them, is content, and writes nothing.
func maskSysctls() error {
	for name, value := range map[string]string{
		"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
		"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
	} {
		file := filepath.Join("/run/sysctl", strings.ReplaceAll(name, "/", "."))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			return err
		}
		if err := bind(file, "/proc/sys/"+name); err != nil {
			return err
		}
	}
	return nil
}

// network gives the node an address that is not loopback, and pods a bridge. The
// default route leads nowhere; some programs want one.
func network() error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(`link set lo up
link add node0 type veth peer name node1
addr add ` + Address + `/24 dev node0
link set node0 up
link set node1 up
route add default via 10.10.0.254 dev node0
`)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot make the network: %w: %s", err, strings.TrimSpace(string(out)))
	}
	for name, value := range map[string]string{
		"ip_forward": "1", "ip_local_port_range": "10000 65000", "ip_local_reserved_ports": "10248-10259,30000-32767",
	} {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0o600); err != nil {
			return fmt.Errorf("cannot set %s: %w", name, err)
		}
	}
	tuneNetfilter()
	text, err := configs.ReadFile("config/cni.conflist")
	if err != nil {
		return err
	}
	return os.WriteFile("/run/cni/conf/10-bridge.conflist", text, 0o600)
}

// tuneNetfilter sets what is there only once the kernel has loaded its part, so it
// is called again when rules are in place. A client port that is used again soon
// after a reset would be sent to the old pod, which may be gone: one request in
// 100000 is lost with the kernel's ten seconds, none with one.
func tuneNetfilter() {
	_ = os.WriteFile("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close", []byte("1"), 0o600)
	_ = os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("1"), 0o600)
}
