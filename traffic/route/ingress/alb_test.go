// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

func TestWhatAnAWSLoadBalancerCannotSay(t *testing.T) {
	const plain, own = "{name: demo, port: {number: 80}}", "{name: both, port: {name: use-annotation}}"
	action := func(groups string) string {
		return "alb.ingress.kubernetes.io/actions.both: '{\"type\":\"forward\",\"forwardConfig\":{\"targetGroups\":[" + groups + "]}}'"
	}
	const demo, six = `{"serviceName":"demo","servicePort":80}`, `,{"targetGroupARN":"a"},{"targetGroupARN":"b"},{"targetGroupARN":"c"},{"targetGroupARN":"d"}`
	for name, row := range map[string]struct{ annotation, backends, match, says string }{
		"a match": {backends: plain, match: "header:a=1", says: `match: "header:a=1": an Ingress of an AWS load balancer divides by weight alone; an HTTPRoute matches too`},
		"two ports": {backends: plain + ", {name: demo, port: {name: admin}}",
			says: `its paths lead to Service "demo" at two ports, and an action has one; write an Ingress for each port`},
		"an action of the Service's name": {annotation: "alb.ingress.kubernetes.io/actions.demo: '{}'", backends: plain,
			says: `one of its paths leads to Service "demo", which is also the name of annotation alb.ingress.kubernetes.io/actions.demo; give the action another name`},
		"no JSON": {annotation: "alb.ingress.kubernetes.io/actions.both: demo", backends: own,
			says: "annotation alb.ingress.kubernetes.io/actions.both: cannot read it: invalid character 'd' looking for beginning of value"},
		"the canary": {annotation: action(demo + `,{"serviceName":"demo-canary","servicePort":80}`), backends: own,
			says: `annotation alb.ingress.kubernetes.io/actions.both: it leads to Service "demo-canary" itself, which a rollout keeps for the canary; take that target group out`},
		"many target groups": {annotation: action(demo + six), backends: own,
			says: "annotation alb.ingress.kubernetes.io/actions.both: 6 target groups with those of the canary are more than the 5 that an action may have"},
		"odd weights": {annotation: action(`{"serviceName":"demo","servicePort":80,"weight":95},{"targetGroupARN":"a","weight":5}`), backends: own,
			says: "annotation alb.ingress.kubernetes.io/actions.both: a target group has 19 parts of the weight, and over 9 some percents of them are no whole weight up to 999; write weights like 9 and 1"},
		"half a weight": {annotation: action(`{"serviceName":"demo","servicePort":80,"weight":0.5}`), backends: own,
			says: "annotation alb.ingress.kubernetes.io/actions.both: the weight 0.5 of a target group is not a whole number from 0 to 999"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := alb{}.Render(leadingTo(t, row.annotation, row.backends), route.Split{Shares: []route.Share{{Service: "demo", Canary: "demo-canary", Weight: 20, Match: row.match}}})
			assert.EqualError(t, err, row.says)
		})
	}
}

// leadingTo is an Ingress with the annotation, and a path to each backend.
func leadingTo(t *testing.T, annotation, services string) route.Object {
	t.Helper()
	var backends []any
	require.NoError(t, yaml.Unmarshal([]byte("["+services+"]"), &backends))
	meta := route.Object{"name": "web", "namespace": "shop"}
	if annotation != "" {
		var annotations route.Object
		require.NoError(t, yaml.Unmarshal([]byte(annotation), &annotations))
		meta["annotations"] = annotations
	}
	var paths []any
	for _, service := range backends {
		path := "/"
		if own, ok := service.(route.Object)["path"].(string); ok {
			path = own
			service = route.With(service, nil, "path")
		}
		paths = append(paths, route.Object{"path": path, "pathType": "Prefix", "backend": route.Object{"service": service}})
	}
	rules := []any{route.Object{"host": "shop.example.com", "http": route.Object{"paths": paths}}}
	return route.Object{"metadata": meta, "spec": route.Object{"rules": rules}}
}

func TestServicesOfActions(t *testing.T) {
	own := leadingTo(t, `alb.ingress.kubernetes.io/actions.both: '{"forwardConfig":{"targetGroups":[{"serviceName":"b"},{"targetGroupARN":"x"},{"serviceName":"a"}]}}'`,
		"{name: a, port: {number: 80}}, {name: both, port: {name: use-annotation}}, {name: gone, port: {name: use-annotation}}")
	assert.Equal(t, []string{"a", "b"}, alb{}.Services(own))
}

// In flight a user may make an action of one's own from what was a plain path.
func TestANewActionIsItsUsers(t *testing.T) {
	split := route.Split{Shares: []route.Share{{Service: "demo", Canary: "demo-canary", Weight: 20}}}
	got, err := alb{}.Render(leadingTo(t, "", "{name: demo, port: {number: 80}}"), split)
	require.NoError(t, err)
	written := leadingTo(t, `alb.ingress.kubernetes.io/actions.demo: '{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"demo","servicePort":80}]}}'`,
		"{name: demo, port: {name: use-annotation}}")
	same(t, written, alb{}.Restore(written, got.Split))
	lost := annotated(got.Shown, albActions+"demo", "")
	same(t, leadingTo(t, "", "{name: demo, port: {number: 80}}"), alb{}.Restore(lost, got.Split), "the annotation alone was taken off")
}
