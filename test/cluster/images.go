// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/image"
)

const pauseImage = "evenkeel.local/pause:1"

// project are the images that are packed from this tree. No registry has them.
var project = []struct {
	name, pkg, path string
	env             []string
}{
	{pauseImage, "./test/cluster/pause", "/pause", nil},
	{"evenkeel.local/evenkeel:dev", "./cmd/evenkeel", "/evenkeel", nil},
	{"evenkeel.local/noop:dev", "./test/bench/noop", "/noop", nil},
	{"evenkeel.local/demo:v1", "./test/fixture/app", "/app", []string{"VERSION=v1"}},
	{"evenkeel.local/demo:v2", "./test/fixture/app", "/app", []string{"VERSION=v2"}},
	{"evenkeel.local/demo:v3", "./test/fixture/app", "/app", []string{"VERSION=v3"}},
}

// packed is an image in its tar, with the digest that it has once it is loaded.
type packed struct{ name, digest, file string }

// pack builds the project's programs, which go does only where a source changed,
// and packs them.
func (c *cluster) pack(ctx context.Context) ([]packed, error) {
	dir := filepath.Join(c.cache, "images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	programs := map[string][]byte{}
	var all []packed
	for _, p := range project {
		if programs[p.pkg] == nil {
			program, err := c.program(ctx, p.pkg, filepath.Join(dir, filepath.Base(p.path)))
			if err != nil {
				return nil, err
			}
			programs[p.pkg] = program
		}
		file := filepath.Join(dir, strings.NewReplacer("/", "-", ":", "-").Replace(p.name)+".tar")
		digest, err := writeImage(file, image.Image{Name: p.name, Path: p.path, Binary: programs[p.pkg], Env: p.env})
		if err != nil {
			return nil, fmt.Errorf("cannot pack %s: %w", p.name, err)
		}
		all = append(all, packed{p.name, digest, file})
	}
	return all, nil
}

// program builds a static program of this tree, and reads it.
func (c *cluster) program(ctx context.Context, pkg, file string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", file, pkg)
	cmd.Dir, cmd.Env = c.root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot build %s: %w\n%s", pkg, err, bytes.TrimSpace(out))
	}
	return os.ReadFile(file)
}

func writeImage(file string, packed image.Image) (string, error) {
	var text bytes.Buffer
	digest, err := packed.Write(&text)
	if err != nil {
		return "", err
	}
	return digest, os.WriteFile(file, text.Bytes(), 0o644)
}

// load brings those of the project's images that changed into the node.
func (c *cluster) load(ctx context.Context) error {
	images, err := c.pack(ctx)
	if err != nil {
		return err
	}
	there, err := c.node.Images()
	if err != nil {
		return err
	}
	for _, packed := range images {
		if there[packed.name] == packed.digest {
			continue
		}
		if err := c.node.Import(packed.file); err != nil {
			return fmt.Errorf("cannot load %s: %w", packed.name, err)
		}
		fmt.Println("loaded", packed.name)
	}
	return nil
}
