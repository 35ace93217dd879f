// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// Of a class that cannot be read nothing is taken for granted, and of one whose cache
// is not filled nothing is read.
func TestWhatIsNotKnownMirrorsNothing(t *testing.T) {
	dead := interceptor.NewClient(cluster(t), interceptor.Funcs{Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
		return errors.New("the cache is dead")
	}})
	able := client.ObjectKey{Name: "able"}
	for says, r := range map[string]Reader{
		"cannot be read: the cache is dead":                       {Near: dead},
		"does not exist":                                          {Near: cluster(t)},
		"is not known: the cache of GatewayClasses is not filled": {Near: dead, Filled: func(policy.Kind) bool { return false }},
	} {
		assert.Equal(t, says, r.beside(t.Context(), policy.GatewayClasses, able, &gatewayv1.GatewayClass{}))
	}
}
