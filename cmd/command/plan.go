// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy/manifest"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/lint"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

// planner is the command's flags.
type planner struct {
	access
	incoming, live, output string
}

func planCommand(k Kubectl) *cobra.Command {
	p := &planner{access: access{Kubectl: k}}
	cmd := &cobra.Command{
		Use: "plan (-f FILE [--live FILE] | --policy FILE [PATH...])", Short: "Print what admission would answer, or what a policy would change",
		Long: "With -f, plan prints what admission would answer to each Deployment of a file: whether it is allowed, the message, the\n" +
			"warnings, the patch and the object that comes out. --live names what runs now; without it each is created.\n" +
			"What stands around the Deployments is taken out of the same files.\n\n" +
			"With --policy alone, plan tells what a policy would do to the Deployments of the cluster, or of files and folders: what\n" +
			"their next rollout would change, and which of them it would refuse to create.",
		Example: "  evenkeel plan -f new.yaml --live old.yaml -o yaml\n  evenkeel plan --policy policy.yaml\n  evenkeel plan --policy policy.yaml deploy/",
		RunE: func(cmd *cobra.Command, paths []string) error {
			if p.incoming != "" {
				return p.answers(cmd, paths)
			}
			return p.preview(cmd.Context(), paths, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	p.addFlags(cmd)
	cmd.Flags().Lookup("as").Usage += "; with -f, who applies, as the change cause would tell it"
	cmd.Flags().StringVarP(&p.incoming, "filename", "f", "", "file with what would be applied, - for the standard input")
	cmd.Flags().StringVar(&p.live, "live", "", "file with what runs now")
	Output(cmd, &p.output, "", "yaml or json with -f (yaml where left out); table, json or yaml with --policy alone (table)", reports...)
	return cmd
}

// answers prints admission's answer for each Deployment of the file.
func (p *planner) answers(cmd *cobra.Command, paths []string) error {
	if len(paths) > 0 {
		return unusable(errors.New("plan -f takes no paths beside it: name them with -f and --live"))
	}
	if p.output == "" {
		p.output = "yaml"
	}
	if err := OneOf("--output", p.output, "yaml", "json"); err != nil {
		return unusable(err)
	}
	policies, err := policyOf(p.policyFile)
	if err != nil {
		return unusable(err)
	}
	files, err := manifest.Read([]string{p.incoming}, cmd.InOrStdin())
	if err != nil {
		return unusable(err)
	}
	var live []manifest.File
	if p.live != "" {
		if live, err = manifest.Read([]string{p.live}, cmd.InOrStdin()); err != nil {
			return unusable(err)
		}
	}
	world, unknown := lint.World(append(append([]manifest.File{}, live...), files...))
	count := 0
	for _, d := range deploymentsOf(files) {
		question := offline.Question{
			Incoming: d, Live: running(live, d, world), World: world, Policies: policies, Unknown: unknown, Requester: *p.Flags.Impersonate, Now: time.Now(),
		}
		answer, err := offline.Admit(cmd.Context(), question)
		if err != nil {
			return fmt.Errorf("cannot plan Deployment %s/%s: %w", d.Namespace, d.Name, err)
		}
		if err := writeAnswer(cmd.OutOrStdout(), answer, p.output, count); err != nil {
			return err
		}
		count++
	}
	if count == 0 {
		return unusable(fmt.Errorf("there is no Deployment in %s", p.incoming))
	}
	return nil
}

func deploymentsOf(files []manifest.File) []*appsv1.Deployment {
	var out []*appsv1.Deployment
	for _, file := range files {
		for _, object := range file.Objects {
			if d := object.Applied(); d != nil {
				out = append(out, d)
			}
		}
	}
	return out
}

// running is the Deployment of the same name that runs. Where the files tell of
// no ReplicaSet of it, its rollout is taken to be finished: one that serves with
// all its pods is put into the world.
func running(live []manifest.File, d *appsv1.Deployment, world *offline.World) *appsv1.Deployment {
	for _, old := range deploymentsOf(live) {
		if old.Name != d.Name || old.Namespace != d.Namespace {
			continue
		}
		if old.UID == "" {
			old.UID = types.UID("live-" + old.Name)
		}
		if !hasReplicaSet(live, old) {
			world.Add(Finished(old))
		}
		return old
	}
	return nil
}

func hasReplicaSet(files []manifest.File, d *appsv1.Deployment) bool {
	for _, file := range files {
		for _, object := range file.Objects {
			if rs, ok := object.Object.(*appsv1.ReplicaSet); ok && metav1.IsControlledBy(rs, d) {
				return true
			}
		}
	}
	return false
}

// Finished is the ReplicaSet of a Deployment at rest. It numbers the Deployment's
// revision where nobody has.
func Finished(d *appsv1.Deployment) *appsv1.ReplicaSet {
	if d.Annotations == nil {
		d.Annotations = map[string]string{}
	}
	if d.Annotations[rollout.RevisionAnnotation] == "" {
		d.Annotations[rollout.RevisionAnnotation] = "1"
	}
	replicas := ptr.Deref(d.Spec.Replicas, 1)
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: d.Namespace, Name: d.Name + "-live", Labels: map[string]string{appsv1.DefaultDeploymentUniqueLabelKey: "live"},
			Annotations:     d.Annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))},
		},
		Spec:   appsv1.ReplicaSetSpec{Replicas: &replicas, Template: *d.Spec.Template.DeepCopy()},
		Status: appsv1.ReplicaSetStatus{Replicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas},
	}
}

