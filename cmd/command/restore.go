// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

// restoring are the options of evenkeel restore.
type restoring struct {
	access
	all bool
	// webhooks names the webhook configurations that may be deleted where nobody
	// answers them; empty: none.
	webhooks string
	timeout  time.Duration
	// in is the namespace to restore in; empty: all of them.
	in string
}

func restoreCommand(k Kubectl) *cobra.Command {
	o := &restoring{access: access{Kubectl: k}}
	cmd := &cobra.Command{
		Use: "restore [--all | -n NAMESPACE [NAME]]", Short: "Take rollouts in flight back to stable, with or without a manager", Args: cobra.MaximumNArgs(1),
		Long: "Restore takes rollouts in flight back to stable: the traffic first, then the pods. It waits until they have ended,\n" +
			"and asks a manager that is there instead of working against it. What is past the way back is finished.",
		RunE: func(cmd *cobra.Command, args []string) error {
			name := strings.Join(args, "")
			if err := o.aim(name); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), o.timeout, fmt.Errorf("not done after %s", o.timeout))
			defer cancel()
			return o.run(ctx, cmd.OutOrStdout(), name)
		},
	}
	o.addFlags(cmd)
	cmd.Flags().BoolVar(&o.all, "all", false, "every rollout in flight of the cluster; --all-namespaces is the same")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait for the end")
	cmd.Flags().StringVar(&o.webhooks, "delete-webhooks", "", "name of the webhook configurations to delete where no manager answers them: objects in flight wait for it otherwise")
	return cmd
}

// aim finds the namespace to restore in: nothing is taken back that nobody named.
func (o *restoring) aim(name string) (err error) {
	all := o.all || o.everywhere
	switch {
	case all && (o.named() != "" || name != ""):
		return errors.New("--all goes with no namespace and no name")
	case !all && o.named() == "" && (name == "" || !o.One):
		return errors.New("say what to restore: --all, or -n NAMESPACE and perhaps a NAME")
	case !all:
		o.in, err = o.namespace()
	}
	return err
}

// run restores, and where a manager is in the way asks it.
func (o *restoring) run(ctx context.Context, out io.Writer, name string) error {
	c, err := o.connect()
	if err != nil {
		return err
	}
	kinds, err := RouteKinds(c.RESTMapper())
	if err != nil {
		return err
	}
	return o.restore(ctx, c, &traffic.Restore{Client: offline.NewWriter(c, kinds), Kinds: kinds, Tell: teller(out)}, out, name)
}

// restore goes back by itself, and asks a manager where that is in the way. What
// somebody has to do by hand is an error in either case.
func (o *restoring) restore(ctx context.Context, c client.Client, restore *traffic.Restore, out io.Writer, name string) error {
	err := restore.All(ctx, o.in, name)
	if err != nil && o.webhooks != "" && strings.Contains(err.Error(), "failed calling webhook") {
		fmt.Fprintf(out, "no manager answers: deleting the webhook configurations %q\n", o.webhooks)
		if err := o.deleteWebhooks(ctx, c); err != nil {
			return err
		}
		err = restore.All(ctx, o.in, name)
	}
	switch {
	case errors.Is(err, traffic.ErrNotOurs):
		return errors.Join(othersThan(err, traffic.ErrNotOurs, traffic.ErrUnable), o.ask(ctx, c, out, name))
	case err != nil && strings.Contains(err.Error(), "failed calling webhook"):
		return fmt.Errorf("%w\nno manager answers, and objects in flight wait for one: start it again, or add --delete-webhooks=NAME (kubectl get mutatingwebhookconfigurations)", err)
	}
	return err
}

// othersThan leaves those of joined errors that are none of some kinds.
func othersThan(err error, kinds ...error) error {
	joined, several := err.(interface{ Unwrap() []error })
	all := []error{err}
	if several {
		all = joined.Unwrap()
	}
	return errors.Join(slices.DeleteFunc(slices.Clone(all), func(one error) bool {
		return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(one, kind) })
	})...)
}

func (o *restoring) deleteWebhooks(ctx context.Context, c client.Client) error {
	meta := metav1.ObjectMeta{Name: o.webhooks}
	for _, object := range []client.Object{&admissionv1.MutatingWebhookConfiguration{ObjectMeta: meta}, &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: meta}} {
		if err := client.IgnoreNotFound(c.Delete(ctx, object)); err != nil {
			return fmt.Errorf("cannot delete the webhook configuration %q: %w", o.webhooks, err)
		}
	}
	return nil
}

// ask says "rollback" to the managers, and waits until they have done it. It
// does not wait for what they cannot do, and says that.
func (o *restoring) ask(ctx context.Context, c client.Client, out io.Writer, name string) error {
	fmt.Fprintln(out, "a manager keeps the state: asking it")
	tell := teller(out)
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, rollout.ActionAnnotation, rollout.ActionRollback))
	for asked := map[client.ObjectKey]bool{}; ; {
		flights, err := traffic.Flights(ctx, c, o.in)
		if err != nil {
			return err
		}
		left, unable := 0, []error{}
		for _, flight := range flights {
			if name != "" && flight.Object.Name != name {
				continue
			}
			err := flight.Unable(ctx, c)
			if errors.Is(err, traffic.ErrUnable) {
				unable = append(unable, fmt.Errorf("cannot restore %s %s: %w", flight.Object.Kind, client.ObjectKeyFromObject(flight.Object), err))
				continue
			}
			if err != nil {
				return err
			}
			state, err := flight.State()
			if err != nil || !state.InFlight() {
				continue
			}
			left++
			key := flight.Key()
			tell(key, state)
			if state.Reversible() && !asked[key] {
				if err := c.Patch(ctx, flight.Object, patch); err != nil {
					return fmt.Errorf("cannot ask for the way back of %s %s: %w", flight.Object.Kind, client.ObjectKeyFromObject(flight.Object), err)
				}
				asked[key] = true
			}
		}
		if left == 0 {
			return errors.Join(unable...)
		}
		select {
		case <-ctx.Done():
			return errors.Join(append(unable, fmt.Errorf("%w: %d rollouts are still in flight", context.Cause(ctx), left))...)
		case <-time.After(time.Second):
		}
	}
}

// teller prints what is new about a rollout.
func teller(out io.Writer) func(client.ObjectKey, rollout.State) {
	var mu sync.Mutex
	last := map[client.ObjectKey]string{}
	return func(key client.ObjectKey, state rollout.State) {
		text := string(state.Phase)
		if state.InFlight() && state.Wait != "" {
			text += " until " + state.Wait
		}
		mu.Lock()
		defer mu.Unlock()
		if last[key] != text {
			last[key] = text
			fmt.Fprintf(out, "%s  %s: %s\n", time.Now().UTC().Format(time.TimeOnly), key, text)
		}
	}
}
