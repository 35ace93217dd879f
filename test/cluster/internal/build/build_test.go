// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const modules = "../../modules"

func TestGroupsMatchTheirModules(t *testing.T) {
	seen := map[string]bool{}
	for _, group := range Groups {
		t.Run(group.Name, func(t *testing.T) {
			mod, err := os.ReadFile(filepath.Join(modules, group.Name, "go.mod"))
			require.NoError(t, err)
			assert.FileExists(t, filepath.Join(modules, group.Name, "go.sum"))
			assert.NotEmpty(t, group.Programs)
			assert.NotEmpty(t, group.Cold)
			for name, pkg := range group.Programs {
				assert.False(t, seen[name], "%s is built once", name)
				seen[name] = true
				assert.Regexp(t, regexp.MustCompile(`(?m)^(require )?\s*`+moduleOf(pkg)+` v`), string(mod), "the module of %s is pinned", name)
			}
			if group.Patch != nil {
				assert.FileExists(t, filepath.Join(modules, group.Name, group.Patch.With))
			}
		})
	}
}

// moduleOf is the module of a package, as all of ours are laid out.
func moduleOf(pkg string) string {
	return regexp.MustCompile(`/cmd/.*$`).ReplaceAllString(pkg, "")
}

func TestKubernetesSaysTheVersionThatIsPinned(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(modules, "kubernetes", "go.mod"))
	require.NoError(t, err)
	version := regexp.MustCompile(`gitVersion=(v\S+)`).FindStringSubmatch(kubernetesVersion)
	require.Len(t, version, 2)
	assert.Contains(t, string(mod), "k8s.io/kubernetes "+version[1]+"\n")
}

// world is a folder of modules with one group, as the builder looks at it.
func world(t *testing.T) (Builder, Group) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "one", "go.mod"), "module one\n\ngo 1.26.0\n")
	write(t, filepath.Join(dir, "one", "go.sum"), "")
	write(t, filepath.Join(dir, "one", "patch.go"), "package patch\n")
	write(t, filepath.Join(dir, "one", "cmd", "hello", "main.go"), "package main\n\nfunc main() {}\n")
	return Builder{Modules: dir, Cache: t.TempDir()},
		Group{Name: "one", Cold: "no time", Programs: map[string]string{"hello": "one/cmd/hello"}}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
}

func TestKeyCoversWhatGoesIntoABuild(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, b Builder, g *Group){
		"go.mod": func(t *testing.T, b Builder, _ *Group) {
			write(t, filepath.Join(b.Modules, "one", "go.mod"), "module one\n\ngo 1.26.1\n")
		},
		"go.sum":   func(t *testing.T, b Builder, _ *Group) { write(t, filepath.Join(b.Modules, "one", "go.sum"), "x\n") },
		"tags":     func(_ *testing.T, _ Builder, g *Group) { g.Tags = "other" },
		"ldflags":  func(_ *testing.T, _ Builder, g *Group) { g.LDFlags = "-X main.version=2" },
		"programs": func(_ *testing.T, _ Builder, g *Group) { g.Programs = map[string]string{"hello": "one/cmd/other"} },
		"patch":    func(_ *testing.T, _ Builder, g *Group) { g.Patch = &Patch{Module: "m", File: "f", With: "patch.go"} },
	} {
		t.Run(name, func(t *testing.T) {
			b, group := world(t)
			before, err := b.dir(group)
			require.NoError(t, err)
			again, err := b.dir(group)
			require.NoError(t, err)
			assert.Equal(t, before, again, "the same input has the same key")
			change(t, b, &group)
			after, err := b.dir(group)
			require.NoError(t, err)
			assert.NotEqual(t, before, after)
		})
	}
}

func TestKeyNeedsThePins(t *testing.T) {
	_, err := Builder{Modules: modules, Cache: t.TempDir()}.dir(Group{Name: "none"})
	require.ErrorContains(t, err, "cannot key the build of none")
}

func TestWhatIsBuiltIsNotBuiltAgain(t *testing.T) {
	var out bytes.Buffer
	b := Builder{Modules: modules, Cache: t.TempDir(), Out: &out}
	dirs, err := b.Dirs()
	require.NoError(t, err)
	for i, group := range Groups {
		for name := range group.Programs {
			write(t, filepath.Join(dirs[i], name), "x")
		}
	}
	require.NoError(t, b.All(context.Background(), "kwok"))
	assert.Empty(t, out.String())
}

func TestWhatIsOnDemandIsBuiltWhereItIsNamed(t *testing.T) {
	names := func(demanded ...string) (names []string) {
		missing, err := Builder{Modules: modules, Cache: t.TempDir()}.missing(demanded)
		require.NoError(t, err)
		for _, group := range missing {
			names = append(names, group.Name)
		}
		return names
	}
	assert.NotContains(t, names(), "kwok")
	assert.Contains(t, names(), "etcd")
	assert.Equal(t, append(names(), "kwok"), names("kwok"))
	assert.EqualError(t, Builder{}.All(context.Background(), "etcd"), `"etcd" is not built on demand: name one of kwok, prometheus`)
}

func TestBuildIsWholeOrNotThere(t *testing.T) {
	b, group := world(t)
	var out bytes.Buffer
	b.Out = &out
	dir, err := b.dir(group)
	require.NoError(t, err)

	group.Programs["broken"] = "one/cmd/nowhere"
	dirBroken, err := b.dir(group)
	require.NoError(t, err)
	err = b.build(context.Background(), group, newProgress(&out, 0, []Group{group}))
	require.ErrorContains(t, err, "cannot build broken: go build")
	assert.NoDirExists(t, dirBroken)
	delete(group.Programs, "broken")

	assert.False(t, complete(dir, group))
	require.NoError(t, b.build(context.Background(), group, newProgress(&out, 0, []Group{group})))
	assert.True(t, complete(dir, group))
	assert.NoDirExists(t, dir+".building")
	assert.NoDirExists(t, dir+".source")
}

func TestProgressSaysWhatIsBuiltAndWhatIsLeft(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, 1, []Group{{Name: "etcd"}, {Name: "kubernetes", Cold: "9 min", Programs: map[string]string{"kubelet": "k"}}, {Name: "helm"}, {Name: "traefik"}})
	assert.Equal(t, "[2/4] kubernetes: 1 program(s), about 9 min when nothing is cached\n", out.String())
	p.program = "kubelet"
	assert.Equal(t, "[2/4] kubernetes: building kubelet, 1m15s so far; then helm, traefik", p.line(75*time.Second+300*time.Millisecond))
	p.index = 3
	assert.Equal(t, "[4/4] traefik: building kubelet, 1s so far", p.line(time.Second))
	assert.Equal(t, 15*time.Second, p.every(), "where the output is not a terminal")
}
