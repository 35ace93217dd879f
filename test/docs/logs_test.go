// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"go/ast"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is logged begins with the same words each time, so that it can be searched
// and counted; what differs stands in keys and values. And no key names a secret.
func TestMessagesOfLogsAreConstant(t *testing.T) {
	seen := 0
	for _, folder := range []string{"cmd", "config", "policy", "traffic", "webhook"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() || entry.Name() == "testdata" {
				return err
			}
			if found, _ := filepath.Glob(filepath.Join(path, "*.go")); len(found) == 0 {
				return nil
			}
			below, err := filepath.Rel(root, path)
			require.NoError(t, err)
			each(sourceOf(t, below), func(call *ast.CallExpr) {
				message, rest := logged(call)
				if message == nil {
					return
				}
				seen++
				_, constant := message.(*ast.BasicLit)
				assert.True(t, constant, "%s: a log's message is put together", below)
				for i := 0; i < len(rest); i += 2 {
					key, constant := rest[i].(*ast.BasicLit)
					if assert.True(t, constant, "%s: a log's key is put together", below) {
						for _, secret := range []string{"url", "token", "password", "header", "secret", "address"} {
							assert.NotContains(t, strings.ToLower(key.Value), secret, below)
						}
					}
				}
			})
			return nil
		})
		require.NoError(t, err)
	}
	assert.Greater(t, seen, 10)
}

// logged gives the message of a call to a logger, and its keys and values.
func logged(call *ast.CallExpr) (message ast.Expr, rest []ast.Expr) {
	f, is := call.Fun.(*ast.SelectorExpr)
	if !is || isPackage(f.X, "http") { // http.Error answers a request
		return nil, nil
	}
	switch {
	case f.Sel.Name == "Info" && len(call.Args) > 0:
		return call.Args[0], call.Args[1:]
	case f.Sel.Name == "Error" && len(call.Args) > 1:
		return call.Args[1], call.Args[2:]
	default:
		return nil, nil
	}
}

func isPackage(of ast.Expr, name string) bool {
	one, is := of.(*ast.Ident)
	return is && one.Name == name
}
