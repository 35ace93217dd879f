// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// maxFile bounds one file, in bytes.
const maxFile = 32 << 20

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// File is one file that was read.
type File struct {
	Path    string
	Text    []byte
	Objects []Object
}

// Object is one typed object, with the API's defaults, and where it stands.
type Object struct {
	client.Object
	File string
	// Line is where its document begins, from 1.
	Line int
	// Document is which of the file's documents it is, from 0; Item which item of
	// a List, -1 where the document is no List.
	Document, Item int
	// raw is the object as JSON, as it was written.
	raw []byte
}

// Read reads paths in their order: files, folders with all that is below them,
// and Stdin. It reads all that it can: the error tells of everything it could not.
func Read(paths []string, stdin io.Reader) ([]File, error) {
	var names []string
	for _, path := range paths {
		found, err := expand(path)
		if err != nil {
			return nil, err
		}
		names = append(names, found...)
	}
	files, errs := make([]File, len(names)), make([]error, len(names))
	var all sync.WaitGroup
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, name := range names {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			files[i], errs[i] = readFile(name, stdin)
		})
	}
	all.Wait()
	return slices.DeleteFunc(files, func(f File) bool { return len(f.Objects) == 0 }), errors.Join(errs...)
}

// expand lists the files of a path. In folders, those named like manifests.
func expand(path string) ([]string, error) {
	if path == Stdin {
		return []string{Stdin}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, errors.Unwrap(err))
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var out []string
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != path && (strings.HasPrefix(entry.Name(), ".") || isChart(name)):
			return filepath.SkipDir
		case !entry.IsDir() && isManifest(name):
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return out, nil
}

func isManifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(name)))
}

// isChart tells a Helm chart's templates, which are not YAML before Helm made
// them so: lint what "helm template" prints.
func isChart(folder string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(folder), "Chart.yaml"))
	return err == nil && filepath.Base(folder) == "templates"
}

func readFile(name string, stdin io.Reader) (File, error) {
	from := stdin
	if name != Stdin {
		file, err := os.Open(name)
		if err != nil {
			return File{}, fmt.Errorf("cannot read %s: %w", name, errors.Unwrap(err))
		}
		defer func() { _ = file.Close() }()
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return File{}, fmt.Errorf("cannot read %s: %w", name, err)
	}
	if len(text) > maxFile {
		return File{}, fmt.Errorf("cannot read %s: it is larger than %d bytes", name, maxFile)
	}
	objects, err := Parse(name, text)
	return File{Path: name, Text: text, Objects: objects}, err
}

// Parse reads the objects of one file.
func Parse(name string, text []byte) ([]Object, error) {
	var objects []Object
	var errs []error
	for _, document := range Documents(text) {
		found, err := document.objects()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", name, document.Line, err))
		}
		for _, object := range found {
			object.File = name
			objects = append(objects, object)
		}
	}
	return objects, errors.Join(errs...)
}

// Document is one document of a YAML stream.
type Document struct {
	Text []byte
	// Line is where it begins, from 1; Number counts documents from 0, empty ones too.
	Line, Number int
	// Start and End are where Text is in the stream, in bytes.
	Start, End int
}

// Documents splits a stream at its lines "---".
func Documents(text []byte) []Document {
	var out []Document
	start, line, first := 0, 1, 1
	for at := 0; at < len(text); line++ {
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += at + 1
		}
		if current := text[at:end]; bytes.HasPrefix(current, []byte("---")) && (len(current) == 3 || bytes.ContainsRune([]byte(" \t\r\n"), rune(current[3]))) {
			out = append(out, Document{text[start:at], first, len(out), start, at})
			start, first = end, line+1
			if rest := bytes.TrimSpace(current[3:]); len(rest) > 0 && rest[0] != '#' {
				start, first = at+3, line // "--- {a: b}"
			}
		}
		at = end
	}
	return append(out, Document{text[start:], first, len(out), start, len(text)})
}
