// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"go/ast"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// errors gives the sentences of the errors that a package makes.
func (s source) errors() []string {
	var out []string
	each(s, func(call *ast.CallExpr) {
		if f, is := call.Fun.(*ast.SelectorExpr); is && f.Sel.Name == "Errorf" {
			out = append(out, s.called(call)...)
		}
	})
	return set(out)
}

// The page names all that cannot be divided, in the words in which it is said.
func TestThePageOfRoutes(t *testing.T) {
	text := page(t, "docs/routes.md")
	whys := set(sourceOf(t, "traffic/route/gateway").errors(), sourceOf(t, "traffic/route/ingress").errors())
	whys = slices.DeleteFunc(whys, func(why string) bool { return strings.HasSuffix(why, ": "+gap) }) // says where, not why
	require.Greater(t, len(whys), 20)
	assert.Equal(t, whys, named(t, text, "What cannot be divided"))
	words, rows := sourceOf(t, "traffic/route"), []string{}
	for _, word := range route.HandWords() {
		rows = append(rows, word.Key)
	}
	assert.Equal(t, set(rows, words.returned(words.funcs["ByHand"])), named(t, text, "Two services of your own"))
}
