// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

var (
	files    = regexp.MustCompile("(?s)is `([a-z]+\\.yaml)`.*?```yaml\n(.*?)```")
	examples = regexp.MustCompile("(?s)    \\$ evenkeel (route [^\n]+)\n\n```yaml\n(.*?)```")
)

// What the page of routes says that the command prints, it prints to the letter.
func TestTheExamplesOfThePageOfRoutes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "routes.md"))
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	for _, file := range files.FindAllStringSubmatch(string(text), -1) {
		require.NoError(t, os.WriteFile(file[1], []byte(file[2]), 0o600))
	}
	found := examples.FindAllStringSubmatch(string(text), -1)
	require.Len(t, found, 5)
	for _, example := range found {
		code, out, stderr := called("", strings.Fields(example[1])...)
		require.Zero(t, code, stderr)
		assert.Equal(t, example[2], out, example[1])
	}
}

// planned is what admission would answer, as evenkeel plan prints it.
func planned(t *testing.T, args ...string) offline.Answer {
	t.Helper()
	_, out, stderr := called("", append([]string{"plan", "-o", "json"}, args...)...)
	var answer offline.Answer
	require.NoError(t, json.Unmarshal([]byte(out), &answer), stderr)
	return answer
}

// What the quick start shows of admission's answers, admission answers to the letter.
func TestTheAnswersOfTheQuickStart(t *testing.T) {
	read := func(path ...string) string {
		text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
		require.NoError(t, err)
		_, after, licensed := strings.Cut(string(text), "Apache-2.0\n")
		if licensed {
			return after
		}
		return string(text)
	}
	demo := func(name string) string { return read("test", "demo", "manifests", name) }
	page := read("docs", "quickstart.md")
	assert.Contains(t, page, demo("v1.yaml"))
	page = strings.ReplaceAll(page, "\n    ", "\n")
	var values struct{ Policy json.RawMessage }
	require.NoError(t, yaml.Unmarshal([]byte(demo("values.yaml")), &values))
	policy, live := written(t, string(values.Policy)), written(t, demo("v1.yaml"))
	for _, warning := range planned(t, "--policy", policy, "-f", live).Warnings {
		assert.Contains(t, page, "Warning: "+warning+"\n")
	}
	changed := strings.NewReplacer("20%:15s,50%:15s,100%", "20%:pause,100%", "demo:v1", "demo:v2").Replace(demo("v1.yaml"))
	starts := planned(t, "--policy", policy, "-f", written(t, demo("base.yaml")+"---\n"+changed), "--live", live).Warnings
	assert.Contains(t, page, "Warning: "+strings.ReplaceAll(starts[len(starts)-1], "demo-live", "demo-778c8dc9b8")+"\n")
	refused := planned(t, "--policy", policy, "-f", written(t, demo("unsafe.yaml")), "--live", live)
	require.False(t, refused.Allowed)
	assert.Contains(t, page, "denied the request: "+refused.Message+"\n")
}
