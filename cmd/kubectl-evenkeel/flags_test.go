// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// alone are the commands that reach no cluster.
var alone = []string{"lint", "route", "version"}

// Every command that reaches a cluster has the flags that the page calls usual.
func TestTheUsualFlags(t *testing.T) {
	usual := []string{"namespace", "context", "cluster", "user", "kubeconfig", "as", "as-group", "token", "server", "request-timeout"}
	for _, cmd := range rootCommand(newCluster()).Commands() {
		t.Run(cmd.Name(), func(t *testing.T) {
			for _, flag := range usual {
				assert.Equal(t, !slices.Contains(alone, cmd.Name()), cmd.Flags().Lookup(flag) != nil, flag)
			}
		})
	}
}

// What the usual flags take is completed, wherever they are.
func TestTheUsualFlagsAreCompleted(t *testing.T) {
	w := newWorld()
	for _, cmd := range rootCommand(newCluster()).Commands() {
		if slices.Contains(alone, cmd.Name()) {
			continue
		}
		t.Run(cmd.Name(), func(t *testing.T) {
			for flag, want := range map[string]string{"--namespace": "shop\nweb\n:4\n", "--context": "c\n:4\n", "--cluster": "c\n:4\n", "--user": ":4\n"} {
				_, out, _ := w.called(t, "__complete", cmd.Name(), flag, "")
				assert.Equal(t, want, out, flag)
			}
		})
	}
}

// Every command has the formats that the page says, completes them, and refuses
// others; and it has -A where the page says so.
func TestTheFormatsOfThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "kubectl.md"))
	require.NoError(t, err)
	formats, everywhere := map[string][]string{}, map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| of `([a-z]+)` \\| ([^|]*)\\| ([^|]*)\\|$").FindAllStringSubmatch(string(page), -1) {
		for _, word := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(row[2], -1) {
			formats[row[1]] = append(formats[row[1]], word[1])
		}
		everywhere[row[1]] = strings.TrimSpace(row[3]) != ""
	}
	require.Len(t, everywhere, 8)
	w := newWorld()
	for _, cmd := range rootCommand(newCluster()).Commands() {
		t.Run(cmd.Name(), func(t *testing.T) {
			assert.Equal(t, everywhere[cmd.Name()], cmd.Flags().ShorthandLookup("A") != nil, "-A")
			flag := cmd.Flags().ShorthandLookup("o")
			require.Equal(t, formats[cmd.Name()] != nil, flag != nil, "-o")
			if flag == nil {
				return
			}
			_, out, _ := w.called(t, "__complete", cmd.Name(), "-o", "")
			assert.Equal(t, strings.Join(formats[cmd.Name()], "\n")+"\n:4\n", out)
			for _, format := range formats[cmd.Name()] {
				assert.Contains(t, flag.Usage, format)
			}
		})
	}
}

// Where no namespace is named, commands that reach a cluster look at the one of the
// kubeconfig's context; nothing is restored that nobody named.
func TestWhatIsRestoredIsNamed(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		says string
	}{
		"nothing":            {nil, "say what to restore: --all, or -n NAMESPACE and perhaps a NAME"},
		"all, and a name":    {[]string{"--all", "demo"}, "--all goes with no namespace and no name"},
		"all of a namespace": {[]string{"-A", "-n", "shop"}, "--all goes with no namespace and no name"},
		"a name":             {[]string{"demo"}, "connection refused"},
		"a namespace":        {[]string{"-n", "shop"}, "connection refused"},
		"all":                {[]string{"-A"}, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errOut := newWorld().called(t, append([]string{"restore"}, row.args...)...)
			assert.Equal(t, 1, code)
			assert.Contains(t, errOut, row.says)
		})
	}
}
