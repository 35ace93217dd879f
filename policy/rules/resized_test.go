// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

func TestResized(t *testing.T) {
	for name, row := range map[string]struct {
		surge, down string
		from, to    int32
		want        []string // what each warning starts with
	}{
		"fine at both sizes":                 {"25%", "0", 3, 30, nil},
		"to none":                            {"0", "2", 3, 0, nil},
		"no pod would ever be ready":         {"0", "2", 3, 2, []string{"evenkeel: floor-zero: an outage by arithmetic: maxUnavailable 2 is 2 of 2 replicas", "evenkeel: max-unavailable: "}},
		"no progress, since a share is none": {"0", "25%", 4, 3, []string{"evenkeel: zero-progress: no pod could ever be replaced: of 3 replicas, maxSurge 0 comes to 0 (rounded up) and maxUnavailable 25% to 0"}},
		"no progress before either":          {"0", "25%", 3, 2, nil},
		"better than before":                 {"0", "25%", 3, 8, nil},
		"an outage before, and no worse one": {"0", "100%", 5, 4, nil},
	} {
		t.Run(name, func(t *testing.T) {
			surge, down := intstr.Parse(row.surge), intstr.Parse(row.down)
			d := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &row.from, Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &surge, MaxUnavailable: &down},
			}}}
			got := Resized(policy.Subject{New: d, Policy: policy.Default().Resolve("shop", nil, nil)}, row.to)
			for i, warning := range got {
				if i < len(row.want) {
					assert.True(t, strings.HasPrefix(warning, row.want[i]), warning)
				}
			}
			assert.Len(t, got, len(row.want), "%q", got)
			assert.Equal(t, row.from, *d.Spec.Replicas, "the cache's own object is left alone")
		})
	}
}
