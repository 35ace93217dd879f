// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

const podsPath = "/api/v1/namespaces/evenkeel-system/pods"

// apiServer lists a manager, and forwards its port to an address: by SPDY alone, as
// older ones do, so that both ways to ask are gone.
func apiServer(t *testing.T, pages string, asked *[]string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Method+" "+r.URL.Path)
		switch {
		case r.URL.Path == podsPath:
			w.Header().Set("Content-Type", "application/json")
			assert.NoError(t, json.NewEncoder(w).Encode(corev1.PodList{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: []corev1.Pod{manager("evenkeel-1", 3)},
			}))
		case pages == "":
			http.Error(w, "you may not", http.StatusForbidden)
		case r.Method == http.MethodPost:
			forwarded(w, r, pages)
		default:
			http.Error(w, "no such upgrade", http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// forwarded is the kubelet's side of a forward.
func forwarded(w http.ResponseWriter, r *http.Request, pages string) {
	if _, err := httpstream.Handshake(r, w, []string{portforward.PortForwardProtocolV1Name}); err != nil {
		return
	}
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(stream httpstream.Stream, replied <-chan struct{}) error {
		go func() {
			<-replied
			defer func() { _ = stream.Close() }()
			if stream.Headers().Get(corev1.StreamType) == corev1.StreamTypeError {
				return // there was none
			}
			to, err := net.Dial("tcp", pages)
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(to, stream) }()
			_, _ = io.Copy(stream, to)
		}()
		return nil
	})
	if connection != nil {
		<-connection.CloseChan()
	}
}

// start runs the command, and gives the first line that it prints.
func start(ctx context.Context, t *testing.T, api string) (line string, ended <-chan error) {
	t.Helper()
	cmd := Command(func() (*rest.Config, error) { return &rest.Config{Host: api}, nil })
	read, write := io.Pipe()
	cmd.SetArgs(nil)
	cmd.SetOut(write)
	cmd.SetErr(io.Discard)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	end := make(chan error, 1)
	go func() {
		end <- cmd.ExecuteContext(ctx)
		_ = write.Close()
	}()
	line, _ = bufio.NewReader(read).ReadString('\n')
	return strings.TrimSpace(line), end
}

// The whole way: from a browser through the API server to a manager's page.
func TestThePagesAreReached(t *testing.T) {
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "for "+r.Host) }))
	defer pages.Close()
	var asked []string
	api := apiServer(t, pages.Listener.Addr().String(), &asked)
	ctx, end := context.WithCancel(t.Context())
	url, ended := start(ctx, t, api.URL)
	require.True(t, strings.HasPrefix(url, "http://127.0.0.1:"), url)
	for range 2 { // more than one request goes through
		answer, err := http.Get(url)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, "for "+strings.Trim(strings.TrimPrefix(url, "http://"), "/"), string(body))
	}
	end()
	require.NoError(t, <-ended)
	assert.Equal(t, []string{"GET " + podsPath, "GET " + podsPath + "/evenkeel-1/portforward", "POST " + podsPath + "/evenkeel-1/portforward"}, asked)
}

func TestWhoMayNot(t *testing.T) {
	var asked []string
	api := apiServer(t, "", &asked)
	_, ended := start(t.Context(), t, api.URL)
	err := <-ended
	require.ErrorContains(t, err, `cannot forward a port to pod "evenkeel-1", which takes the right to create pods/portforward in namespace "evenkeel-system": `)
	assert.ErrorContains(t, err, "you may not")
}
