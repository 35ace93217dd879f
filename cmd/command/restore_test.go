// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/evenkeel-dev/evenkeel/traffic"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// flying is a Deployment in flight whose stable ReplicaSet has a name.
func flying(name, stable string) *appsv1.Deployment {
	state := rollout.State{Phase: rollout.Stepping, Stage: rollout.StageDwell, Steps: "50%:pause,100%", Stable: rollout.Version{ReplicaSet: stable, Hash: "abc"}, User: &rollout.Knobs{}}
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
		Name: name, Namespace: "shop", Labels: map[string]string{rollout.InFlightLabel: "true"}, Annotations: map[string]string{rollout.StateAnnotation: state.String()},
	}}
}

// managed is a cluster whose manager keeps the state, and goes back when it is asked.
func managed(objects ...client.Object) client.WithWatch {
	return fake.NewClientBuilder().WithScheme(Scheme()).WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, _ ...client.PatchOption) error {
			data, err := p.Data(o)
			if err != nil || !strings.Contains(string(data), rollout.ActionAnnotation) {
				return err
			}
			var d appsv1.Deployment
			if err := c.Get(ctx, client.ObjectKeyFromObject(o), &d); err != nil {
				return err
			}
			d.Labels = nil
			d.Annotations[rollout.StateAnnotation] = rollout.State{Phase: rollout.RolledBack}.String()
			return c.Update(ctx, &d)
		},
	}).Build()
}

// What a manager cannot take back is an error, however much of the rest it did.
func TestRestoreByAManagerTellsWhatIsLeft(t *testing.T) {
	stable := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "demo-abc", Namespace: "shop"}}
	frozen := flying("frozen", "demo-abc")
	frozen.Annotations[rollout.StateAnnotation] = "{"
	unsaid := flying("unsaid", "demo-abc")
	unsaid.Annotations = nil
	for name, row := range map[string]struct {
		objects []client.Object
		says    []string
	}{
		"all is well":     {[]client.Object{stable, flying("demo", "demo-abc")}, nil},
		"one has no way":  {[]client.Object{stable, flying("demo", "demo-abc"), flying("lost", "lost-abc")}, []string{`cannot restore Deployment shop/lost: a person has to, since ReplicaSet "lost-abc"`}},
		"two are unknown": {[]client.Object{stable, flying("demo", "demo-abc"), frozen, unsaid}, []string{"cannot restore Deployment shop/frozen: a person has to", "cannot restore Deployment shop/unsaid: a person has to"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var out bytes.Buffer
			c, o := managed(row.objects...), &restoring{}
			err := o.restore(ctx, c, &traffic.Restore{Client: c, Kinds: []route.Kind{}}, &out, "")
			require.NoError(t, ctx.Err())
			assert.Contains(t, out.String(), "a manager keeps the state: asking it")
			var d appsv1.Deployment
			require.NoError(t, c.Get(ctx, client.ObjectKey{Namespace: "shop", Name: "demo"}, &d))
			assert.Contains(t, d.Annotations[rollout.StateAnnotation], "RolledBack")
			if len(row.says) == 0 {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, traffic.ErrUnable)
			for _, says := range row.says {
				assert.Equal(t, 1, strings.Count(err.Error(), says), err)
			}
		})
	}
}

// What went wrong besides is not hidden by a manager that does its part.
func TestRestoreByAManagerKeepsOtherErrors(t *testing.T) {
	broken, once := errors.New("the API server is on fire"), true
	rs := func(name string) *appsv1.ReplicaSet {
		return &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"}}
	}
	c := interceptor.NewClient(managed(rs("demo-abc"), rs("other-abc"), flying("demo", "demo-abc"), flying("other", "other-abc")), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if key.Name == "other-abc" && once {
				once = false
				return broken
			}
			return c.Get(ctx, key, o, opts...)
		},
	})
	err := (&restoring{}).restore(t.Context(), c, &traffic.Restore{Client: c, Kinds: []route.Kind{}}, &bytes.Buffer{}, "")
	require.EqualError(t, err, `cannot restore Deployment shop/other: cannot get ReplicaSet "other-abc": the API server is on fire`)
}

func TestOthersThan(t *testing.T) {
	ours, broken := fmt.Errorf("cannot restore: %w", traffic.ErrNotOurs), errors.New("broken")
	require.NoError(t, othersThan(errors.Join(ours, ours), traffic.ErrNotOurs))
	require.NoError(t, othersThan(ours, traffic.ErrNotOurs))
	require.EqualError(t, othersThan(errors.Join(ours, broken), traffic.ErrNotOurs), "broken")
}
