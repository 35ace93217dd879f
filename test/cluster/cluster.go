// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/build"
	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/node"
)

// cluster is the local cluster of one cache folder.
type cluster struct {
	root, cache string
	builder     build.Builder
	node        node.Node
}

func newCluster() (*cluster, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	root, err := findRoot(here)
	if err != nil {
		return nil, err
	}
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	c := &cluster{root: root, cache: cache}
	c.builder = build.Builder{Modules: filepath.Join(root, "test", "cluster", "modules"), Cache: cache, Out: os.Stdout}
	c.node.Run = filepath.Join(cache, "run")
	c.node.Path, err = c.builder.Dirs()
	return c, err
}

// findRoot is the project's folder that dir lies in.
func findRoot(dir string) (string, error) {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "test", "cluster", "modules")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("run this inside the project: %s is not", dir)
		}
	}
}

func cacheDir() (string, error) {
	if dir := os.Getenv("EVENKEEL_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the cache: set EVENKEEL_CACHE: %w", err)
	}
	return filepath.Join(base, "evenkeel"), nil
}

// locked lets one command at a time change the cluster of a cache.
func (c *cluster) locked(do func() error) error {
	if err := os.MkdirAll(c.cache, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(c.cache, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		fmt.Println("waiting for another command on this cluster to end")
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
			return fmt.Errorf("cannot lock the cluster: %w", err)
		}
	}
	return do()
}

// build makes all programs and images that the cache lacks, and of the programs
// on demand those that are named.
func (c *cluster) build(ctx context.Context, demanded ...string) ([]packed, error) {
	if err := c.host().prepare(ctx); err != nil {
		return nil, err
	}
	if err := c.builder.All(ctx, demanded...); err != nil {
		return nil, err
	}
	return c.pack(ctx)
}

// up starts the cluster, or loads the project's images into one that runs.
func (c *cluster) up(ctx context.Context) error {
	if _, alive := c.node.Pid(); alive {
		fmt.Println("the cluster is up already")
		return c.load(ctx)
	}
	images, err := c.build(ctx)
	if err != nil {
		return err
	}
	kinds, err := c.kinds(ctx)
	if err != nil {
		return err
	}
	setup := node.Setup{Kinds: kinds, Pause: pauseImage}
	for _, image := range images {
		setup.Images = append(setup.Images, image.file)
	}
	started := time.Now()
	if err := c.node.Start(ctx, setup, os.Stdout); err != nil {
		return err
	}
	fmt.Printf("the cluster is up after %.1f s; its logs are in %s\n", time.Since(started).Seconds(), c.node.Logs())
	return nil
}

// kinds gives a folder with the Gateway API's kinds, from the module's own zip.
func (c *cluster) kinds(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api")
	cmd.Dir = c.root
	out, err := cmd.Output()
	dir := string(bytes.TrimSpace(out))
	if err != nil || dir == "" {
		return "", fmt.Errorf("cannot find the module sigs.k8s.io/gateway-api: %w", err)
	}
	to := filepath.Join(c.cache, "kinds")
	if err := os.RemoveAll(to); err != nil {
		return "", err
	}
	if err := os.CopyFS(to, os.DirFS(filepath.Join(dir, "config", "crd", "standard"))); err != nil {
		return "", fmt.Errorf("cannot copy the kinds of the Gateway API: %w", err)
	}
	return to, os.RemoveAll(filepath.Join(to, "kustomization.yaml")) // not an object of a cluster
}

func (c *cluster) down() error {
	if err := c.node.Stop(); err != nil {
		return err
	}
	fmt.Println("the cluster is down")
	return nil
}

func (c *cluster) exec(args []string) error {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return errors.New("say what to run: cluster exec -- kubectl get pods")
	}
	return c.node.Exec(args...)
}

func (c *cluster) start(args []string) error {
	if len(args) != 1 {
		return errors.New("say which component to start: skipper is the one that runs on demand")
	}
	return c.node.StartComponent(args[0])
}

func (c *cluster) restart(args []string) error {
	if len(args) != 1 {
		return errors.New("say which component to restart, such as kube-apiserver")
	}
	return c.node.Restart(args[0])
}

func (c *cluster) status() error {
	if _, alive := c.node.Pid(); !alive {
		fmt.Println(c.node.Down())
		return nil
	}
	for _, component := range c.node.Components() {
		fmt.Printf("%-26s up for %s\n", component.Name, time.Since(component.Since).Round(time.Second))
	}
	fmt.Printf("logs are in %s\n", c.node.Logs())
	return nil
}

// env prints what a test needs to know about the cluster.
func (c *cluster) env() error {
	var names []string
	for _, p := range project {
		names = append(names, p.name)
	}
	for _, pair := range [][2]string{
		{"KUBECONFIG", c.node.Kubeconfig()},
		{"API_SERVER", node.APIServer},
		{"GATEWAY_CLASS", "traefik"},
		{"GATEWAY_ADDRESS", node.Address},
		{"GATEWAY_PORTS", "80,8000"},
		{"GATEWAY_METRICS", "http://" + node.Address + ":9100/metrics"},
		{"INGRESS_CLASS", "nginx"},
		{"SKIPPER", node.Skipper},
		{"IMAGES", strings.Join(names, ",")},
		{"LOGS", c.node.Logs()},
	} {
		fmt.Println(pair[0] + "=" + pair[1])
	}
	return nil
}
