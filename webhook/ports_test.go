// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
)

// A release does not lead traffic to a port that its pods do not have.
func TestPortsThatNoContainerHas(t *testing.T) {
	http := corev1.ContainerPort{Name: "http", ContainerPort: 8081}
	web, metrics := corev1.ContainerPort{Name: "web", ContainerPort: 8081}, corev1.ContainerPort{Name: "metrics", ContainerPort: 9090}
	dns := corev1.ContainerPort{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}
	always, never := corev1.ContainerRestartPolicyAlways, corev1.ContainerRestartPolicyNever
	none := func(*appsv1.Deployment) {}
	const way = "Add to the container that listens there, with the right number:\n  ports: "
	for name, row := range map[string]struct {
		service    func(*corev1.Service)
		live, next func(*appsv1.Deployment)
		refused    string
		told       string // none where nothing is
	}{
		"by a name that is there":  {service: at(byName("http", "")), live: listens(http), next: listens(http)},
		"of a sidecar":             {service: at(byName("http", "TCP")), live: listens(http), next: sidecar(always, http)},
		"by a number, undeclared":  {service: at(byNumber(8080)), live: none, next: none},
		"by a number, as before":   {service: at(byNumber(8080)), live: listens(http), next: listens(http)},
		"and none is declared now": {service: at(byNumber(8081)), live: listens(http), next: none},
		"the Service's own number": {service: at(corev1.ServicePort{Port: 8081}), live: listens(http), next: listens(http)},

		"renamed": {
			service: at(byName("http", "")), live: listens(http), next: listens(web, metrics),
			refused: `Service "demo" leads to port "http" of its pods, and no container of the new template declares it (it declares web, metrics): whoever calls it would find nobody. ` + way + "[{name: http, containerPort: 8081}]",
		},
		"never declared": {
			service: at(byName("http", "")), live: none, next: none,
			refused: `Service "demo" leads to port "http" of its pods, and no container of the new template declares it (it declares none): whoever calls it would find nobody. ` + way + "[{name: http, containerPort: 8080}]",
		},
		"of a container that ends": {
			service: at(byName("http", "")), live: listens(http), next: sidecar(never, http),
			refused: `Service "demo" leads to port "http" of its pods, and no container of the new template declares it (it declares none): whoever calls it would find nobody. ` + way + "[{name: http, containerPort: 8081}]",
		},
		"of another protocol": {
			service: at(byName("dns", "UDP")), live: listens(dns), next: listens(corev1.ContainerPort{Name: "dns", ContainerPort: 53}),
			refused: `Service "demo" leads to port "dns" of its pods, and no container of the new template declares it (it declares dns): whoever calls it would find nobody. ` + way + "[{name: dns, containerPort: 53, protocol: UDP}]",
		},
		"one of two goes": {
			service: at(byName("http", ""), byName("metrics", "")), live: listens(http, metrics), next: listens(http),
			refused: `Service "demo" leads to port "metrics" of its pods, and no container of the new template declares it (it declares http): whoever calls it would find nobody. ` + way + "[{name: metrics, containerPort: 9090}]",
		},
		"one of two was never there": {
			service: at(byName("http", ""), byName("metrics", "")), live: listens(http), next: listens(http),
			told: `evenkeel: Service "demo" leads to port "metrics" of its pods, which no container declares, as before: nobody answers there`,
		},
		"a number goes": {
			service: at(byNumber(9090)), live: listens(http, metrics), next: listens(http),
			told: `evenkeel: Service "demo" leads to port 9090 of its pods, which no container of the new template declares any more (it declares http); it gets its traffic all the same`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, strategy := range []string{"canary", "blue-green"} {
				live, next := demo(strategy, "demo:v1"), demo(strategy, "demo:v2")
				row.live(live)
				row.next(next)
				answer := changed(t, live, next, config.NewStore(), stable(2), service("demo", "demo", row.service), leads("demo"))
				want := ""
				if row.refused != "" {
					want = "evenkeel: this " + strategy + " cannot start: " + row.refused
				}
				assert.Equal(t, want, answer.Message)
				assert.Equal(t, row.told, strings.Join(lines(answer.Warnings, `evenkeel: Service "demo" leads to port`), "\n"))
			}
		})
	}
	for name, row := range map[string]struct {
		strategy string
		around   []client.Object
	}{
		"pods alone by the strategy": {"batch", []client.Object{leads("demo")}},
		"pods alone without a route": {"canary", nil},
	} {
		t.Run(name, func(t *testing.T) {
			around := append(row.around, stable(2), service("demo", "demo", at(byName("http", ""))))
			assert.Empty(t, changed(t, demo(row.strategy, "demo:v1"), demo(row.strategy, "demo:v2"), config.NewStore(), around...).Message)
		})
	}
}

// lines gives those that begin with some words.
func lines(all []string, with string) []string {
	var out []string
	for _, line := range all {
		if strings.HasPrefix(line, with) {
			out = append(out, line)
		}
	}
	return out
}

// Another template in flight is looked at in the same way.
func TestPortsOfAnotherTemplateInFlight(t *testing.T) {
	http := corev1.ContainerPort{Name: "http", ContainerPort: 8081}
	live, next := demo("canary", "demo:v1"), demo("canary", "demo:v2")
	for _, d := range []*appsv1.Deployment{live, next} {
		listens(http)(d)
		d.Annotations[policy.ProbeAnnotation] = "none"
	}
	serves := stable(2)
	listens(http)(&appsv1.Deployment{Spec: appsv1.DeploymentSpec{Template: serves.Spec.Template}})
	around := []client.Object{serves, service("demo", "demo", at(byName("http", ""))), leads("demo")}
	begun := inFlight(t, changed(t, live, next, config.NewStore(), around...))

	third := begun.DeepCopy()
	third.Spec.Template.Spec.Containers[0].Image = "demo:v3"
	assert.Empty(t, changed(t, begun, third, config.NewStore(), around...).Message)
	listens()(third)
	assert.Equal(t, `evenkeel: this template cannot be released: Service "demo" leads to port "http" of its pods, and no container of the new template declares it (it declares none): whoever calls it would find nobody. `+
		"Add to the container that listens there, with the right number:\n  ports: [{name: http, containerPort: 8081}]", changed(t, begun, third, config.NewStore(), around...).Message)
}
