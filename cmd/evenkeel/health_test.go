// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

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
