// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// Where nobody else renders, a Service is narrowed and given back as by a manager:
// the last annotation that goes is no annotation like any other.
func TestAWriterRendersServices(t *testing.T) {
	own := map[string]string{"app": "demo"}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo"}, Spec: corev1.ServiceSpec{Selector: own}}
	w := NewWriter(fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(service).Build(), nil)
	for _, row := range []struct {
		value string
		want  map[string]string
	}{
		{`{"deployment":"demo","hash":"abc"}`, map[string]string{"app": "demo", "pod-template-hash": "abc"}},
		{`{"workload":"DaemonSet/demo","hash":"abc"}`, map[string]string{"app": "demo", "controller-revision-hash": "abc"}},
		{"", own},
	} {
		value := "null"
		if row.value != "" {
			value = fmt.Sprintf("%q", row.value)
		}
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%s}}}`, route.SplitAnnotation, value)
		require.NoError(t, w.Patch(t.Context(), service.DeepCopy(), client.RawPatch(types.MergePatchType, patch)))
		var got corev1.Service
		require.NoError(t, w.Get(t.Context(), client.ObjectKeyFromObject(service), &got))
		assert.Equal(t, row.want, got.Spec.Selector, row.value)
	}
}
