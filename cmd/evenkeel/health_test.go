// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

func TestDrain(t *testing.T) {
	for _, row := range []struct {
		name  string
		delay time.Duration
	}{
		{"serves on, unready, for the delay", 5 * time.Second},
		{"ends at once where something else has waited", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				signal, send := context.WithCancel(t.Context())
				d := &drain{delay: row.delay}
				serving := d.after(signal)
				require.NoError(t, d.ready(nil))
				require.NoError(t, serving.Err())

				begun := time.Now()
				send()
				synctest.Wait()
				assert.EqualError(t, d.ready(nil), "draining: about to end")
				<-serving.Done()
				assert.Equal(t, row.delay, time.Since(begun))
			})
		})
	}
}

func TestInOrder(t *testing.T) {
	asked := ""
	check := func(name string, err error) healthz.Checker {
		return func(*http.Request) error {
			asked += name
			return err
		}
	}
	first, none := errors.New("first"), error(nil)
	for _, row := range []struct {
		a, b  error
		want  error
		asked string
	}{
		{none, none, none, "ab"},
		{first, none, first, "a"},
		{none, first, first, "ab"},
	} {
		asked = ""
		assert.Equal(t, row.want, inOrder(check("a", row.a), check("b", row.b))(nil))
		assert.Equal(t, row.asked, asked)
	}
}

// Routes are cached once, as the trees that reviews and the controller read.
func TestRoutesAreCachedAsTrees(t *testing.T) {
	var trees []string
	for _, object := range readByAdmission([]route.Kind{route.HTTPRoute, route.Ingress}) {
		kind := object.GetObjectKind().GroupVersionKind()
		if _, tree := object.(*unstructured.Unstructured); tree {
			trees = append(trees, kind.GroupVersion().String()+" "+kind.Kind)
		}
		_, typed := object.(*gatewayv1.HTTPRoute)
		assert.False(t, typed)
	}
	assert.Equal(t, []string{"gateway.networking.k8s.io/v1 HTTPRoute", "networking.k8s.io/v1 Ingress"}, trees)
}
