// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Skipper is where Skipper listens, once it was started.
const Skipper = "http://" + skipperAddress

const (
	skipperName    = "skipper"
	skipperAddress = Address + ":9090"
)

// onDemand names the components that run only where somebody asks for them.
var onDemand = []string{skipperName}

// skipper asks for everything each second, which is why it runs on demand: with
// thousands of Services that would be most of what the API server does.
func (n *inner) skipper() component {
	return component{name: skipperName, args: []string{
		"-address=" + skipperAddress, "-support-listener=" + Address + ":9911", "-access-log-disabled",
		"-kubernetes", "-kubernetes-url=" + APIServer, "-kubernetes-token-file=" + n.pki(skipperName+".token"),
		"-kubernetes-ingress-class=^skipper$", "-enable-kubernetes-endpointslices", "-kubernetes-https-redirect=false",
		"-source-poll-timeout=1000", "-wait-first-route-load",
	}, env: []string{"SSL_CERT_FILE=" + n.pki("ca.crt")}}
}

// StartComponent starts one that runs on demand, and returns when it answers. One
// that runs already is left alone.
func (n Node) StartComponent(name string) error {
	if !slices.Contains(onDemand, name) {
		return fmt.Errorf("%q does not start on demand: name one of %s", name, strings.Join(onDemand, ", "))
	}
	if _, alive := n.Pid(); !alive {
		return errors.New(n.Down())
	}
	if _, err := os.Stat(filepath.Join(n.Run, "pid-"+name)); err != nil {
		if err := n.want(name); err != nil {
			return err
		}
	}
	return n.untilHealthy(name)
}

// want gives a component its rights and its token, and tells the first process,
// whose child it is to be.
func (n Node) want(name string) error {
	if _, err := n.output("sh", "-c", "command -v "+name); err != nil {
		return fmt.Errorf("there was no %s when the cluster was started: make cluster-down cluster-up", name)
	}
	if _, err := n.output("kubectl", "apply", "--server-side", "--filename", filepath.Join(n.Run, name+".yaml")); err != nil {
		return err
	}
	token, err := n.output("kubectl", "--namespace=kube-system", "create", "token", name, "--duration=8760h")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(n.Run, "pki", name+".token"), bytes.TrimSpace(token), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(n.Run, "wanted-"+name), nil, 0o600)
}

// untilHealthy waits for Skipper's first routes; kubectl is the HTTP client that
// is inside for sure.
func (n Node) untilHealthy(name string) error {
	var err error
	for range 300 {
		if _, err = n.output("kubectl", "--kubeconfig="+os.DevNull, "--server="+Skipper, "get", "--raw", "/kube-system/healthz"); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%s did not come up: %w; its log is %s", name, err, filepath.Join(n.Logs(), name+".log"))
}

// startWanted starts the components that were asked for since the last look.
func (n *inner) startWanted() error {
	for _, c := range []component{n.skipper()} {
		if os.Remove(n.path("wanted-"+c.name)) != nil || n.runs(c.name) {
			continue
		}
		if err := n.start(c); err != nil {
			return err
		}
	}
	return nil
}

// runs tells whether a component was started.
func (n *inner) runs(name string) bool {
	for _, c := range n.running {
		if c.name == name {
			return true
		}
	}
	return false
}
