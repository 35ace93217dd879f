// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/pki"
)

//go:embed config
var configs embed.FS

// The addresses inside the node's network namespace.
const (
	Address   = "10.10.0.1"
	APIServer = "https://" + Address + ":6443"

	serviceRange = "10.96.0.0/16"
	kubernetesIP = "10.96.0.1"
	hostName     = "node"

	containerdSocket = "/run/containerd/containerd.sock"
)

// identities are those who speak to the API server, and itself.
var identities = []pki.Identity{
	{Name: "kube-apiserver", User: "kube-apiserver", Hosts: []string{
		Address, kubernetesIP, "127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
	}},
	{Name: "apiserver-kubelet", User: "apiserver-kubelet", Group: "system:masters"},
	{Name: "kubelet", User: "system:node:" + hostName, Group: "system:nodes", Hosts: []string{Address, hostName}},
	{Name: "kube-controller-manager", User: "system:kube-controller-manager"},
	{Name: "kube-scheduler", User: "system:kube-scheduler"},
	{Name: "kube-proxy", User: "system:kube-proxy"},
	{Name: "traefik", User: "traefik"},
	{Name: "admin", User: "admin", Group: "system:masters"},
}

// component is one program of the node.
type component struct {
	name string
	args []string
	env  []string
}

func (n *inner) etcd() component {
	return component{name: "etcd", args: []string{
		"--data-dir=" + n.path("etcd"),
		"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=default=http://127.0.0.1:2380", "--unsafe-no-fsync", "--log-level=warn",
	}}
}

func (n *inner) containerd() component {
	return component{name: "containerd", args: []string{"--config=" + n.path("containerd.toml")}}
}

func (n *inner) apiServer() component {
	return component{name: "kube-apiserver", args: []string{
		"--etcd-servers=http://127.0.0.1:2379", "--advertise-address=" + Address, "--secure-port=6443",
		"--client-ca-file=" + n.pki("ca.crt"),
		"--tls-cert-file=" + n.pki("kube-apiserver.crt"), "--tls-private-key-file=" + n.pki("kube-apiserver.key"),
		"--service-account-key-file=" + n.pki("sa.pub"), "--service-account-signing-key-file=" + n.pki("sa.key"),
		"--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=" + serviceRange,
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
		"--kubelet-client-certificate=" + n.pki("apiserver-kubelet.crt"), "--kubelet-client-key=" + n.pki("apiserver-kubelet.key"),
		"--kubelet-certificate-authority=" + n.pki("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
	}}
}

// controllerManager has far more requests to spend than by default: with those,
// the accounts of a new namespace come five seconds late.
func (n *inner) controllerManager() component {
	name := "kube-controller-manager"
	return component{name: name, args: append(n.kubeconfigs(name),
		"--use-service-account-credentials=true", "--service-account-private-key-file="+n.pki("sa.key"),
		"--root-ca-file="+n.pki("ca.crt"), "--cluster-signing-cert-file="+n.pki("ca.crt"), "--cluster-signing-key-file="+n.pki("ca.key"),
		"--allocate-node-cidrs=false", "--kube-api-qps=300", "--kube-api-burst=500")}
}

func (n *inner) scheduler() component {
	return component{name: "kube-scheduler", args: n.kubeconfigs("kube-scheduler")}
}

func (n *inner) kubelet() component {
	return component{name: "kubelet", args: []string{
		"--config=" + n.path("kubelet.yaml"), "--kubeconfig=" + n.pki("kubelet.kubeconfig"),
		"--hostname-override=" + hostName, "--node-ip=" + Address, "--v=2",
	}}
}

func (n *inner) proxy() component {
	return component{name: "kube-proxy", args: []string{"--config=" + n.path("kube-proxy.yaml"), "--v=2"}}
}

func (n *inner) traefik() component {
	return component{name: "traefik", args: []string{"--configFile=" + n.path("traefik.yaml")}, env: []string{"KUBECONFIG=" + n.pki("traefik.kubeconfig")}}
}

// kubeconfigs are the flags of a component that also answers requests.
func (n *inner) kubeconfigs(name string) []string {
	file := n.pki(name + ".kubeconfig")
	return []string{"--kubeconfig=" + file, "--authentication-kubeconfig=" + file, "--authorization-kubeconfig=" + file, "--leader-elect=false"}
}

func (n *inner) pki(name string) string { return n.path("pki", name) }

// writeConfigs writes the configuration files with what differs from run to run.
func (n *inner) writeConfigs() error {
	snapshotter, err := n.snapshotter()
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("@RUN@", n.run, "@ADDRESS@", Address, "@CGROUP@", "/"+n.cgroup, "@PAUSE@", n.setup.Pause, "@SNAPSHOTTER@", snapshotter)
	for _, name := range []string{"containerd.toml", "kubelet.yaml", "kube-proxy.yaml", "traefik.yaml", "manifest.yaml", "skipper.yaml"} {
		text, err := configs.ReadFile("config/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(n.path(name), []byte(fill.Replace(string(text))), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// snapshotter is overlayfs, but where that would lie on an overlayfs itself, as in
// a container.
func (n *inner) snapshotter() (string, error) {
	const overlay = 0x794c7630
	var under syscall.Statfs_t
	if err := syscall.Statfs(n.run, &under); err != nil {
		return "", fmt.Errorf("cannot look at the file system of %s: %w", n.run, err)
	}
	if under.Type == overlay {
		return "native", nil
	}
	return "overlayfs", nil
}

// start runs components, each with its own log. Those that come up later than
// what they need try again by themselves.
func (n *inner) start(components ...component) error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }()
	for _, c := range components {
		log, err := os.OpenFile(n.path("logs", c.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		program, err := exec.LookPath(c.name)
		if err != nil {
			return errors.Join(err, log.Close())
		}
		process, err := os.StartProcess(program, append([]string{c.name}, c.args...), &os.ProcAttr{
			Dir: n.run, Env: append(os.Environ(), c.env...), Files: []*os.File{null, log, log},
		})
		if err := errors.Join(err, log.Close()); err != nil {
			return fmt.Errorf("cannot start %s: %w", c.name, err)
		}
		n.running[process.Pid] = c
		pid := []byte(strconv.Itoa(process.Pid))
		if err := os.WriteFile(filepath.Join(n.run, "pid-"+c.name), pid, 0o600); err != nil {
			return err
		}
	}
	return nil
}
