// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "cluster: the local cluster needs Linux; point KUBECONFIG at any cluster (kind, minikube, a cloud) and use CLUSTER=existing")
	os.Exit(1)
}
