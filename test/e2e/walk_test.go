// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/test/walk"
)

// The quick start, typed word by word as it stands, answers what it says: from no
// Evenkeel to a canary that is taken back, one that is finished, and a refusal.
func TestTheQuickStart(t *testing.T) {
	fixture.Need(t)
	if os.Getenv("EVENKEEL_CLUSTER") != "local" {
		t.Skip("the page's addresses are the local cluster's: make cluster-up, and EVENKEEL_CLUSTER=local")
	}
	page, err := os.ReadFile(filepath.Join(fixture.Root(), "docs", "quickstart.md"))
	require.NoError(t, err)
	fixture.Must(t, "", "helm", "uninstall", "evenkeel", "-n", fixture.System, "--wait")
	t.Cleanup(func() {
		_, _ = fixture.Run("", "kubectl", "delete", "namespace", "demo", "--ignore-not-found")
		out, err := fixture.Install()
		require.NoError(t, err, out)
	})
	began := time.Now()
	var takenBack time.Duration
	for _, line := range walk.Read(string(page)) {
		if line.Command == "exit" { // and what is typed behind it: the end of the cluster
			break
		}
		typed(t, line)
		if strings.HasPrefix(line.Section, "5.") {
			takenBack = time.Since(began)
		}
	}
	t.Logf("%d words to read; the answers took %s up to the canary that was taken back, %s to the end", walk.Words(string(page)), takenBack.Round(time.Second), time.Since(began).Round(time.Second))
}

// typed types a line until it answers what the page shows: once, unless it only looks.
func typed(t *testing.T, line walk.Line) {
	t.Helper()
	var out string
	for end := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
		out, _ = fixture.Run("", "bash", "-c", "cd "+fixture.Root()+" && "+line.Command) // a refusal is an answer, too
		if line.Fits(out) {
			t.Logf("$ %s\n%s", line.Command, out)
			return
		}
		if !line.Looks() || time.Now().After(end) {
			break
		}
	}
	assert.Fail(t, "the page shows another answer", "$ %s\n%s\nand the page shows\n%s", line.Command, out, strings.Join(line.Answer, "\n"))
}
