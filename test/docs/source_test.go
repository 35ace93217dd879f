// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// gap stands where a sentence has what only the moment knows.
const gap = "…"

// source is the code of packages, without their tests.
type source struct {
	files  []*ast.File
	consts map[string]*ast.ValueSpec
	funcs  map[string]*ast.FuncDecl
}

func sourceOf(t *testing.T, folders ...string) source {
	t.Helper()
	var paths []string
	for _, folder := range folders {
		found, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, found, folder)
		paths = append(paths, found...)
	}
	s := source{consts: map[string]*ast.ValueSpec{}, funcs: map[string]*ast.FuncDecl{}}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		s.files = append(s.files, file)
		for _, declared := range file.Decls {
			s.keep(declared)
		}
	}
	return s
}

func (s source) keep(declared ast.Decl) {
	switch d := declared.(type) {
	case *ast.FuncDecl:
		s.funcs[d.Name.Name] = d
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if value, ok := spec.(*ast.ValueSpec); ok && len(value.Names) == 1 && len(value.Values) == 1 {
				s.consts[value.Names[0].Name] = value
			}
		}
	}
}

// each calls look with every node of a kind.
func each[N ast.Node](s source, look func(N)) {
	for _, file := range s.files {
		ast.Inspect(file, func(node ast.Node) bool {
			if n, is := node.(N); is {
				look(n)
			}
			return true
		})
	}
}

// typed gives the values of the constants of a type.
func (s source) typed(name string) []string {
	var out []string
	for _, value := range s.consts {
		if of, is := value.Type.(*ast.Ident); is && of.Name == name {
			out = append(out, s.sentences(value.Values[0])...)
		}
	}
	return set(out)
}

// named gives the sentences of the constants and functions whose names fit.
func (s source) named(fits string) []string {
	name := regexp.MustCompile(fits)
	var out []string
	for key, value := range s.consts {
		if name.MatchString(key) {
			out = append(out, s.sentences(value.Values[0])...)
		}
	}
	for key, f := range s.funcs {
		if name.MatchString(key) {
			out = append(out, s.returned(f)...)
		}
	}
	return set(out)
}

// passed gives the sentences that are passed to a function at a place.
func (s source) passed(function string, place int) []string {
	var out []string
	each(s, func(call *ast.CallExpr) {
		name := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		if name == function && len(call.Args) > place {
			out = append(out, s.sentences(call.Args[place])...)
		}
	})
	return set(out)
}

// put gives the sentences that are put into the fields of a name.
func (s source) put(field string) []string {
	var out []string
	each(s, func(pair *ast.KeyValueExpr) {
		if key, is := pair.Key.(*ast.Ident); is && key.Name == field {
			out = append(out, s.sentences(pair.Value)...)
		}
	})
	return set(out)
}

// sentences are the texts that an expression can be, with gaps; none where all
// of it is a gap.
func (s source) sentences(e ast.Expr) []string {
	var out []string
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			out = []string{text}
		}
	case *ast.Ident:
		if value, known := s.consts[e.Name]; known {
			out = s.sentences(value.Values[0])
		}
	case *ast.CompositeLit:
		for _, element := range e.Elts {
			if pair, is := element.(*ast.KeyValueExpr); is {
				out = append(out, s.sentences(pair.Value)...)
			}
		}
	case *ast.BinaryExpr:
		out = []string{s.one(e.X) + s.one(e.Y)}
	case *ast.CallExpr:
		out = s.called(e)
	}
	return slices.DeleteFunc(set(out), func(text string) bool { return strings.Trim(text, gap) == "" })
}

// one is the sentence of a part.
func (s source) one(e ast.Expr) string {
	if all := s.sentences(e); len(all) == 1 {
		return all[0]
	}
	return gap
}

func (s source) called(call *ast.CallExpr) []string {
	if name, is := call.Fun.(*ast.Ident); is && s.funcs[name.Name] != nil {
		return s.returned(s.funcs[name.Name])
	}
	if f, is := call.Fun.(*ast.SelectorExpr); is && slices.Contains([]string{"Sprintf", "Errorf"}, f.Sel.Name) {
		return []string{s.filled(s.one(call.Args[0]), call.Args[1:])}
	}
	return nil
}

var verb = regexp.MustCompile(`%[%sqdvw]`)

// filled puts constants into a format, and gaps for all else.
func (s source) filled(format string, values []ast.Expr) string {
	return verb.ReplaceAllStringFunc(format, func(found string) string {
		if found == "%%" {
			return "%"
		}
		value := gap
		if len(values) > 0 {
			value, values = s.one(values[0]), values[1:]
		}
		if found == "%q" {
			return `"` + value + `"`
		}
		return value
	})
}

func (s source) returned(f *ast.FuncDecl) []string {
	var out []string
	ast.Inspect(f.Body, func(node ast.Node) bool {
		if result, is := node.(*ast.ReturnStmt); is {
			for _, value := range result.Results {
				out = append(out, s.sentences(value)...)
			}
		}
		return true
	})
	return set(out)
}

// set sorts texts, each once.
func set(texts ...[]string) []string {
	all := slices.Concat(texts...)
	slices.Sort(all)
	return slices.Compact(all)
}
