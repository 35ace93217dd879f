// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"fmt"
	"slices"
	"strings"
)

// Object is a route as a JSON tree: objects are map[string]any, lists are []any,
// numbers are int64 or float64. No function of this package, or of the renderers,
// changes a tree that it is given.
type Object = map[string]any

// Renderer is how one kind of route is told to divide traffic.
type Renderer interface {
	// Services lists the Services of the route's own namespace that a route
	// leads to, each once, in their order.
	Services(own Object) []string
	// Render divides a user's own route as a split says. It fails, before
	// anything is divided, where the route cannot show the split; the error says
	// why in words for the route's owner.
	Render(own Object, split Split) (Rendering, error)
	// Restore gives the user's own route back: the exact inverse of Render for
	// the split that it returned, and no change for a route that shows no canary,
	// which its user has just written.
	Restore(shown Object, split Split) Object
}

// Rendering is what a split makes of a route.
type Rendering struct {
	// Shown is the user's route as everybody sees it in flight.
	Shown Object
	// Split is the split with what Restore needs to know.
	Split Split
	// Owned are the objects beside the route that Evenkeel owns: of the route's
	// kind and namespace, named by Share.OwnedName, without an owner reference.
	Owned []Object
}

// Kind is a kind of route, as people write it in the annotation evenkeel.dev/route.
type Kind string

// The kinds of routes that can be divided.
const (
	HTTPRoute Kind = "httproute"
	GRPCRoute Kind = "grpcroute"
	Ingress   Kind = "ingress"
)

// Kinds lists the kinds of routes.
func Kinds() []Kind { return []Kind{HTTPRoute, GRPCRoute, Ingress} }

// Name is the kind as the API writes it, which is also how it is told to people.
func (k Kind) Name() string {
	switch k {
	case HTTPRoute:
		return "HTTPRoute"
	case GRPCRoute:
		return "GRPCRoute"
	default:
		return "Ingress"
	}
}

// APIVersion is the version of the API in which the kind is read and written.
func (k Kind) APIVersion() string {
	if k == Ingress {
		return "networking.k8s.io/v1"
	}
	return "gateway.networking.k8s.io/v1"
}

// Ref names a route in its Deployment's namespace.
type Ref struct {
	Kind Kind
	Name string
}

// ParseRef reads "httproute/demo"; a name alone is that of an HTTPRoute.
func ParseRef(text string) (Ref, error) {
	kind, name, found := strings.Cut(strings.TrimSpace(text), "/")
	if !found {
		kind, name = string(HTTPRoute), kind
	}
	ref := Ref{Kind: Kind(strings.ToLower(kind)), Name: name}
	if !slices.Contains(Kinds(), ref.Kind) || name == "" || strings.Contains(name, "/") {
		return Ref{}, fmt.Errorf("%q names no route: write for example \"httproute/demo\", \"grpcroute/demo\" or \"ingress/demo\"", text)
	}
	return ref, nil
}

// ParseRefs reads a list such as "httproute/demo,ingress/demo"; an empty text is
// the empty list.
func ParseRefs(text string) ([]Ref, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var refs []Ref
	for _, part := range strings.Split(text, ",") {
		ref, err := ParseRef(part)
		if err != nil {
			return nil, err
		}
		refs = append(refs, ref)
	}
	return refs, nil
}

// String writes the ref as ParseRef reads it.
func (r Ref) String() string { return string(r.Kind) + "/" + r.Name }

// Words names the route for a person.
func (r Ref) Words() string { return fmt.Sprintf("%s %q", r.Kind.Name(), r.Name) }

// String values of a tree, empty where there are none.
func text(tree any, path ...string) string {
	value, _ := Dig(tree, path...).(string)
	return value
}

// Dig gives what stands at a path of keys, nil where nothing does.
func Dig(tree any, path ...string) any {
	for _, key := range path {
		object, _ := tree.(map[string]any)
		tree = object[key]
	}
	return tree
}

// NameOf gives metadata.name of a tree, NamespaceOf its namespace.
func NameOf(o Object) string { return text(o, "metadata", "name") }

// NamespaceOf gives metadata.namespace of a tree.
func NamespaceOf(o Object) string { return text(o, "metadata", "namespace") }

// Annotations gives the annotations of a tree, to look at.
func Annotations(o Object) map[string]any {
	out, _ := Dig(o, "metadata", "annotations").(map[string]any)
	return out
}

// With gives a copy of a tree with a value at a path of keys; nil removes it.
// What is not on the path is shared with the original.
func With(tree any, value any, path ...string) Object {
	old, _ := tree.(map[string]any)
	out := make(Object, len(old)+1)
	for key, v := range old {
		out[key] = v
	}
	switch {
	case len(path) > 1:
		out[path[0]] = With(old[path[0]], value, path[1:]...)
	case value == nil:
		delete(out, path[0])
	default:
		out[path[0]] = value
	}
	return out
}
