// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestTheCacheIsNotBelievedBeforeItShowsWhatWasWritten(t *testing.T) {
	at := func(name, version string) client.Object {
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, ResourceVersion: version}}
	}
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var w written
	assert.False(t, w.ahead(at("demo", "9"), began), "nothing was written")
	w.keep(at("demo", "10"), began)
	assert.True(t, w.ahead(at("demo", "9"), began))
	assert.True(t, w.ahead(at("demo", "9"), began.Add(patience-1)), "it is not forgotten by asking")
	assert.False(t, w.ahead(at("other", "9"), began))
	assert.False(t, w.ahead(at("demo", "10"), began), "the write itself")
	assert.False(t, w.ahead(at("demo", "9"), began), "forgotten: a restored cluster may be older")

	w.keep(at("demo", "10"), began)
	assert.False(t, w.ahead(at("demo", "9"), began.Add(patience)), "not for ever")
	w.keep(at("demo", "10"), began)
	w.forget(client.ObjectKeyFromObject(at("demo", "")))
	assert.False(t, w.ahead(at("demo", "9"), began))
}
