// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Builder builds groups into a cache.
type Builder struct {
	// Modules is the folder with the pinned modules, Cache that of the results.
	Modules, Cache string
	// Out gets the progress.
	Out io.Writer
}

// Dirs gives the folders of all binaries, to be put on PATH.
func (b Builder) Dirs() ([]string, error) {
	var dirs []string
	for _, group := range Groups {
		dir, err := b.dir(group)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// All builds every group that the cache lacks, and of those on demand the ones
// that are named.
func (b Builder) All(ctx context.Context, demanded ...string) error {
	for _, name := range demanded {
		if !slices.ContainsFunc(Groups, func(g Group) bool { return g.OnDemand && g.Name == name }) {
			return fmt.Errorf("%q is not built on demand: name one of %s", name, strings.Join(onDemand(), ", "))
		}
	}
	missing, err := b.missing(demanded)
	if err != nil {
		return err
	}
	for i, group := range missing {
		p := newProgress(b.Out, i, missing)
		if err := b.build(ctx, group, p); err != nil {
			return errors.Join(ctx.Err(), err)
		}
		p.finish()
	}
	return nil
}

// onDemand names the groups that are built only where they are asked for.
func onDemand() []string {
	var names []string
	for _, group := range Groups {
		if group.OnDemand {
			names = append(names, group.Name)
		}
	}
	return names
}

func (b Builder) missing(demanded []string) ([]Group, error) {
	var missing []Group
	for _, group := range Groups {
		if group.OnDemand && !slices.Contains(demanded, group.Name) {
			continue
		}
		dir, err := b.dir(group)
		if err != nil {
			return nil, err
		}
		if !complete(dir, group) {
			missing = append(missing, group)
		}
	}
	return missing, nil
}

// dir is the folder of a group's binaries, keyed by all that goes into them.
func (b Builder) dir(group Group) (string, error) {
	sum := sha256.New()
	files := []string{"go.mod", "go.sum"}
	if group.Patch != nil {
		files = append(files, group.Patch.With)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(b.Modules, group.Name, file))
		if err != nil {
			return "", fmt.Errorf("cannot key the build of %s: %w", group.Name, err)
		}
		sum.Write(text)
	}
	fmt.Fprintln(sum, runtime.Version(), runtime.GOARCH, group.flags(), slices.Sorted(maps.Values(group.Programs)))
	return filepath.Join(b.Cache, "bin", group.Name+"-"+hex.EncodeToString(sum.Sum(nil))[:12]), nil
}

func complete(dir string, group Group) bool {
	for name := range group.Programs {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			return false
		}
	}
	return true
}

// build makes one group in a folder beside its place, and moves it there whole.
func (b Builder) build(ctx context.Context, group Group, p *progress) error {
	dir, err := b.dir(group)
	if err != nil {
		return err
	}
	work, source := dir+".building", dir+".source"
	defer func() { _ = os.RemoveAll(source) }()
	if err := errors.Join(os.RemoveAll(work), os.RemoveAll(source), os.MkdirAll(work, 0o755)); err != nil {
		return fmt.Errorf("cannot prepare the build of %s: %w", group.Name, err)
	}
	args := append([]string{"build"}, group.flags()...)
	if group.Patch != nil {
		modfile, err := b.patch(ctx, group, source, p)
		if err != nil {
			return fmt.Errorf("cannot patch %s: %w", group.Patch.Module, err)
		}
		args = append(args, "-modfile="+modfile)
	}
	for _, name := range slices.Sorted(maps.Keys(group.Programs)) {
		p.doing(name)
		one := append(slices.Clone(args), "-o", filepath.Join(work, name), group.Programs[name])
		if err := b.run(ctx, p, group, one...); err != nil {
			return fmt.Errorf("cannot build %s: %w", name, err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(work, dir)
}

// run runs go in the group's module, and shows that it still does.
func (b Builder) run(ctx context.Context, p *progress, group Group, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(b.Modules, group.Name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot run go: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(p.every())
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("go %s: %w\n%s", args[0], err, strings.TrimSpace(output.String()))
			}
			return nil
		case <-tick.C:
			p.tick()
		}
	}
}
