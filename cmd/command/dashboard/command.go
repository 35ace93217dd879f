// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// options are the command's flags.
type options struct {
	namespace, selector string
	port                int
	open                bool
}

// Command makes the command. connect tells how the cluster is reached, once the
// flags are read.
func Command(connect func() (*rest.Config, error)) *cobra.Command {
	o := options{}
	cmd := &cobra.Command{
		Use: "dashboard", Short: "Look at releases in a browser", Args: cobra.NoArgs,
		Long: "Dashboard forwards a port of this machine to a manager of Evenkeel, and prints the address of its pages: what is in\n" +
			"flight, what waits for a person, what went wrong, and the releases before. The pages only show. It needs the rights to\n" +
			"list pods and to create pods/portforward in Evenkeel's namespace, and ends on Ctrl-C.",
		Example: "  evenkeel dashboard\n  evenkeel dashboard --open --port 8082",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			config, err := connect()
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return fmt.Errorf("cannot reach a cluster: %w", err)
			}
			v := viewer{options: o, client: client, forward: tunnel{config, client, o.namespace}.forward, browse: browse, pause: time.Second, out: cmd.OutOrStdout(), note: cmd.ErrOrStderr()}
			return v.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&o.namespace, "evenkeel-namespace", "evenkeel-system", "namespace of the managers")
	cmd.Flags().StringVar(&o.selector, "evenkeel-selector", "app.kubernetes.io/name=evenkeel", "labels of the managers' pods")
	cmd.Flags().IntVar(&o.port, "port", 0, "port of this machine; a free one where left out")
	cmd.Flags().BoolVar(&o.open, "open", false, "open a browser")
	return cmd
}

func (o options) validate() error {
	if o.port < 0 || o.port > 65535 {
		return fmt.Errorf("--port=%d is not a port: use 1 to 65535, or 0 for a free one", o.port)
	}
	if _, err := labels.Parse(o.selector); err != nil {
		return fmt.Errorf("--evenkeel-selector=%q is not a selector: %w", o.selector, err)
	}
	return nil
}

// viewer keeps a way to a manager open.
type viewer struct {
	options
	client kubernetes.Interface
	// forward leads a port of this machine to one of a pod until the context ends,
	// or the way breaks, which is no error. It tells when it is there, and on which
	// port.
	forward func(ctx context.Context, to target, local int, ready func(local int), note io.Writer) error
	browse  func(ctx context.Context, url string) error
	pause   time.Duration
	out     io.Writer // the address
	note    io.Writer // all else
}

// run opens the way, and another one on the same port whenever it breaks, until
// the context ends. The first time has to work.
func (v viewer) run(ctx context.Context) error {
	opened := false
	for {
		err := v.once(ctx, &opened)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !opened:
			return err
		case err != nil:
			fmt.Fprintln(v.note, "evenkeel:", err)
		default:
			fmt.Fprintln(v.note, "The manager is gone; looking for another one.")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(v.pause):
		}
	}
}

// once opens the way to one manager. From the first time on, the port stays.
func (v *viewer) once(ctx context.Context, opened *bool) error {
	to, err := find(ctx, v.client, v.namespace, v.selector)
	if err != nil {
		return err
	}
	ready := func(local int) {
		v.port = local
		if *opened {
			fmt.Fprintf(v.note, "Connected again, to pod %s.\n", to.pod)
			return
		}
		*opened = true
		v.tell(ctx, fmt.Sprintf("http://127.0.0.1:%d/", local))
	}
	return v.forward(ctx, to, v.port, ready, v.note)
}

func (v *viewer) tell(ctx context.Context, url string) {
	fmt.Fprintln(v.out, url)
	fmt.Fprintln(v.note, "Open this address in a browser. Ctrl-C ends.")
	if !v.open {
		return
	}
	if err := v.browse(ctx, url); err != nil {
		fmt.Fprintf(v.note, "evenkeel: cannot open a browser: %v\n", err)
	}
}

// browsers open an address, by operating system.
var browsers = map[string][]string{
	"darwin": {"open"}, "linux": {"xdg-open"}, "freebsd": {"xdg-open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"},
}

// browse opens an address in the browser of whoever sits here.
func browse(ctx context.Context, url string) error {
	program := browsers[runtime.GOOS]
	if program == nil {
		return fmt.Errorf("nobody knows how on %s", runtime.GOOS)
	}
	return exec.CommandContext(ctx, program[0], append(program[1:], url)...).Start() //nolint:gosec // one of the programs above
}
