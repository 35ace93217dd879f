// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/evenkeel-dev/evenkeel/traffic/index"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// indexer gives a fake client the indexes of a manager's cache.
type indexer struct{ *fake.ClientBuilder }

func (i indexer) IndexField(_ context.Context, object client.Object, field string, extract client.IndexerFunc) error {
	i.WithIndex(object, field, extract)
	return nil
}

// Who holds an object is the same by the cache's indexes as by a look at all that is
// in flight.
func TestHoldersAreTheSameByTheIndexes(t *testing.T) {
	flies := func(name, service string) client.Object {
		state := rollout.State{Phase: rollout.Stepping, Stage: rollout.StageDwell, User: &rollout.Knobs{}, Services: []string{service}, Routes: []string{"httproute/" + service + "-web"}}
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, Labels: map[string]string{rollout.InFlightLabel: "true"}, Annotations: map[string]string{rollout.StateAnnotation: state.String()},
		}}
	}
	builder := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(flies("a", "cart"), flies("b", "cart"), flies("c", "pay"))
	require.NoError(t, index.Add(t.Context(), indexer{builder}, nil, nil))
	plain := builder.Build()
	for name, want := range map[string][]string{
		"cart": {"a", "b"}, "cart-canary": {"a", "b"}, "some-web-cart-canary": {"a", "b"}, "cart-web": {"a", "b"},
		"pay": {"c"}, "pay-web": {"c"}, "other": nil, "other-canary": nil, "my-pay": nil,
	} {
		for _, c := range []client.Client{plain, index.Client{Client: plain}} {
			var got []string
			for _, request := range reconciler(c, nil).holders(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}) {
				got = append(got, request.Name)
			}
			assert.Equal(t, want, got, "%s by %T", name, c)
		}
	}
	carries := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "cart", Annotations: map[string]string{route.SplitAnnotation: route.Narrow{Deployment: "a", Hash: "1"}.String()}}}
	assert.Len(t, reconciler(index.Client{Client: plain}, nil).holders(t.Context(), carries), 2, "each once")
}
