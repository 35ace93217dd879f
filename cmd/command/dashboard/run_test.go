// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
)

// way is one go of a forward: how it ends, and whether it was open before.
type way struct {
	opens bool
	err   error
}

// run opens ways, one after another, and ends when there are no more.
func run(t *testing.T, o options, ways ...way) (out, note string, ports []int, err error) {
	t.Helper()
	one := manager("evenkeel-1", 3)
	ctx, end := context.WithCancel(t.Context())
	var said, noted bytes.Buffer
	v := viewer{
		options: o, client: fake.NewClientset(&one), pause: time.Millisecond, out: &said, note: &noted,
		browse: func(_ context.Context, url string) error { return fmt.Errorf("no browser for %s", url) },
		forward: func(_ context.Context, to target, local int, ready func(int), _ io.Writer) error {
			assert.Equal(t, target{"evenkeel-1", 8082}, to)
			ports = append(ports, local)
			now := ways[0]
			if ways = ways[1:]; len(ways) == 0 {
				end()
			}
			if now.opens {
				ready(max(local, 40001))
			}
			return now.err
		},
	}
	err = v.run(ctx)
	end()
	return said.String(), noted.String(), ports, err
}

func TestRun(t *testing.T) {
	here := options{namespace: "evenkeel-system", selector: "app.kubernetes.io/name=evenkeel"}
	t.Run("ends on a signal", func(t *testing.T) {
		out, note, _, err := run(t, here, way{opens: true})
		require.NoError(t, err)
		assert.Equal(t, "http://127.0.0.1:40001/\n", out)
		assert.Equal(t, "Open this address in a browser. Ctrl-C ends.\n", note)
	})
	t.Run("goes on with another manager, on the same port", func(t *testing.T) {
		out, note, ports, err := run(t, here, way{opens: true}, way{err: errors.New("refused for now")}, way{opens: true})
		require.NoError(t, err)
		assert.Equal(t, "http://127.0.0.1:40001/\n", out, "the address is told once")
		assert.Equal(t, "Open this address in a browser. Ctrl-C ends.\nThe manager is gone; looking for another one.\nevenkeel: refused for now\nConnected again, to pod evenkeel-1.\n", note)
		assert.Equal(t, []int{0, 40001, 40001}, ports)
	})
	t.Run("fails where it never opened", func(t *testing.T) {
		out, _, _, err := run(t, here, way{err: errors.New("forbidden")}, way{})
		require.EqualError(t, err, "forbidden")
		assert.Empty(t, out)
	})
	t.Run("on a port of one's own, with a browser that is not there", func(t *testing.T) {
		out, note, ports, err := run(t, options{namespace: here.namespace, selector: here.selector, port: 50000, open: true}, way{opens: true})
		require.NoError(t, err)
		assert.Equal(t, "http://127.0.0.1:50000/\n", out)
		assert.Contains(t, note, "evenkeel: cannot open a browser: no browser for http://127.0.0.1:50000/\n")
		assert.Equal(t, []int{50000}, ports)
	})
	t.Run("where there is no manager", func(t *testing.T) {
		_, _, _, err := run(t, options{namespace: "elsewhere"}, way{})
		assert.EqualError(t, err, "there is no manager of Evenkeel; say where it is by --evenkeel-namespace and --evenkeel-selector (namespace elsewhere, labels )")
	})
}

func TestFlags(t *testing.T) {
	for flag, want := range map[string]string{
		"--port=-1":               "--port=-1 is not a port: use 1 to 65535, or 0 for a free one",
		"--port=70000":            "--port=70000 is not a port: use 1 to 65535, or 0 for a free one",
		"--evenkeel-selector=a b": `--evenkeel-selector="a b" is not a selector: `,
		"--open":                  "no cluster",
	} {
		cmd := Command(func() (*rest.Config, error) { return nil, errors.New("no cluster") })
		cmd.SetArgs([]string{flag})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		assert.ErrorContains(t, cmd.ExecuteContext(t.Context()), want)
	}
}
