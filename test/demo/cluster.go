// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

//go:embed manifests/*.yaml
var manifests embed.FS

const (
	namespace = "demo"
	system    = "evenkeel-system"
)

// cluster does what a user does, with kubectl and helm, and looks with a client.
type cluster struct {
	client client.Client
}

// look is one look at the rollout.
type look struct {
	state  rollout.State
	weight int
	pods   string
}

func newCluster() (*cluster, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), gatewayv1.Install(scheme)); err != nil {
		return nil, err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("cannot reach a cluster: %w", err)
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	return &cluster{client: c}, err
}

func run(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w\n%s", strings.Join(args[:min(4, len(args))], " "), err, out.String())
	}
	return out.String(), nil
}

func (c *cluster) installChart(ctx context.Context) error {
	repository, tag, _ := strings.Cut(env("EVENKEEL_IMAGE", "evenkeel.local/evenkeel:dev"), ":")
	values, err := manifests.ReadFile("manifests/values.yaml")
	if err != nil {
		return err
	}
	_, err = run(ctx, string(values), "helm", "upgrade", "--install", "evenkeel", "charts/evenkeel", "-n", system, "--create-namespace",
		"--set", "image.repository="+repository+",image.tag="+tag, "-f", "-", "--wait", "--timeout", "120s")
	return err
}

func (c *cluster) freshNamespace(ctx context.Context) error {
	if _, err := run(ctx, "", "kubectl", "delete", "namespace", namespace, "--ignore-not-found", "--timeout=90s"); err != nil {
		return err
	}
	_, err := run(ctx, "", "kubectl", "create", "namespace", namespace)
	return err
}

// apply applies a manifest of the demo, as a user does. The Deployments of a
// local cluster must not be mixed with warnings of ours: kubectl prints those.
func (c *cluster) apply(ctx context.Context, name string) (string, error) {
	text, err := manifests.ReadFile("manifests/" + name)
	if err != nil {
		return "", err
	}
	manifest := strings.NewReplacer(
		"evenkeel.local/demo", env("DEMO_IMAGE", "evenkeel.local/demo"),
		"gatewayClassName: traefik", "gatewayClassName: "+env("GATEWAY_CLASS", "traefik"),
		"port: 8000", "port: "+env("GATEWAY_PORT", "8000"),
	).Replace(string(text))
	return run(ctx, manifest, "kubectl", "apply", "-n", namespace, "-f", "-")
}

func (c *cluster) rolloutStatus(ctx context.Context) error {
	_, err := run(ctx, "", "kubectl", "rollout", "status", "-n", namespace, "deployment/demo", "--timeout=240s")
	return err
}

// gatewayURL is where the gateway answers.
func (c *cluster) gatewayURL(ctx context.Context) (string, error) {
	if url := os.Getenv("DEMO_URL"); url != "" {
		return url, nil
	}
	var gateway gatewayv1.Gateway
	if err := c.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "demo"}, &gateway); err != nil {
		return "", err
	}
	if len(gateway.Status.Addresses) == 0 {
		return "", errors.New("the Gateway has no address: say DEMO_URL")
	}
	return "http://" + gateway.Status.Addresses[0].Value + ":" + env("GATEWAY_PORT", "8000") + "/", nil
}

// serving waits until the gateway leads to the application.
func (c *cluster) serving(ctx context.Context) error {
	url, err := c.gatewayURL(ctx)
	for range 100 {
		if err == nil {
			if err = get(ctx, url); err == nil {
				return nil
			}
		}
		time.Sleep(300 * time.Millisecond)
		url, err = c.gatewayURL(ctx)
	}
	return err
}

func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Host = "demo.example"
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return nil
}

