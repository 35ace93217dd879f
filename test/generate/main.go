// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

func main() {
	verify := flag.Bool("verify", false, "change nothing, and fail where something would change")
	flag.Parse()
	if err := run(*verify); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// file is one file that is generated, or holds generated parts.
type file struct {
	path string
	make func(root string, now []byte) ([]byte, error)
}

var files = []file{
	{"config/policy.schema.json", policySchema},
	{"docs/checks/README.md", parts},
	{"docs/policy.md", parts},
	{"docs/routes.md", parts},
	{"README.md", parts},
}

// run writes every file below the working directory, or tells which of them are
// not as they would be written.
func run(verify bool) error {
	const root = "."
	var stale []error
	for _, f := range files {
		path := filepath.Join(root, f.path)
		now, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("cannot read %s: %w", f.path, err)
		}
		want, err := f.make(root, now)
		if err != nil {
			return fmt.Errorf("cannot make %s: %w", f.path, err)
		}
		if bytes.Equal(now, want) {
			continue
		}
		if verify {
			stale = append(stale, fmt.Errorf("%s is not what the code says: run make generate", f.path))
			continue
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			return fmt.Errorf("cannot write %s: %w", f.path, err)
		}
		fmt.Println("wrote", f.path)
	}
	return errors.Join(stale...)
}

// mark is the start of a generated part; it ends at the line <!-- end -->.
var mark = regexp.MustCompile(`(?s)<!-- generated: ([a-z-]+) -->\n.*?<!-- end -->`)

// parts fills in the generated parts of a page.
func parts(root string, now []byte) ([]byte, error) {
	var errs []error
	out := mark.ReplaceAllFunc(now, func(found []byte) []byte {
		name := string(mark.FindSubmatch(found)[1])
		table, known := tables[name]
		if !known {
			errs = append(errs, fmt.Errorf("there is no table %q", name))
			return found
		}
		text, err := table(root)
		if err != nil {
			errs = append(errs, err)
		}
		return slices.Concat([]byte("<!-- generated: "+name+" -->\n"), []byte(text), []byte("<!-- end -->"))
	})
	return out, errors.Join(errs...)
}
