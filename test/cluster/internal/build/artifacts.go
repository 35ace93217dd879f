// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import "strings"

// Group is a set of programs that are built from one pinned module.
type Group struct {
	// Name is that of the module's folder under modules/.
	Name string
	// Programs maps each binary's name to its package.
	Programs map[string]string
	Tags     string
	// LDFlags are added to "-s -w".
	LDFlags string
	// Patch replaces one file of a dependency, where a part that is never used
	// would have to be built, or could not be.
	Patch *Patch
	// Cold is about how long a first build takes on two cores.
	Cold string
	// OnDemand leaves it out of what every cluster is built from: whoever needs
	// it names it.
	OnDemand bool
}

// flags are those of go build.
func (g Group) flags() []string {
	flags := []string{"-trimpath", "-mod=readonly", "-ldflags", strings.TrimSpace("-s -w " + g.LDFlags)}
	if g.Tags != "" {
		flags = append(flags, "-tags", g.Tags)
	}
	return flags
}

// Patch replaces File of Module by With, a path below the group's folder.
type Patch struct{ Module, File, With string }

const kubernetesVersion = "-X k8s.io/component-base/version.gitVersion=v1.37.1 " +
	"-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37 " +
	"-X k8s.io/component-base/version.gitTreeState=clean"

// Groups are all programs of the cluster, in the order in which they are built.
var Groups = []Group{
	{Name: "etcd", Cold: "1 min", Programs: map[string]string{"etcd": "go.etcd.io/etcd/server/v3"}},
	{Name: "kubernetes", Cold: "9 min", LDFlags: kubernetesVersion, Programs: map[string]string{
		"kube-apiserver":          "k8s.io/kubernetes/cmd/kube-apiserver",
		"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
		"kube-scheduler":          "k8s.io/kubernetes/cmd/kube-scheduler",
		"kubelet":                 "k8s.io/kubernetes/cmd/kubelet",
		"kube-proxy":              "k8s.io/kubernetes/cmd/kube-proxy",
		"kubectl":                 "k8s.io/kubernetes/cmd/kubectl",
	}},
	{Name: "containerd", Cold: "1 min", Tags: "no_btrfs no_devmapper no_zfs no_aufs", Programs: map[string]string{
		"containerd":              "github.com/containerd/containerd/v2/cmd/containerd",
		"containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
		"ctr":                     "github.com/containerd/containerd/v2/cmd/ctr",
	}},
	{Name: "helm", Cold: "3 min", Programs: map[string]string{"helm": "helm.sh/helm/v4/cmd/helm"}},
	{Name: "traefik", Cold: "6 min", Programs: map[string]string{"traefik": "github.com/traefik/traefik/v3/cmd/traefik"}, Patch: &Patch{
		Module: "github.com/go-acme/lego/v5", File: "providers/dns/zz_gen_dns_providers.go", With: "overlay/dns.go",
	}},
	{Name: "skipper", Cold: "2 min", Programs: map[string]string{"skipper": "github.com/zalando/skipper/cmd/skipper"}},
	{Name: "kwok", Cold: "1 min", OnDemand: true, Programs: map[string]string{"kwok": "sigs.k8s.io/kwok/cmd/kwok"}},
	// The tag leaves out all ways to find targets but that of a fixed list.
	{Name: "prometheus", Cold: "3 min", OnDemand: true, Tags: "remove_all_sd", Programs: map[string]string{"prometheus": "github.com/prometheus/prometheus/cmd/prometheus"}},
}
