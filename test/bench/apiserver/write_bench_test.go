// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/test/bench"
)

const (
	warm  = 20  // pairs before it counts
	pairs = 250 // create and updates, in each way
	// dryRuns are writes that leave nothing behind, by which our CPU is told.
	dryRuns = 1000
)

// updates are a changed image, so that there is all of a review to do, and a
// label, so that nothing rolls.
var updates = []struct{ name, patch string }{
	{"image", `{"spec":{"template":{"spec":{"containers":[{"name":"app-0","image":"registry.example/shop/demo:v2"}]}}}}`},
	{"label", `{"metadata":{"labels":{"tier":"web"}}}`},
}

// times are how long writes took, by their kind and way.
type times map[string][]time.Duration

// BenchmarkWrite gives the p50 and the p99 of each kind of write in each way.
func BenchmarkWrite(b *testing.B) {
	client, took := setUp(b), times{}
	for i := range warm + pairs {
		if i == warm {
			took = times{}
		}
		for n := range ways {
			took.pair(b, client, ways[(i+n)%len(ways)], i)
		}
	}
	for _, kind := range []string{"create", "image", "label"} {
		for _, way := range ways {
			b.Run(kind+"/"+way, func(b *testing.B) { report(b, took[kind+way]) })
		}
	}
	b.Run("cpu/"+noop, func(b *testing.B) { cpu(b, client, noop, "/noop") })
	b.Run("cpu/"+ours, func(b *testing.B) { cpu(b, client, ours, "/evenkeel") })
}

// pair creates a Deployment, updates it, and deletes it again. An update waits
// for the stock controller: one that meets its writes is tried again, and reviewed
// again, by the API server.
func (t times) pair(b *testing.B, client *kubernetes.Clientset, way string, i int) {
	b.Helper()
	ctx, deployments := context.Background(), client.AppsV1().Deployments(way)
	object := typical(way, fmt.Sprintf("demo-%d", i))
	start := time.Now()
	_, err := deployments.Create(ctx, object, metav1.CreateOptions{})
	t["create"+way] = append(t["create"+way], time.Since(start))
	require.NoError(b, err)
	for _, update := range updates {
		settle(b, client, object)
		start = time.Now()
		_, err = deployments.Patch(ctx, object.Name, types.StrategicMergePatchType, []byte(update.patch), metav1.PatchOptions{})
		t[update.name+way] = append(t[update.name+way], time.Since(start))
		require.NoError(b, err)
	}
	require.NoError(b, deployments.Delete(ctx, object.Name, metav1.DeleteOptions{}))
}

// settle waits until the stock controller has nothing to write any more.
func settle(b *testing.B, client *kubernetes.Clientset, object *appsv1.Deployment) {
	b.Helper()
	require.Eventually(b, func() bool {
		d, err := client.AppsV1().Deployments(object.Namespace).Get(context.Background(), object.Name, metav1.GetOptions{})
		return err == nil && d.Status.ObservedGeneration == d.Generation && slices.ContainsFunc(d.Status.Conditions, func(c appsv1.DeploymentCondition) bool {
			return c.Type == appsv1.DeploymentProgressing && c.Reason == "NewReplicaSetAvailable"
		})
	}, 10*time.Second, 10*time.Millisecond)
}

// typical is the Deployment of 10 KB, without pods.
func typical(namespace, name string) *appsv1.Deployment {
	d := bench.Sizes[1].Manifest()
	d.Namespace, d.Name, d.Spec.Replicas = namespace, name, ptr.To[int32](0)
	return d
}

func report(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	at := func(percent int) float64 { return took[(len(took)-1)*percent/100].Seconds() * 1e6 }
	b.ReportMetric(0, "ns/op") // one time of all says nothing
	b.ReportMetric(at(50), "p50-µs")
	b.ReportMetric(at(99), "p99-µs")
}

// cpu tells how much of a core a webhook's process takes a review. Each write is
// reviewed twice, and nobody else works on what is written.
func cpu(b *testing.B, client *kubernetes.Clientset, way, program string) {
	b.Helper()
	process, err := processOf(program)
	if err != nil {
		b.Skip(err)
	}
	before, err := used(process)
	require.NoError(b, err)
	for range dryRuns {
		_, err := client.AppsV1().Deployments(way).Create(context.Background(), typical(way, "demo"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		require.NoError(b, err)
	}
	after, err := used(process)
	require.NoError(b, err)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric((after-before).Seconds()*1e6/(2*dryRuns), "cpu-µs/review")
}
