// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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

// All builds every group that the cache lacks.
func (b Builder) All() error {
	var missing []Group
	for _, group := range Groups {
		dir, err := b.dir(group)
		if err != nil {
			return err
		}
		if !complete(dir, group) {
			missing = append(missing, group)
		}
	}
	for i, group := range missing {
		label := fmt.Sprintf("[%d/%d] %s", i+1, len(missing), group.Name)
		fmt.Fprintf(b.Out, "%s: building %d program(s), about %s when nothing is cached\n", label, len(group.Programs), group.Cold)
		started := time.Now()
		if err := b.build(group, label); err != nil {
			return err
		}
		fmt.Fprintf(b.Out, "%s: built in %s\n", label, time.Since(started).Round(time.Second))
	}
	return nil
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
	fmt.Fprintln(sum, runtime.Version(), runtime.GOARCH, group.Tags, group.LDFlags, slices.Sorted(maps.Values(group.Programs)))
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
func (b Builder) build(group Group, label string) error {
	dir, err := b.dir(group)
	if err != nil {
		return err
	}
	work := dir + ".building"
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	args := []string{"build", "-trimpath", "-mod=readonly", "-ldflags", strings.TrimSpace("-s -w " + group.LDFlags)}
	if group.Tags != "" {
		args = append(args, "-tags", group.Tags)
	}
	if group.Patch != nil {
		modfile, err := b.patched(group, work)
		if err != nil {
			return err
		}
		args = append(args, "-modfile="+modfile)
	}
	for _, name := range slices.Sorted(maps.Keys(group.Programs)) {
		one := append(slices.Clone(args), "-o", filepath.Join(work, name), group.Programs[name])
		if err := b.run(label+" "+name, filepath.Join(b.Modules, group.Name), one...); err != nil {
			return err
		}
	}
	_ = os.RemoveAll(filepath.Join(work, "src"))
	_ = os.RemoveAll(dir)
	return os.Rename(work, dir)
}

// patched copies the dependency, replaces the file, and gives a module file that
// uses the copy.
func (b Builder) patched(group Group, work string) (string, error) {
	module := filepath.Join(b.Modules, group.Name)
	if err := b.run("fetching "+group.Patch.Module, module, "mod", "download", group.Patch.Module); err != nil {
		return "", err
	}
	list := exec.Command("go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", group.Patch.Module)
	list.Dir = module
	from, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("cannot find %s: %w", group.Patch.Module, err)
	}
	source := filepath.Join(work, "src", "patched")
	if err := os.CopyFS(source, os.DirFS(string(bytes.TrimSpace(from)))); err != nil {
		return "", fmt.Errorf("cannot copy %s: %w", group.Patch.Module, err)
	}
	with, err := os.ReadFile(filepath.Join(module, group.Patch.With))
	if err != nil {
		return "", err
	}
	target := filepath.Join(source, group.Patch.File)
	_ = os.Remove(target)
	if err := os.WriteFile(target, with, 0o644); err != nil {
		return "", err
	}
	mod, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return "", err
	}
	sum, err := os.ReadFile(filepath.Join(module, "go.sum"))
	if err != nil {
		return "", err
	}
	mod = append(mod, fmt.Sprintf("\nreplace %s => %s\n", group.Patch.Module, source)...)
	modfile := filepath.Join(work, "src", "go.mod")
	if err := os.WriteFile(filepath.Join(work, "src", "go.sum"), sum, 0o644); err != nil {
		return "", err
	}
	return modfile, os.WriteFile(modfile, mod, 0o644)
}

// run runs go, and says every quarter of a minute that it still does.
func (b Builder) run(label, dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot run go: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(15 * time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", label, err, output.String())
			}
			return nil
		case <-tick.C:
			fmt.Fprintf(b.Out, "%s ... %s\n", label, time.Since(started).Round(time.Second))
		}
	}
}
