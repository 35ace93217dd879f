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
)

// cgroup is the node's tree below the cgroup that it was started in.
const cgroup = "/evenkeel-cluster"

// Inner is the first process of the namespaces. It returns only on an error.
// crds is the folder of the Gateway API's kinds.
func Inner(run, crds string) error {
	n := inner{run: run, crds: crds}
	for _, step := range []struct {
		name string
		do   func() error
	}{{"mounts", n.mounts}, {"network", n.network}, {"certificates", func() error { return writePKI(n.path("pki")) }}, {"components", n.components}} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		n.stamp(step.name)
	}
	return n.supervise()
}

type inner struct {
	run     string
	crds    string
	running map[int]component
}

func (n *inner) path(parts ...string) string {
	return filepath.Join(append([]string{n.run}, parts...)...)
}

// stamp says in the run folder that a step is done.
func (n *inner) stamp(name string) {
	_ = os.WriteFile(n.path("done-"+name), nil, 0o600) // progress alone
}

// mounts makes the mounts private, and gives the node a cgroup tree, /run,
// /var/lib and /var/log of its own.
func (n *inner) mounts() error {
	for _, dir := range []string{"varlib", "varlog", "logs"} {
		if err := os.MkdirAll(n.path(dir), 0o755); err != nil {
			return err
		}
	}
	err := shell(
		"mount --make-rshared /",
		"mount -t proc proc /proc",
		"mount -t sysfs sysfs /sys",
		"mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup",
	)
	if err == nil {
		err = mountCgroups()
	}
	if err == nil {
		err = shell(
			"mount -t tmpfs -o mode=755 tmpfs /run",
			"mount --bind "+n.path("varlib")+" /var/lib",
			"mount --bind "+n.path("varlog")+" /var/log",
			"mkdir -p /run/cni/conf /run/lock /run/sysctl",
			"hostname node",
		)
	}
	if err != nil {
		return err
	}
	return maskSysctls()
}

// mountCgroups mounts the hierarchies of this machine: those of version 1 one by
// one, or the only one of version 2 (which was not run on such a machine yet).
func mountCgroups() error {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return err
	}
	var controllers []string
	for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		if parts := strings.SplitN(line, ":", 3); len(parts) == 3 && parts[1] != "" && !strings.HasPrefix(parts[1], "name=") {
			controllers = append(controllers, parts[1])
		}
	}
	if len(controllers) == 0 {
		return mountCgroup2()
	}
	for _, name := range controllers {
		dir := "/sys/fs/cgroup/" + name
		if err := shell("mkdir -p "+dir, "mount -t cgroup -o "+name+" cgroup "+dir, "mkdir -p "+dir+cgroup); err != nil {
			return err
		}
		if name == "cpuset" {
			for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
				if err := shell("cat " + dir + "/" + file + " > " + dir + cgroup + "/" + file); err != nil {
					return err
				}
			}
		}
	}
	dir := "/sys/fs/cgroup/systemd"
	return shell("mkdir -p "+dir, "mount -t cgroup -o none,name=systemd cgroup "+dir, "mkdir -p "+dir+cgroup)
}

func mountCgroup2() error {
	return shell(
		"umount /sys/fs/cgroup",
		"mount -t cgroup2 cgroup2 /sys/fs/cgroup",
		"mkdir -p /sys/fs/cgroup/evenkeel-init /sys/fs/cgroup"+cgroup,
		"for p in $(cat /sys/fs/cgroup/cgroup.procs); do echo $p > /sys/fs/cgroup/evenkeel-init/cgroup.procs || true; done",
		"for c in $(cat /sys/fs/cgroup/cgroup.controllers); do echo +$c > /sys/fs/cgroup/cgroup.subtree_control || true; done",
	)
}

// maskSysctls shows the kubelet files that hold what it would write machine-wide.
func maskSysctls() error {
	for name, value := range map[string]string{
		"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
		"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
	} {
		file := "/run/sysctl/" + strings.ReplaceAll(name, "/", ".")
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := shell("mount --bind " + file + " /proc/sys/" + name); err != nil {
			return err
		}
	}
	return nil
}

// network gives the node an address that is not loopback, and pods a bridge.
func (n *inner) network() error {
	err := shell(
		"ip link set lo up",
		"ip link add node0 type veth peer name node1",
		"ip addr add "+nodeAddress+"/24 dev node0",
		"ip link set node0 up",
		"ip link set node1 up",
		"ip route add default via 10.10.0.254 dev node0", // leads nowhere; some programs want one
		"echo 1 > /proc/sys/net/ipv4/ip_forward",
		// a client port that is used again soon after a reset would be sent to the old, perhaps deleted, pod
		"echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close || true",
		"echo '10000 65000' > /proc/sys/net/ipv4/ip_local_port_range",
		"echo 10248-10259,30000-32767 > /proc/sys/net/ipv4/ip_local_reserved_ports",
		"echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables || true",
	)
	if err != nil {
		return err
	}
	return os.WriteFile("/run/cni/conf/10-bridge.conflist", []byte(cniConfig), 0o600)
}

const cniConfig = `{"cniVersion":"1.0.0","name":"bridge","plugins":[
{"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":false,"hairpinMode":true,
"ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.0.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
{"type":"portmap","capabilities":{"portMappings":true}}]}
`

// shell runs lines as /bin/sh does, and stops at the first that fails.
func shell(lines ...string) error {
	for _, line := range lines {
		if out, err := exec.Command("/bin/sh", "-c", line).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", line, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// supervise reaps, starts again what was asked for, and ends when a component
// ends by itself: a cluster without one of them proves nothing.
func (n *inner) supervise() error {
	n.stamp("started")
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot wait: %w", err)
		}
		ended, ours := n.running[pid]
		if !ours {
			continue
		}
		delete(n.running, pid)
		again := n.path("restart-" + ended.name)
		if os.Remove(again) != nil {
			return fmt.Errorf("%s ended (%v); its log is %s", ended.name, status, n.path("logs", ended.name+".log"))
		}
		if err := n.start(ended); err != nil {
			return err
		}
	}
}
