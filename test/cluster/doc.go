// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command cluster keeps a real local Kubernetes cluster for tests and the demo:
// etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet,
// containerd, kube-proxy and Traefik, built from pinned modules, in namespaces
// of their own. Nothing outside of these is touched, and nothing is left behind.
//
//	cluster build [kwok]     build what is missing, into the cache; kwok, prometheus on demand
//	cluster up               start the cluster; it is ready when this returns
//	cluster load             load the project's images again, those that changed
//	cluster exec -- CMD...   run a command inside, with KUBECONFIG and PATH set
//	cluster start skipper    start a second data plane, which runs on demand
//	cluster restart NAME     kill a component and start it again
//	cluster status           what runs, and since when
//	cluster env              its addresses and names, as KEY=VALUE
//	cluster down             end everything
package main
