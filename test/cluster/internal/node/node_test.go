// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

func TestPidIsThatOfOurFirstProcessAlone(t *testing.T) {
	n := Node{Run: t.TempDir()}
	for name, text := range map[string]string{
		"another process has the number": strconv.Itoa(os.Getpid()),
		"nobody has it":                  "999999999",
		"not a number":                   "one",
	} {
		write(t, filepath.Join(n.Run, "pid"), text)
		_, alive := n.Pid()
		assert.False(t, alive, name)
	}
	assert.True(t, exists(os.Getpid()))
	assert.False(t, exists(999999999))
}

func TestStopWhereNothingRuns(t *testing.T) {
	n := Node{Run: filepath.Join(t.TempDir(), "run")}
	require.NoError(t, n.Stop(), "nothing was ever started")
	write(t, filepath.Join(n.Run, "pid"), strconv.Itoa(os.Getpid()))
	write(t, filepath.Join(n.Logs(), "etcd.log"), "x")
	require.NoError(t, n.Stop(), "a run that was killed")
	assert.NoDirExists(t, n.Run)
}

func TestCommandsInsideGetTheClusterAndNoProxy(t *testing.T) {
	n := Node{Run: "/cache/run", Path: []string{"/cache/bin/etcd-1", "/cache/bin/helm-2"}}
	env := n.environment([]string{"HOME=/root", "PATH=/old", "KUBECONFIG=/mine", "HTTPS_PROXY=http://proxy", "no_proxy=x", "GOFLAGS=-v"})
	assert.Contains(t, env, "HOME=/root")
	assert.Contains(t, env, "GOFLAGS=-v")
	assert.Contains(t, env, "KUBECONFIG=/cache/run/pki/admin.kubeconfig")
	assert.Contains(t, env, "EVENKEEL_CLUSTER=local")
	names := map[string]int{}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		names[name]++
		if name == "PATH" {
			assert.True(t, strings.HasPrefix(value, "/cache/bin/etcd-1:/cache/bin/helm-2:"), value)
		}
		assert.NotContains(t, strings.ToLower(name), "proxy")
	}
	for name, count := range names {
		assert.Equal(t, 1, count, "%s is there once: programs differ in which one they take", name)
	}
}

func TestProgramsStayThoseThatTheNodeStartedWith(t *testing.T) {
	n := Node{Run: t.TempDir(), Path: []string{"/new"}}
	write(t, filepath.Join(n.Run, "path"), "/started")
	assert.True(t, strings.HasPrefix(n.searchPath(), "/started:"), n.searchPath())
}

func TestParseImages(t *testing.T) {
	assert.Equal(t, map[string]string{"evenkeel.local/demo:v1": "sha256:aa", "evenkeel.local/pause:1": "sha256:bb"}, parseImages(
		`REF                    TYPE                                       DIGEST    SIZE    PLATFORMS   LABELS
evenkeel.local/demo:v1 application/vnd.oci.image.manifest.v1+json sha256:aa 5.6 MiB linux/amd64 io.cri-containerd.image=managed
evenkeel.local/pause:1 application/vnd.oci.image.manifest.v1+json sha256:bb 1.4 MiB linux/amd64 -
sha256:cc              application/vnd.oci.image.config.v1+json
`))
	assert.Empty(t, parseImages(""))
}

func TestStagesAreReadWhole(t *testing.T) {
	n := Node{Run: t.TempDir()}
	assert.Empty(t, n.stages())
	write(t, filepath.Join(n.Run, "stages"), "namespaces\ncertificates\nima")
	assert.Equal(t, []string{"namespaces", "certificates"}, n.stages())
}

func TestReportShowsTheLogOfWhatFailed(t *testing.T) {
	n := Node{Run: t.TempDir()}
	write(t, filepath.Join(n.Logs(), "etcd.log"), "all is well\n")
	write(t, filepath.Join(n.Logs(), "kubelet.log"), strings.Repeat("noise\n", 30)+"no cgroup\n")
	write(t, filepath.Join(n.Run, "inner.log"), "cluster: node ready: kubelet failed: exit code 1\n")
	assert.Contains(t, n.report(), "all is well", "where nothing is known, all logs are shown")
	write(t, filepath.Join(n.Run, "failed"), "kubelet")
	report := n.report()
	assert.Contains(t, report, "no cgroup")
	assert.Contains(t, report, "kubelet failed: exit code 1")
	assert.NotContains(t, report, "all is well")
	assert.Equal(t, 19, strings.Count(report, "noise"))
	assert.Equal(t, "the cluster is not up: start it with make cluster-up (it ended: node ready: kubelet failed: exit code 1; its logs are in "+n.Logs()+")", n.Down())
}

func TestConfigsAreFilledIn(t *testing.T) {
	dir := t.TempDir()
	n := &inner{run: dir, cgroup: "evenkeel-1", setup: Setup{Pause: "evenkeel.local/pause:1"}}
	require.NoError(t, n.writeConfigs())
	hole := regexp.MustCompile(`@[A-Z]+@`)
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		assert.Empty(t, hole.FindAllString(string(text), -1), path)
		return err
	}))
	kubelet, err := os.ReadFile(filepath.Join(dir, "kubelet.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(kubelet), "cgroupRoot: /evenkeel-1\n")
}

// Each file of the certificates that a component is told to read is made.
func TestComponentsReadWhatIsMade(t *testing.T) {
	n := &inner{run: t.TempDir()}
	require.NoError(t, n.certificates())
	require.NoError(t, n.writeConfigs())
	file := regexp.MustCompile(regexp.QuoteMeta(n.run) + `/pki/[a-z.-]+`)
	var text strings.Builder
	for _, c := range []component{n.etcd(), n.containerd(), n.apiServer(), n.controllerManager(), n.scheduler(), n.kubelet(), n.proxy(), n.traefik()} {
		text.WriteString(strings.Join(append(c.args, c.env...), "\n"))
	}
	for _, name := range []string{"kubelet.yaml", "kube-proxy.yaml"} {
		config, err := os.ReadFile(n.path(name))
		require.NoError(t, err)
		text.Write(config)
	}
	files := file.FindAllString(text.String(), -1)
	assert.Greater(t, len(files), 15)
	for _, name := range files {
		assert.FileExists(t, name)
	}
}

func TestInnerIsNotForPeople(t *testing.T) {
	assert.EqualError(t, Inner(nil), "inner is not for people: use up")
}
