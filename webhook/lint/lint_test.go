// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/manifest"
	"github.com/evenkeel-dev/evenkeel/test/fixture/corpus"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

var morning = time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)

func linted(t *testing.T, path string) ([]manifest.File, []Reviewed, Report) {
	t.Helper()
	files, err := manifest.Read([]string{path}, nil)
	require.NoError(t, err)
	reviewed, err := Review(t.Context(), files, config.NewStore(), morning)
	require.NoError(t, err)
	return files, reviewed, NewReport(files, reviewed)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func TestEveryOutput(t *testing.T) {
	_, _, report := linted(t, "testdata/shop.yaml")
	for name, write := range Writers {
		var out bytes.Buffer
		require.NoError(t, write(&out, report, false))
		if name == "sarif" {
			log, err := sarif.FromBytes(out.Bytes())
			require.NoError(t, err)
			require.NoError(t, log.Validate())
			require.Len(t, log.Runs[0].Results, len(report.Findings))
			assert.Len(t, log.Runs[0].Tool.Driver.Rules, len(policy.AllChecks()))
			continue // it carries an id of its own
		}
		golden(t, name, out.Bytes())
	}
	var colored bytes.Buffer
	require.NoError(t, writeText(&colored, report, true))
	assert.Contains(t, colored.String(), "\x1b[31mEnforce\x1b[0m zero-progress")
	var read Report
	var out bytes.Buffer
	require.NoError(t, writeJSON(&out, report, false))
	require.NoError(t, json.Unmarshal(out.Bytes(), &read))
	assert.Equal(t, report, read)
}

func TestTheWorstFinding(t *testing.T) {
	of := func(actions ...policy.Action) Report {
		var r Report
		for _, a := range actions {
			r.Findings = append(r.Findings, Finding{Action: a})
		}
		return r
	}
	assert.False(t, of().Worst(policy.Audit))
	assert.True(t, of(policy.Audit).Worst(policy.Audit))
	assert.False(t, of(policy.Audit, policy.Warn).Worst(policy.Enforce))
	assert.True(t, of(policy.Audit, policy.Enforce).Worst(policy.Warn))
}

// What is written into a file is what would be injected, once.
func TestWritingTheCorpus(t *testing.T) {
	dir := t.TempDir()
	for _, item := range corpus.All() {
		if strings.Contains(item.Manifest, corev1.LastAppliedConfigAnnotation) {
			continue // read from a cluster: it spells out defaults that nobody set
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, item.Name+".yaml"), []byte(item.Manifest), 0o640))
	}
	files, reviewed, before := linted(t, dir)
	written, err := Write(files, reviewed)
	require.NoError(t, err)
	assert.Greater(t, len(written), len(files)*8/10, "most of them lack something")
	for _, w := range written {
		require.NoError(t, w.Save())
		info, err := os.Stat(w.Path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o640), info.Mode())
	}
	files, reviewed, after := linted(t, dir)
	again, err := Write(files, reviewed)
	require.NoError(t, err)
	for _, w := range again {
		t.Errorf("%s would change again: %v", w.Path, w.Fields)
	}
	require.Len(t, after.Findings, len(before.Findings))
	for i := range after.Findings {
		assert.Equal(t, before.Findings[i].Message, after.Findings[i].Message, "the verdicts are the same")
	}
}

func TestWritingKeepsWhatWasThere(t *testing.T) {
	files, reviewed, _ := linted(t, "testdata/shop.yaml")
	written, err := Write(files, reviewed)
	require.NoError(t, err)
	require.Len(t, written, 1)
	golden(t, "written", written[0].Text)

	alias := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: &s\n  selector: {matchLabels: &l {a: b}}\n  template: {metadata: {labels: *l}, spec: {containers: [{name: c, image: 'i:1', ports: [{containerPort: 1}]}]}}\n"
	objects, err := manifest.Parse("f.yaml", []byte(alias))
	require.NoError(t, err)
	files = []manifest.File{{Path: "f.yaml", Text: []byte(alias), Objects: objects}}
	reviewed, err = Review(t.Context(), files, config.NewStore(), morning)
	require.NoError(t, err)
	_, err = Write(files, reviewed)
	require.NoError(t, err, "an alias that nothing is written through is no obstacle")
	require.NoError(t, yaml.Unmarshal([]byte(alias), &map[string]any{}))
}

func BenchmarkThousandFiles(b *testing.B) {
	dir := b.TempDir()
	all := corpus.All()
	for i := range 1000 {
		item := all[i%len(all)]
		name := filepath.Join(dir, string(rune('a'+i/len(all)))+item.Name+".yaml")
		require.NoError(b, os.WriteFile(name, []byte(item.Manifest), 0o600))
	}
	for b.Loop() {
		files, err := manifest.Read([]string{dir}, nil)
		require.NoError(b, err)
		reviewed, err := Review(b.Context(), files, config.NewStore(), morning)
		require.NoError(b, err)
		require.Len(b, reviewed, 1000)
	}
}
