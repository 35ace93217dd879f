// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/explain"
	"github.com/evenkeel-dev/evenkeel/policy/manifest"
)

// explainer are the flags of explain.
type explainer struct {
	*cluster
	file, output, policyFile string
	policy                   client.ObjectKey
}

func explainCommand(c *cluster) *cobra.Command {
	x := &explainer{cluster: c}
	cmd := &cobra.Command{
		Use: "explain -f FILE", Short: "Tell what will happen when a manifest is applied", Args: cobra.NoArgs,
		Long: "Explain tells for each Deployment of a file what applying it comes to: what admission answers, and the release that\n" +
			"follows, with its pods and weights. It reads what runs and the policy with your own rights, writes nothing, and says\n" +
			"what it could not read. Times are the least: pods take as long as they take to become ready.\n\n" +
			"It ends with 0 whatever comes of it, or with 1 where it cannot tell.",
		Example: "  kubectl evenkeel explain -f demo.yaml\n  kustomize build . | kubectl evenkeel explain -f -",
		RunE:    func(cmd *cobra.Command, _ []string) error { return x.run(cmd) },
	}
	c.addTo(cmd)
	f := cmd.Flags()
	f.StringVarP(&x.file, "filename", "f", "", "file with what would be applied, - for the standard input")
	command.Output(cmd, &x.output, "", "json or yaml; a text where left out", data...)
	f.StringVar(&x.policyFile, "policy", "", "policy file; where left out, the cluster's policy")
	policyFlags(f, &x.policy)
	_ = cmd.MarkFlagRequired("filename")
	return cmd
}

func (x *explainer) run(cmd *cobra.Command) error {
	if err := command.OneOf("--output", x.output, data...); err != nil {
		return err
	}
	files, err := manifest.Read([]string{x.file}, cmd.InOrStdin())
	if err != nil {
		return err
	}
	_, c, err := x.connect(rest.NoWarnings{})
	if err != nil {
		return err
	}
	namespace, err := x.namespace()
	if err != nil {
		return err
	}
	deployments, others := applied(files, namespace)
	if len(deployments) == 0 {
		return fmt.Errorf("there is no Deployment in %s: explain tells of Deployments; StatefulSets and DaemonSets are reviewed by\n  kubectl apply --dry-run=server -f %s", x.file, x.file)
	}
	var all []explain.Explanation
	for _, d := range deployments {
		e, err := x.explain(cmd.Context(), c, d, others)
		if err != nil {
			return fmt.Errorf("cannot explain Deployment %s/%s: %w", d.Namespace, d.Name, err)
		}
		all = append(all, e)
	}
	if x.output != "" {
		return writeData(cmd, x.output, map[string]any{"explanations": all})
	}
	return texts(cmd.OutOrStdout(), all)
}

func texts(to io.Writer, all []explain.Explanation) error {
	for i, e := range all {
		if i > 0 {
			fmt.Fprintln(to)
		}
		if err := explain.Text(to, e); err != nil {
			return err
		}
	}
	return nil
}

func (x *explainer) explain(ctx context.Context, c client.Reader, d *appsv1.Deployment, others []client.Object) (explain.Explanation, error) {
	w := explain.Read(ctx, c, x.policy, d.Namespace, others)
	if x.policyFile != "" {
		text, err := os.ReadFile(x.policyFile)
		if err == nil {
			err = w.Policies.Offer(text)
		}
		if err != nil {
			return explain.Explanation{}, fmt.Errorf("cannot read the policy: %w", err)
		}
	}
	live, err := w.Live(ctx, c, d)
	if err != nil {
		return explain.Explanation{}, err
	}
	e, err := explain.Of(ctx, w, d, live, time.Now())
	e.Notes = w.Notes
	return e, err
}

// applied are a file's objects in the namespaces that kubectl would apply them to.
func applied(files []manifest.File, namespace string) ([]*appsv1.Deployment, []client.Object) {
	var deployments []*appsv1.Deployment
	var others []client.Object
	for _, file := range files {
		for _, object := range file.Objects {
			if d := object.Applied(); d != nil {
				if !saysNamespace(d) {
					d.Namespace = namespace
				}
				deployments = append(deployments, d)
				continue
			}
			if object.GetNamespace() == corev1.NamespaceDefault {
				object.SetNamespace(namespace)
			}
			others = append(others, object.Object)
		}
	}
	return deployments, others
}

// saysNamespace tells whether the manifest names a namespace itself.
func saysNamespace(d *appsv1.Deployment) bool {
	var said struct {
		Metadata struct {
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	err := json.Unmarshal([]byte(d.Annotations[corev1.LastAppliedConfigAnnotation]), &said)
	return err != nil || said.Metadata.Namespace != ""
}
