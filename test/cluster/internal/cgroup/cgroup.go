// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cgroup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// root is where the machine has them, and the node too.
const root = "/sys/fs/cgroup"

// hierarchy is one line of /proc/self/cgroup.
type hierarchy struct {
	// dir is where it is mounted below root: its controllers or its name.
	dir string
	// options are those of its mount.
	options string
	// path is the cgroup of this process in it.
	path string
}

// parseHierarchies gives those of version 1, and the path in that of version 2.
func parseHierarchies(text string) (one []hierarchy, two string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 {
			continue
		}
		name, named := strings.CutPrefix(parts[1], "name=")
		switch {
		case parts[1] == "":
			two = parts[2]
		case named:
			one = append(one, hierarchy{name, "none,name=" + name, parts[2]})
		default:
			one = append(one, hierarchy{parts[1], parts[1], parts[2]})
		}
	}
	return one, two
}

// versionOne tells whether controllers are in hierarchies of version 1.
func versionOne(one []hierarchy) bool {
	return slices.ContainsFunc(one, func(h hierarchy) bool { return !strings.HasPrefix(h.options, "none,") })
}

// Name is that of the node's tree: one for each folder of state, since a kubelet
// ends what it does not know in its tree.
func Name(run string) string {
	sum := sha256.Sum256([]byte(run))
	return "evenkeel-" + hex.EncodeToString(sum[:4])
}

// trees are the node's, seen from outside.
func trees(one []hierarchy, name string) []string {
	if !versionOne(one) {
		return []string{filepath.Join(root, name)}
	}
	var dirs []string
	for _, h := range one {
		dirs = append(dirs, filepath.Join(root, h.dir, h.path, name))
	}
	return dirs
}

// Enter writes down in file where the trees of that name will be, and moves this
// process to where the root of the node's cgroup namespace shall be: that is the
// cgroup of whoever makes the namespace. leave moves it back.
func Enter(file, name string) (leave func() error, err error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	one, two := parseHierarchies(string(text))
	dirs := trees(one, name)
	stay := func() error { return nil }
	if err := os.WriteFile(file, []byte(strings.Join(dirs, "\n")), 0o600); err != nil || versionOne(one) {
		return stay, err
	}
	if err := os.MkdirAll(dirs[0], 0o755); err != nil {
		return nil, fmt.Errorf("cannot make a cgroup: %w", err)
	}
	handDown(root)
	if err := moveTo(dirs[0]); err != nil {
		return nil, err
	}
	return func() error { return moveTo(filepath.Join(root, two)) }, nil
}

// moveTo moves this process to a cgroup.
func moveTo(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0o600); err != nil {
		return fmt.Errorf("cannot move to the cgroup %s: %w", dir, err)
	}
	return nil
}

// handDown gives the children of a cgroup of version 2 each controller that is to
// be had; the kubelet says which it misses.
func handDown(dir string) {
	controllers, _ := os.ReadFile(filepath.Join(dir, "cgroup.controllers")) // then there are none
	for controller := range strings.FieldsSeq(string(controllers)) {
		_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+controller), 0o600)
	}
}

// Mount mounts the machine's hierarchies, as they are seen from the node's
// cgroup namespace, and makes the tree of that name in each.
func Mount(name string) error {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return err
	}
	one, _ := parseHierarchies(string(text))
	if !versionOne(one) {
		return mountTwo(name)
	}
	if err := mount("tmpfs", root, "mode=755"); err != nil {
		return err
	}
	for _, h := range one {
		dir := filepath.Join(root, h.dir)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := mount("cgroup", dir, h.options); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
		if slices.Contains(strings.Split(h.dir, ","), "cpuset") {
			if err := copyCpuset(dir, filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func mount(kind, dir, options string) error {
	if err := syscall.Mount(kind, dir, kind, 0, options); err != nil {
		return fmt.Errorf("cannot mount %s at %s: %w", kind, dir, err)
	}
	return nil
}

// copyCpuset gives a cgroup the CPUs and memory of its parent: a new one has none.
func copyCpuset(from, to string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		text, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, file), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// mountTwo mounts the only hierarchy of version 2. Its root must have no process
// to hand controllers down.
func mountTwo(name string) error {
	if err := mount("cgroup2", root, ""); err != nil {
		return err
	}
	home := filepath.Join(root, "init")
	if err := errors.Join(os.MkdirAll(home, 0o755), moveTo(home)); err != nil {
		return err
	}
	handDown(root)
	return os.MkdirAll(filepath.Join(root, name), 0o755)
}

// Remove removes the trees that Enter has written down in file.
func Remove(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil // then there are none
	}
	for dir := range strings.SplitSeq(string(text), "\n") {
		for range 100 {
			if err = removeTree(dir); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond) // a process in it may still be ending
		}
		if err != nil {
			return fmt.Errorf("cannot remove the cgroup %s: %w", dir, err)
		}
	}
	return nil
}

// removeTree removes folders alone, the deepest first.
func removeTree(dir string) error {
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	for _, path := range slices.Backward(dirs) {
		if gone := syscall.Rmdir(path); gone != nil && !errors.Is(gone, syscall.ENOENT) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
