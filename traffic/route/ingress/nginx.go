// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// nginx is the dialect of ingress-nginx, which others have taken over: a second
// Ingress with the same hosts and paths, marked as a canary of the first.
//
// Its traps: canary: "false" does not switch a canary off, it makes a second
// plain Ingress of it; a canary-weight-total under 100 counts as 100, so it is
// never written; a session's cookie beats a canary's header; a canary's host and
// path that the first Ingress lacks serve nobody.
type nginx struct{}

const (
	nginxPrefix = "nginx.ingress.kubernetes.io/"
	legacyClass = "kubernetes.io/ingress.class"
	// previewSuffix makes the name of an Ingress with a host of its own.
	previewSuffix = "-preview"
)

// nginxShared are the user's annotations that a canary shows as well: they say
// how paths are read and how backends are talked to. All others belong to the
// first Ingress (the controller takes them from there) or to other programs.
var nginxShared = []string{"use-regex", "rewrite-target", "backend-protocol", "upstream-vhost", "service-upstream"}

// Services lists the Services that the Ingress leads to.
func (nginx) Services(own route.Object) []string { return services(own) }

// Render leaves the user's Ingress as it is, and makes a canary for each share.
func (n nginx) Render(own route.Object, split route.Split) (route.Rendering, error) {
	out := route.Rendering{Shown: own, Split: split}
	if err := unmirrored(split); err != nil {
		return out, err
	}
	annotations := route.Annotations(own)
	if annotations[nginxPrefix+"canary"] == "true" {
		return out, fmt.Errorf("it is a canary of another Ingress itself, by annotation %scanary", nginxPrefix)
	}
	for _, share := range split.Shares {
		if serviceOf(route.Dig(own, "spec", "defaultBackend")) == share.Service {
			return out, fmt.Errorf("its defaultBackend leads to Service %q, and a canary divides paths alone; write a rule with path \"/\" instead", share.Service)
		}
		rules := leading(own, share)
		if len(rules) == 0 {
			continue
		}
		match, err := route.ParseMatch(share.Match)
		if err != nil {
			return out, err
		}
		hosts, rest := match.Hosts()
		words, err := n.words(share, rest, annotations)
		if err != nil {
			return out, err
		}
		name := share.OwnedName(route.NameOf(own))
		if share.Weight > 0 || len(rest) > 0 {
			out.Owned = append(out.Owned, n.owned(own, name, words, rules))
		}
		if len(hosts) > 0 {
			out.Owned = append(out.Owned, n.owned(own, name+previewSuffix, route.Object{}, at(hosts, rules)))
		}
	}
	return out, nil
}

// Restore gives the user's Ingress back, which was never changed.
func (nginx) Restore(shown route.Object, _ route.Split) route.Object { return shown }

// words are the annotations of a share's canary.
func (nginx) words(share route.Share, match route.Match, users route.Object) (route.Object, error) {
	out := route.Object{nginxPrefix + "canary": "true", nginxPrefix + "canary-weight": strconv.Itoa(share.Weight)}
	for _, all := range match {
		if len(all) != 1 {
			return nil, fmt.Errorf("match: %q: an nginx Ingress cannot join conditions by \"&\"", route.Match{all}.String())
		}
		c := all[0]
		kind := "canary-by-" + string(c.By)
		switch {
		case c.By == route.ByQuery:
			return nil, fmt.Errorf("match: %q: an nginx Ingress matches by header or cookie, not by query", c)
		case out[nginxPrefix+kind] != nil:
			return nil, fmt.Errorf("match: %q: an nginx Ingress matches by one %s, and another is asked for already", c, c.By)
		case c.By == route.ByCookie && (c.Pattern || c.Value != "always"):
			return nil, fmt.Errorf("match: %q: an nginx Ingress matches a cookie by the value \"always\" alone; write \"cookie:%s=always\"", c, c.Name)
		case c.By == route.ByCookie:
		case affinity(users):
			return nil, fmt.Errorf("match: %q: the Ingress keeps sessions by cookie (%saffinity), which beats a canary's header; add %saffinity-canary-behavior: legacy", c, nginxPrefix, nginxPrefix)
		case c.Pattern:
			out[nginxPrefix+kind+"-pattern"] = route.Anchored(c.Value)
		default:
			out[nginxPrefix+kind+"-value"] = c.Value
		}
		out[nginxPrefix+kind] = c.Name
	}
	return out, nil
}

// affinity tells whether sessions stick to what they had before the canary.
func affinity(users route.Object) bool {
	return users[nginxPrefix+"affinity"] != nil && users[nginxPrefix+"affinity-canary-behavior"] != "legacy"
}

func (nginx) owned(own route.Object, name string, annotations route.Object, rules []any) route.Object {
	for _, shared := range nginxShared {
		if value, ok := route.Annotations(own)[nginxPrefix+shared]; ok {
			annotations[nginxPrefix+shared] = value
		}
	}
	return beside(own, name, annotations, rules)
}

// at gives the paths of rules to hosts of their own.
func at(hosts []string, rules []any) []any {
	var paths []any
	seen := map[string]bool{}
	for _, rule := range rules {
		for _, path := range pathsOf(rule) {
			text := fmt.Sprint(path)
			if !seen[text] {
				paths, seen[text] = append(paths, path), true
			}
		}
	}
	out := make([]any, len(hosts))
	for i, host := range hosts {
		out[i] = route.Object{"host": strings.TrimSpace(host), "http": route.Object{"paths": paths}}
	}
	return out
}
