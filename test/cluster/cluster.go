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
	"time"

	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/build"
	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/image"
	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/node"
)

// cluster is the local cluster of one cache folder.
type cluster struct {
	root, cache string
	builder     build.Builder
	node        node.Node
}

// project are the images that are packed from this tree.
var project = []struct {
	name, pkg, path string
	env             []string
}{
	{"evenkeel.local/pause:1", "./test/cluster/pause", "/pause", nil},
	{"evenkeel.local/evenkeel:dev", "./cmd/evenkeel", "/evenkeel", nil},
	{"evenkeel.local/demo:v1", "./test/fixture/app", "/app", []string{"VERSION=v1"}},
	{"evenkeel.local/demo:v2", "./test/fixture/app", "/app", []string{"VERSION=v2"}},
	{"evenkeel.local/demo:v3", "./test/fixture/app", "/app", []string{"VERSION=v3"}},
}

func newCluster() (*cluster, error) {
	cache := os.Getenv("EVENKEEL_CACHE")
	if cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("no folder for the cache: set EVENKEEL_CACHE: %w", err)
		}
		cache = filepath.Join(base, "evenkeel")
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("run this inside the project: %w", err)
	}
	root := string(bytes.TrimSpace(out))
	c := &cluster{root: root, cache: cache}
	c.builder = build.Builder{Modules: filepath.Join(root, "test", "cluster", "modules"), Cache: cache, Out: os.Stdout}
	c.node.Run = filepath.Join(cache, "run")
	c.node.Path, err = c.builder.Dirs()
	return c, err
}

func (c *cluster) build() error {
	if err := c.builder.All(); err != nil {
		return err
	}
	_, err := c.pack()
	return err
}

// up starts the cluster, or loads the project's images into one that runs.
func (c *cluster) up(ctx context.Context) error {
	if err := c.build(); err != nil {
		return err
	}
	started := time.Now()
	if _, alive := c.node.Pid(); alive {
		fmt.Println("the cluster is up already")
		return c.load()
	}
	crds, err := c.crds()
	if err != nil {
		return err
	}
	if err := c.node.Start(ctx, crds, os.Stdout); err != nil {
		return err
	}
	if err := c.load(); err != nil {
		return err
	}
	fmt.Printf("cluster up in %.1f s; logs are in %s\n", time.Since(started).Seconds(), filepath.Join(c.node.Run, "logs"))
	return nil
}

// crds gives the folder of the Gateway API's kinds, from the module's own zip.
func (c *cluster) crds() (string, error) {
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api")
	cmd.Dir = c.root
	out, err := cmd.Output()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		return "", fmt.Errorf("cannot find the module sigs.k8s.io/gateway-api: %w", err)
	}
	to := filepath.Join(c.cache, "crds")
	if err := os.RemoveAll(to); err != nil {
		return "", err
	}
	if err := os.CopyFS(to, os.DirFS(filepath.Join(string(bytes.TrimSpace(out)), "config", "crd", "standard"))); err != nil {
		return "", err
	}
	return to, os.RemoveAll(filepath.Join(to, "kustomization.yaml"))
}

// pack builds the project's programs and packs those images that changed.
func (c *cluster) pack() ([]string, error) {
	dir := filepath.Join(c.cache, "images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var files []string
	built := map[string][]byte{}
	for i, p := range project {
		if built[p.pkg] == nil {
			program := filepath.Join(dir, "program")
			cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, p.pkg)
			cmd.Dir, cmd.Env = c.root, append(os.Environ(), "CGO_ENABLED=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("cannot build %s: %w\n%s", p.pkg, err, out)
			}
			var err error
			if built[p.pkg], err = os.ReadFile(program); err != nil {
				return nil, err
			}
		}
		var packed bytes.Buffer
		if err := (image.Image{Name: p.name, Path: p.path, Binary: built[p.pkg], Env: p.env}).Write(&packed); err != nil {
			return nil, fmt.Errorf("cannot pack %s: %w", p.name, err)
		}
		file := filepath.Join(dir, fmt.Sprintf("%d.tar", i))
		if old, err := os.ReadFile(file); err != nil || !bytes.Equal(old, packed.Bytes()) {
			if err := os.WriteFile(file, packed.Bytes(), 0o644); err != nil {
				return nil, err
			}
		}
		files = append(files, file)
	}
	return files, nil
}

// load imports the project's images into the node.
func (c *cluster) load() error {
	files, err := c.pack()
	if err != nil {
		return err
	}
	for _, file := range files {
		cmd, err := c.node.Command("ctr", "-n", "k8s.io", "images", "import", file)
		if err != nil {
			return err
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot load %s: %w\n%s", file, err, out)
		}
	}
	return nil
}

func (c *cluster) exec(args []string) error {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return errors.New("say what to run: cluster exec -- kubectl get pods")
	}
	cmd, err := c.node.Command(args...)
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

func (c *cluster) status() error {
	if _, alive := c.node.Pid(); !alive {
		fmt.Println("the cluster is not up")
		return nil
	}
	return c.exec([]string{"kubectl", "get", "nodes,pods", "-A", "-o", "wide"})
}
