// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// dashboard shows the release in flight, through the API server and with the rights
// of whoever looks.
func (p plugin) dashboard() {
	cmd := exec.CommandContext(p.t.Context(), "kubectl", "evenkeel", "dashboard")
	out, err := cmd.StdoutPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, cmd.Start())
	url, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(p.t, err, "the address is told")
	url = strings.TrimSpace(url)

	first := p.page(url)
	for _, text := range []string{p.Namespace + " · Deployment · canary", "Waits for you", "Step 1 of 3", "<b>80%</b>", "<b>20%</b>"} {
		assert.Contains(p.t, first, text)
	}
	release := p.page(url + p.Namespace + "/deployment/demo")
	for _, text := range []string{"evenkeel.local/demo:v1", "evenkeel.local/demo:v2", "kubectl annotate -n " + p.Namespace + " deployment demo evenkeel.dev/action=continue"} {
		assert.Contains(p.t, release, text)
	}
	require.NoError(p.t, cmd.Process.Signal(os.Interrupt))
	require.NoError(p.t, cmd.Wait(), "whoever leaves leaves well")
	p.dashboardIsRefused()
}

// page gets a page of the dashboard.
func (p plugin) page(url string) string {
	p.t.Helper()
	response, err := http.Get(url)
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	assert.Equal(p.t, http.StatusOK, response.StatusCode, url)
	text, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return string(text)
}

// dashboardIsRefused to whoever may not list the managers' pods, or may do that and
// has no right to forward a port to them.
func (p plugin) dashboardIsRefused() {
	as := p.somebody()
	assert.Regexp(p.t, "cannot list the managers' pods: pods is forbidden: .*somebody", p.ends(1, "dashboard", as))
	system := []string{"kubectl", "-n", fixture.System}
	name := p.Namespace + "-looks"
	fixture.Must(p.t, "", append(system, "create", "role", name, "--verb=get,list", "--resource=pods")...)
	fixture.Must(p.t, "", append(system, "create", "rolebinding", name, "--role="+name, "--serviceaccount="+p.Namespace+":somebody")...)
	p.t.Cleanup(func() { _, _ = fixture.Run("", append(system, "delete", "role,rolebinding", name)...) })
	assert.Regexp(p.t, `pods "evenkeel-[^"]+" is forbidden: .*somebody.* cannot create resource "pods/portforward"`, p.ends(1, "dashboard", as))
}