func (c *cluster) look(ctx context.Context) (look, error) {
	var d appsv1.Deployment
	if err := c.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "demo"}, &d); err != nil {
		return look{}, err
	}
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	if err != nil {
		return look{}, err
	}
	var route gatewayv1.HTTPRoute
	if err := c.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "demo"}, &route); err != nil {
		return look{}, err
	}
	seen := look{state: state}
	if state.Phase == rollout.Promoting || state.Phase == rollout.Completed {
		seen.weight = 100 // what is not divided any more is the new version's
	}
	for _, backend := range route.Spec.Rules[0].BackendRefs {
		if backend.Name == "demo-canary" && backend.Weight != nil {
			seen.weight = int(*backend.Weight)
		}
	}
	pods, err := c.pods(ctx)
	versions := map[string][2]int{}
	for _, pod := range pods {
		n := versions[version(&pod)]
		n[1]++
		if isReady(&pod) {
			n[0]++
		}
		versions[version(&pod)] = n
	}
	for _, name := range []string{"v1", "v2", "v3"} {
		if n := versions[name]; n[1] > 0 {
			seen.pods += fmt.Sprintf("%s %d/%d ", name, n[0], n[1])
		}
	}
	return seen, err
}

func (c *cluster) pods(ctx context.Context) ([]corev1.Pod, error) {
	var list corev1.PodList
	err := c.client.List(ctx, &list, client.InNamespace(namespace), client.MatchingLabels{"app": "demo"})
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil }), err
}

func (c *cluster) podNames(ctx context.Context) ([]string, error) {
	pods, err := c.pods(ctx)
	names := make([]string, len(pods))
	for i := range pods {
		names[i] = pods[i].Name
	}
	slices.Sort(names)
	return names, err
}

// specs gives what users wrote into Service and HTTPRoute, as one text.
func (c *cluster) specs(ctx context.Context) (string, error) {
	var service corev1.Service
	var route gatewayv1.HTTPRoute
	key := client.ObjectKey{Namespace: namespace, Name: "demo"}
	if err := errors.Join(c.client.Get(ctx, key, &service), c.client.Get(ctx, key, &route)); err != nil {
		return "", err
	}
	text, err := json.Marshal([]any{service.Spec, route.Spec, service.Labels, route.Labels})
	return string(text), err
}

// specFieldsOfEvenkeel lists the managedFields entries of ours that hold more
// than metadata.
func (c *cluster) specFieldsOfEvenkeel(ctx context.Context) ([]string, error) {
	key := client.ObjectKey{Namespace: namespace, Name: "demo"}
	var owned []string
	for _, object := range []client.Object{&appsv1.Deployment{}, &corev1.Service{}, &gatewayv1.HTTPRoute{}} {
		if err := c.client.Get(ctx, key, object); err != nil {
			return nil, err
		}
		for _, entry := range object.GetManagedFields() {
			if entry.Manager == "evenkeel" && entry.FieldsV1 != nil && strings.Contains(entry.FieldsV1.GetRawString(), "f:spec") {
				owned = append(owned, fmt.Sprintf("%T: %s", object, entry.FieldsV1.GetRawString()))
			}
		}
	}
	return owned, nil
}

// diagnosis gathers what helps a person to see why a run failed.
func (c *cluster) diagnosis() string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var out strings.Builder
	for _, args := range [][]string{
		{"kubectl", "get", "deployment,replicaset,pods,services,httproutes", "-n", namespace, "-o", "wide"},
		{"kubectl", "get", "deployment", "demo", "-n", namespace, "-o", "yaml"},
		{"kubectl", "get", "events", "-n", namespace, "--sort-by=.metadata.creationTimestamp"},
		{"kubectl", "logs", "-n", system, "-l", "app.kubernetes.io/name=evenkeel", "--tail=40", "--prefix"},
	} {
		text, err := run(ctx, "", args...)
		fmt.Fprintf(&out, "--- %s\n%s%v\n", strings.Join(args, " "), text, err)
	}
	return out.String()
}

func version(pod *corev1.Pod) string {
	image := pod.Spec.Containers[0].Image
	return image[strings.LastIndex(image, ":")+1:]
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
