// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/manifest"
	"github.com/evenkeel-dev/evenkeel/policy/rewrite"
)

// Written is a file into which something was put.
type Written struct {
	Path string
	Text []byte
	// Fields are what was put there, one a line.
	Fields []string
}

// Write gives the files with what would be injected. What admission keeps for
// itself, its record and the change cause, is left to it, and so is the version
// label, which would not follow the image any more. A document that cannot
// be written into is left alone, and told of in the error.
func Write(files []manifest.File, reviewed []Reviewed) ([]Written, error) {
	var out []Written
	var errs []error
	for _, file := range files {
		written := Written{Path: file.Path}
		documents := manifest.Documents(file.Text)
		for i := len(documents) - 1; i >= 0; i-- { // from the end: what is before keeps its place
			changes := changesOf(file.Path, i, reviewed)
			if len(changes) == 0 {
				continue
			}
			text, err := rewrite.Insert(documents[i].Text, changes)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %w", file.Path, documents[i].Line, err))
				continue
			}
			if written.Text == nil {
				written.Text = file.Text
			}
			written.Text = slices.Concat(written.Text[:documents[i].Start], text, written.Text[documents[i].End:])
			for _, change := range changes {
				written.Fields = append(written.Fields, change.Path)
			}
		}
		if written.Text != nil {
			out = append(out, written)
		}
	}
	return out, errors.Join(errs...)
}

// changesOf are those of the Deployments of one document.
func changesOf(file string, document int, reviewed []Reviewed) []policy.Change {
	var out []policy.Change
	for _, r := range reviewed {
		if r.File != file || r.Document != document {
			continue
		}
		for _, change := range r.Plan.Changes {
			if strings.HasPrefix(change.Path, "/metadata/") || strings.HasPrefix(change.Path, "/spec/template/metadata/") || change.Value == nil {
				continue
			}
			if r.Item >= 0 {
				change.Path = fmt.Sprintf("/items/%d%s", r.Item, change.Path)
			}
			out = append(out, change)
		}
	}
	return out
}

// Save replaces the file as a whole, with the mode that it had.
func (w Written) Save() error {
	info, err := os.Stat(w.Path)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", w.Path, errors.Unwrap(err))
	}
	temporary, err := os.CreateTemp(filepath.Dir(w.Path), ".evenkeel-*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", w.Path, errors.Unwrap(err))
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone already where all went well
	_, err = temporary.Write(w.Text)
	err = errors.Join(err, temporary.Chmod(info.Mode()), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), w.Path)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", w.Path, err)
	}
	return nil
}