func writeAnswer(to io.Writer, answer offline.Answer, output string, number int) error {
	if output == "json" {
		return writeJSON(to, answer)
	}
	if number > 0 {
		fmt.Fprintln(to, "---")
	}
	return writeYAML(to, answer)
}

// preview tells what a policy would do to what runs, or to files.
func (p *planner) preview(ctx context.Context, paths []string, stdin io.Reader, to io.Writer) error {
	if p.policyFile == "" {
		return unusable(errors.New("name a manifest with -f, or a policy with --policy"))
	}
	if p.output == "" {
		p.output = "table"
	}
	if err := OneOf("--output", p.output, reports...); err != nil {
		return unusable(err)
	}
	effects, err := p.effects(ctx, paths, stdin)
	if err != nil {
		return err
	}
	switch p.output {
	case "json":
		return writeJSON(to, effects)
	case "yaml":
		return writeYAML(to, effects)
	}
	return writeEffects(to, effects)
}

func (p *planner) effects(ctx context.Context, paths []string, stdin io.Reader) ([]offline.Effect, error) {
	policies, err := policyOf(p.policyFile)
	if err != nil {
		return nil, unusable(err)
	}
	if len(paths) > 0 {
		files, err := manifest.Read(paths, stdin)
		if err != nil {
			return nil, unusable(err)
		}
		var all []appsv1.Deployment
		for _, d := range deploymentsOf(files) {
			all = append(all, *d)
		}
		return offline.Preview(ctx, lint.Handler(files, policies, time.Now()), all)
	}
	c, err := p.connect()
	if err != nil {
		return nil, err
	}
	seen, err := p.read(ctx, c)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "read %d Deployments\n", len(seen.deployments))
	return offline.Preview(ctx, offline.Handler(seen.world, policies, seen.unknown, time.Now()), seen.deployments)
}

func writeEffects(to io.Writer, effects []offline.Effect) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	changed, refused := 0, 0
	fmt.Fprintln(table, "NAMESPACE\tNAME\tRULE\tREFUSED AS NEW\tWARNED\tNEXT ROLLOUT CHANGES")
	for _, e := range effects {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Namespace, e.Name, e.Rule, dash(e.Refused, ", "), dash(e.Warned, ", "), dash(e.Changes, "; "))
		if len(e.Changes) > 0 {
			changed++
		}
		if len(e.Refused) > 0 {
			refused++
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("cannot write the table: %w", err)
	}
	fmt.Fprintf(to, "%d Deployments: the next rollout of %d changes more than it was asked to, %d would be refused as new\n", len(effects), changed, refused)
	return nil
}

func dash(words []string, between string) string {
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, between)
}
