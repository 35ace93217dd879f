// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// patch copies the dependency below source, replaces the file in it, and gives a
// module file that uses the copy. (go build -overlay does not take files of the
// module cache.)
func (b Builder) patch(ctx context.Context, group Group, source string, p *progress) (string, error) {
	p.doing("its source of " + group.Patch.Module)
	if err := b.run(ctx, p, group, "mod", "download", group.Patch.Module); err != nil {
		return "", err
	}
	module := filepath.Join(b.Modules, group.Name)
	list := exec.CommandContext(ctx, "go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", group.Patch.Module)
	list.Dir = module
	list.Env = append(os.Environ(), "GOWORK=off")
	from, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("cannot find its source: %w", err)
	}
	replaced := filepath.Join(source, "patched")
	if err := os.CopyFS(replaced, os.DirFS(string(bytes.TrimSpace(from)))); err != nil {
		return "", err
	}
	if err := copyFile(filepath.Join(replaced, group.Patch.File), filepath.Join(module, group.Patch.With)); err != nil {
		return "", err
	}
	mod, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return "", err
	}
	modfile := filepath.Join(source, "go.mod")
	text := append(mod, fmt.Sprintf("\nreplace %s => %s\n", group.Patch.Module, replaced)...)
	return modfile, errors.Join(
		os.WriteFile(modfile, text, 0o644),
		copyFile(filepath.Join(source, "go.sum"), filepath.Join(module, "go.sum")))
}

func copyFile(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}
