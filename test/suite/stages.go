// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// suite knows where things are, counts, and keeps why tests failed.
type suite struct {
	root, cache string
	tally       tally
	failures    []string
}

type tally struct{ passed, failed, skipped int }

// stage is one part of the suite. counts makes the stage itself one test.
type stage struct {
	name   string
	counts bool
	run    func() error
}

func newSuite() (*suite, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("run this inside the project: %w", err)
	}
	cache := os.Getenv("EVENKEEL_CACHE")
	if cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		cache = filepath.Join(base, "evenkeel")
	}
	return &suite{root: string(bytes.TrimSpace(out)), cache: cache}, os.MkdirAll(cache, 0o755)
}

func (s *suite) stages() []stage {
	return []stage{
		{"lint", true, s.lint},
		{"verify", true, func() error { return s.program("go", "run", "./test/generate", "-verify") }},
		{"unit", false, s.unit},
		{"cluster", true, s.up},
		{"chart", false, func() error { return s.inside("./test/chart/...") }},
		{"integration", false, func() error { return s.inside("./test/integration/...") }},
		{"e2e", false, func() error { return s.inside("./test/e2e/...") }},
		{"down", true, func() error { return s.program("bin/cluster", "down") }},
	}
}

// up starts the cluster. There is no way out of it, so what its tests are made
// of is fetched before.
func (s *suite) up() error {
	if out, err := exec.Command("go", "list", "-deps", "-test", "./...").CombinedOutput(); err != nil {
		return fmt.Errorf("cannot fetch what the tests need: %w\n%s", err, out)
	}
	if err := s.program("bin/cluster", "build", "prometheus"); err != nil {
		return err
	}
	return s.program("bin/cluster", "up")
}

// lint builds the pinned linter once and runs it.
func (s *suite) lint() error {
	linter := filepath.Join(s.cache, "golangci-lint")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", linter, "github.com/golangci/golangci-lint/v2/cmd/golangci-lint")
	cmd.Dir, cmd.Env = filepath.Join(s.root, "test", "tools"), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the linter: %w\n%s", err, out)
	}
	return s.program(linter, "run", "./...")
}

// explored are packages whose tests look at as many worlds as a minute allows. They
// are pure, which the linter holds them to: there is no race to find, and the detector
// would leave a tenth of the worlds.
var explored = []string{"/traffic/rollout", "/traffic/batch"}

// unit runs everything that needs no cluster, with the race detector where there
// is something to race.
func (s *suite) unit() error {
	out, err := exec.Command("go", "list", "./...").Output()
	if err != nil {
		return fmt.Errorf("cannot list packages: %w", err)
	}
	var racing, pure []string
	for pkg := range strings.FieldsSeq(string(out)) {
		ends := func(suffix string) bool { return strings.HasSuffix(pkg, suffix) }
		switch {
		case strings.Contains(pkg, "/test/chart"), strings.Contains(pkg, "/test/integration"), strings.Contains(pkg, "/test/e2e"):
		case slices.ContainsFunc(explored, ends):
			pure = append(pure, pkg)
		default:
			racing = append(racing, pkg)
		}
	}
	return errors.Join(
		s.goTest(append([]string{"go", "test", "-json", "-timeout=10m"}, pure...)...),
		s.goTest(append([]string{"go", "test", "-race", "-json", "-timeout=10m"}, racing...)...),
	)
}

// inside runs tests inside the local cluster, where its addresses are.
func (s *suite) inside(pkg string) error {
	return s.goTest("bin/cluster", "exec", "--", "env", "EVENKEEL_CLUSTER=local", "go", "test", "-json", "-count=1", "-p=1", "-timeout=70m", pkg)
}

func (s *suite) program(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.root, os.Stdout, os.Stderr
	return cmd.Run()
}
