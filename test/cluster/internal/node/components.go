// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "embed" // the manifest
)

//go:embed manifest.yaml
var manifest string

// component is one program of the node.
type component struct {
	name string
	args []string
	env  []string
}

// components writes the configurations and starts everything. Those that come
// up later than what they need try again by themselves.
func (n *inner) components() error {
	n.running = map[int]component{}
	for name, text := range map[string]string{
		"containerd.toml": containerdConfig, "kubelet.yaml": kubeletConfig, "kube-proxy.yaml": proxyConfig, "traefik.yaml": traefikConfig,
	} {
		text = strings.NewReplacer("@RUN@", n.run, "@SNAPSHOTTER@", envOr("SNAPSHOTTER", "overlayfs"), "@NODE@", nodeAddress, "@CGROUP@", cgroup).Replace(text)
		if err := os.WriteFile(n.path(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	for _, c := range n.list() {
		switch c.name {
		case "kube-controller-manager":
			if err := n.waitForAPIServer(); err != nil {
				return err
			}
			n.stamp("apiserver")
		case "traefik": // it gives up where it does not find its kinds
			if err := n.kinds(); err != nil {
				return err
			}
		}
		if err := n.start(c); err != nil {
			return err
		}
	}
	return nil
}

// waitForAPIServer waits until the API server says that it is ready.
func (n *inner) waitForAPIServer() error {
	kubectl := "kubectl --kubeconfig=" + n.path("pki", "admin.kubeconfig") + " get --raw /readyz"
	var err error
	for range 600 {
		if err = shell(kubectl); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// kinds applies the Gateway API and what Traefik may read.
func (n *inner) kinds() error {
	file := n.path("manifest.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		return err
	}
	kubectl := "kubectl --kubeconfig=" + n.path("pki", "admin.kubeconfig") + " apply --server-side "
	return shell(kubectl+"-f "+n.crds, kubectl+"-f "+file)
}

func (n *inner) list() []component {
	pki := func(name string) string { return n.path("pki", name) }
	auth := func(name string) []string {
		file := pki(name + ".kubeconfig")
		return []string{"--kubeconfig=" + file, "--authentication-kubeconfig=" + file, "--authorization-kubeconfig=" + file, "--leader-elect=false"}
	}
	return []component{
		{name: "etcd", args: []string{
			"--data-dir=" + n.path("etcd"), "--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
			"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
			"--initial-cluster=default=http://127.0.0.1:2380", "--unsafe-no-fsync", "--log-level=warn",
		}},
		{name: "containerd", args: []string{"--config", n.path("containerd.toml")}},
		{name: "kube-apiserver", args: []string{
			"--etcd-servers=http://127.0.0.1:2379", "--advertise-address=" + nodeAddress, "--secure-port=6443",
			"--client-ca-file=" + pki("ca.crt"), "--tls-cert-file=" + pki("apiserver.crt"), "--tls-private-key-file=" + pki("apiserver.key"),
			"--service-account-key-file=" + pki("sa.pub"), "--service-account-signing-key-file=" + pki("sa.key"),
			"--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.96.0.0/16",
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
			"--kubelet-client-certificate=" + pki("apiserver-kubelet.crt"), "--kubelet-client-key=" + pki("apiserver-kubelet.key"),
			"--kubelet-certificate-authority=" + pki("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		}},
		{name: "kube-controller-manager", args: append(auth("kcm"),
			"--use-service-account-credentials=true", "--service-account-private-key-file="+pki("sa.key"), "--root-ca-file="+pki("ca.crt"),
			"--cluster-signing-cert-file="+pki("ca.crt"), "--cluster-signing-key-file="+pki("ca.key"),
			"--allocate-node-cidrs=false", "--kube-api-qps=300", "--kube-api-burst=500")},
		{name: "kube-scheduler", args: auth("scheduler")},
		{name: "kubelet", args: []string{
			"--config=" + n.path("kubelet.yaml"), "--kubeconfig=" + pki("kubelet.kubeconfig"), "--hostname-override=node", "--node-ip=" + nodeAddress, "--v=2",
		}},
		{name: "kube-proxy", args: []string{"--config=" + n.path("kube-proxy.yaml"), "--v=2"}},
		{name: "traefik", args: []string{"--configFile=" + n.path("traefik.yaml")}, env: []string{"KUBECONFIG=" + pki("traefik.kubeconfig")}},
	}
}

// start runs a component; its output goes to its log.
func (n *inner) start(c component) error {
	log, err := os.OpenFile(n.path("logs", c.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	program, err := exec.LookPath(c.name)
	if err != nil {
		return err
	}
	process, err := os.StartProcess(program, append([]string{c.name}, c.args...), &os.ProcAttr{
		Dir: n.run, Env: append(os.Environ(), c.env...), Files: []*os.File{nil, log, log},
	})
	if err != nil {
		return err
	}
	n.running[process.Pid] = c
	return os.WriteFile(filepath.Join(n.run, "pid-"+c.name), []byte(strconv.Itoa(process.Pid)), 0o600)
}

func envOr(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

const containerdConfig = `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "@SNAPSHOTTER@"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "evenkeel.local/pause:1"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = "/usr/sbin/runc"
      SystemdCgroup = false
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "/run/cni/conf"
`

const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: @CGROUP@
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: @RUN@/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: @RUN@/pki/kubelet.crt
tlsPrivateKeyFile: @RUN@/pki/kubelet.key
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 50Mi, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%, imagefs.inodesFree: 0%}
localStorageCapacityIsolation: false
resolvConf: /dev/null
`

const proxyConfig = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: @RUN@/pki/proxy.kubeconfig}
hostnameOverride: node
clusterCIDR: 10.244.0.0/16
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`

const traefikConfig = `global: {checkNewVersion: false, sendAnonymousUsage: false}
log: {level: INFO}
entryPoints:
  web: {address: "@NODE@:8000"}
  metrics: {address: "@NODE@:9100"}
  traefik: {address: "@NODE@:8080"}
api: {insecure: true, dashboard: false}
ping: {}
metrics: {prometheus: {entryPoint: metrics, addEntryPointsLabels: true, addRoutersLabels: true, addServicesLabels: true}}
providers:
  providersThrottleDuration: 500ms
  kubernetesGateway: {experimentalChannel: false, statusAddress: {ip: "@NODE@"}}
  kubernetesIngressNGINX: {ingressClass: nginx, controllerClass: k8s.io/ingress-nginx}
`
