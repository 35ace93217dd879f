// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy/manifest"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

// besideAnnotation names, on an object that was printed beside a route, that route.
const besideAnnotation = "evenkeel.dev/of"

// usualController is that of an Ingress without a class.
const usualController = "k8s.io/ingress-nginx"

// divider is the command's flags.
type divider struct {
	file, controller string
	mirror           string
	share            route.Share
	restore          bool
}

func routeCommand() *cobra.Command {
	d := &divider{}
	cmd := &cobra.Command{
		Use: "route -f FILE (--service NAME [--weight N] [--match GROUP] [--mirror PERCENT] | --restore)", Short: "Print routes as they are in flight", Args: cobra.NoArgs,
		Long: "Route prints the HTTPRoutes, GRPCRoutes and Ingresses of a file as they divide traffic in flight, and the objects\n" +
			"beside them, in the words of their controller. It needs no cluster. Annotation " + route.SplitAnnotation + " tells what\n" +
			"was divided, so that what was printed can be divided anew, and --restore prints the file as it was.",
		Example: "  evenkeel route -f route.yaml --service demo --weight 20\n  evenkeel route -f ingress.yaml --service demo --match header:x-group=beta\n" +
			"  evenkeel route -f printed.yaml --restore",
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.InOrStdin(), cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.StringVarP(&d.file, "filename", "f", "", "file with the routes, - for the standard input")
	f.StringVar(&d.share.Service, "service", "", "Service to divide")
	f.StringVar(&d.share.Canary, "canary", "", "Service of the canary; the name of --service and "+route.CanarySuffix+" where left out")
	f.IntVar(&d.share.Weight, "weight", 0, "percent of the requests that the canary gets, 0 to 100")
	f.StringVar(&d.share.Match, "match", "", "requests that always go to the canary, for example "+route.MatchExample)
	f.StringVar(&d.mirror, "mirror", "", "percent of the requests of which the canary gets copies, for example 10%")
	f.BoolVar(&d.restore, "restore", false, "print the routes as they were before they were divided")
	f.StringVar(&d.controller, "controller", "", "controller of the Ingresses; that of their class where left out, "+usualController+" where they have none")
	return cmd
}

// run prints all of a file, or nothing.
func (d *divider) run(stdin io.Reader, to io.Writer) error {
	if err := d.validate(); err != nil {
		return unusable(err)
	}
	routes, err := d.read(stdin)
	if err != nil {
		return unusable(err)
	}
	var printed []route.Object
	divided := 0
	for _, shown := range routes {
		objects, err := d.one(shown)
		if err != nil {
			return err
		}
		if _, carries := route.Annotations(objects[0])[route.SplitAnnotation]; carries {
			divided++
		}
		printed = append(printed, objects...)
	}
	if divided == 0 && !d.restore {
		return unusable(fmt.Errorf("no route in %s leads to Service %q", d.file, d.share.Service))
	}
	return writeTrees(to, printed)
}

func (d *divider) validate() error {
	if d.share.Canary == "" {
		d.share.Canary = d.share.Service + route.CanarySuffix
	}
	_, err := route.ParseMatch(d.share.Match)
	if err == nil {
		if d.share.Mirror, err = route.ParseMirror(d.mirror); err != nil {
			err = fmt.Errorf("--mirror: %w", err)
		}
	}
	switch {
	case d.file == "":
		return errors.New("name the file with -f, or - for the standard input")
	case d.restore && (d.share.Service != "" || d.share.Weight != 0 || d.share.Match != "" || d.mirror != ""):
		return errors.New("--restore takes no --service, --weight, --match or --mirror: all that was divided is restored")
	case d.restore:
		return nil
	case d.share.Service == "":
		return errors.New("name the Service to divide with --service, or give --restore")
	case d.share.Canary == d.share.Service:
		return fmt.Errorf("--service and --canary name the same Service %q", d.share.Service)
	case d.share.Weight < 0 || d.share.Weight > 100:
		return fmt.Errorf("--weight=%d is no percent: use 0 to 100", d.share.Weight)
	}
	return err
}

// read reads a file's routes, without what was printed beside them.
func (d *divider) read(stdin io.Reader) ([]route.Object, error) {
	var text []byte
	var err error
	if d.file == manifest.Stdin {
		text, err = io.ReadAll(stdin)
	} else {
		text, err = os.ReadFile(d.file)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the routes: %w", err)
	}
	var out []route.Object
	for _, document := range manifest.Documents(text) {
		var object route.Object
		if err := yaml.Unmarshal(document.Text, &object); err != nil {
			return nil, fmt.Errorf("%s:%d: cannot read it: %w", d.file, document.Line, err)
		}
		if _, beside := route.Annotations(object)[besideAnnotation]; beside || object == nil {
			continue
		}
		if _, known := kindOf(object); !known {
			return nil, fmt.Errorf("%s:%d: %v %v is no route: use HTTPRoute or GRPCRoute of %s, or Ingress of %s", d.file, document.Line,
				object["apiVersion"], object["kind"], route.HTTPRoute.APIVersion(), route.Ingress.APIVersion())
		}
		out = append(out, object)
	}
	return out, nil
}

func kindOf(object route.Object) (route.Kind, bool) {
	for _, kind := range route.Kinds() {
		if object["kind"] == kind.Name() && object["apiVersion"] == kind.APIVersion() {
			return kind, true
		}
	}
	return "", false
}

// one gives a route as it is to be, and after it what is beside it.
func (d *divider) one(shown route.Object) ([]route.Object, error) {
	kind, _ := kindOf(shown)
	ref := route.Ref{Kind: kind, Name: route.NameOf(shown)}
	controller, err := d.controllerOf(shown)
	if err != nil && kind == route.Ingress {
		return nil, unusable(fmt.Errorf("%s: %w", ref.Words(), err))
	}
	renderer, err := kinds.Renderer(kind, controller)
	if err != nil {
		return nil, fmt.Errorf("cannot divide %s: %w", ref.Words(), err)
	}
	carried, err := route.Parse(splitOf(shown))
	if err != nil {
		return nil, unusable(fmt.Errorf("%s: %w", ref.Words(), err))
	}
	own := marked(renderer.Restore(shown, carried), "")
	if d.restore {
		return []route.Object{own}, nil
	}
	split := carried
	if slices.Contains(renderer.Services(own), d.share.Service) {
		split = carried.With(d.share)
	}
	done, err := renderer.Render(own, split)
	if err != nil {
		return nil, fmt.Errorf("cannot divide %s: %w", ref.Words(), err)
	}
	out := []route.Object{marked(done.Shown, done.Split.String())}
	for _, owned := range done.Owned {
		if route.NamespaceOf(owned) == "" {
			owned = route.With(owned, nil, "metadata", "namespace")
		}
		out = append(out, route.With(owned, ref.String(), "metadata", "annotations", besideAnnotation))
	}
	return out, nil
}

// controllerOf is the controller of an Ingress, as the flag or its class says.
func (d *divider) controllerOf(object route.Object) (string, error) {
	class := kinds.Class(object)
	if d.controller != "" {
		return d.controller, nil
	}
	if class == "" {
		return usualController, nil
	}
	if usual := kinds.Controller(object, nil); usual != "" {
		return usual, nil
	}
	return "", fmt.Errorf("the controller of class %q cannot be told without a cluster; name it with --controller, for example %s", class, usualController)
}

func splitOf(object route.Object) string {
	text, _ := route.Annotations(object)[route.SplitAnnotation].(string)
	return text
}

// marked gives a route with its split, or without one.
func marked(object route.Object, split string) route.Object {
	if split != "" {
		return route.With(object, split, "metadata", "annotations", route.SplitAnnotation)
	}
	if splitOf(object) == "" {
		return object
	}
	object = route.With(object, nil, "metadata", "annotations", route.SplitAnnotation)
	if len(route.Annotations(object)) == 0 {
		object = route.With(object, nil, "metadata", "annotations")
	}
	return object
}

func writeTrees(to io.Writer, objects []route.Object) error {
	for i, object := range objects {
		text, err := yaml.Marshal(object)
		if err != nil {
			return fmt.Errorf("cannot write the routes: %w", err)
		}
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err := to.Write(text); err != nil {
			return fmt.Errorf("cannot write the routes: %w", err)
		}
	}
	return nil
}
