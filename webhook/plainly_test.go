// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
)

// spoken is what a handler tells in Events about one write.
func spoken(t *testing.T, o Options, path, kind string, dry bool, old, incoming string) []string {
	t.Helper()
	recorder := events.NewFakeRecorder(10)
	o.Policies, o.Self, o.Log, o.Events, o.Now = config.NewStore(), self, logr.Discard(), recorder, func() time.Time { return time.Unix(1.8e9, 0) }
	mux := http.NewServeMux()
	New(o).Register(mux.Handle)
	var review admissionv1.AdmissionReview
	require.NoError(t, json.Unmarshal([]byte(reviewOf(t, kind, "apps", "joe", old, incoming)), &review))
	review.Request.DryRun, review.Request.Namespace = ptr.To(dry), "shop"
	body, err := json.Marshal(review)
	require.NoError(t, err)
	out := post(mux, path, "application/json", string(body))
	require.Equal(t, http.StatusOK, out.Code, out.Body.String())
	require.Contains(t, out.Body.String(), `"allowed":true`)
	close(recorder.Events)
	var all []string
	for line := range recorder.Events {
		all = append(all, line)
	}
	return all
}

// A release that was asked for and becomes a plain rolling update is told of where
// everybody sees it, once, and by no dry run.
func TestAPlainRollingUpdateIsTold(t *testing.T) {
	const deployments = "/mutate/deployments"
	unready := strings.Replace(demoServes, "readyReplicas: 3", "readyReplicas: 2", 1)
	recreate := `"strategy":{"type":"Recreate"},"selector"`
	for name, row := range map[string]struct {
		serves string
		edits  []string
		dry    bool
		says   []string
	}{
		"an earlier rollout is unfinished": {serves: unready, says: []string{"Warning PlainRollingUpdate no canary, a plain rolling update: an earlier rollout is unfinished: 2 of 3 pods of demo-1 are ready"}},
		"the same of a dry run":            {serves: unready, dry: true},
		"type Recreate":                    {serves: demoServes, edits: []string{`"selector"`, recreate}, says: []string{"Warning PlainRollingUpdate no canary, a plain rolling update: strategy type Recreate cannot keep two versions"}},
		"no pod changes":                   {serves: demoServes, edits: []string{`"replicas":3`, `"replicas":0`}},
		"a canary starts":                  {serves: demoServes},
		"nobody asked for one":             {serves: unready, edits: []string{`"evenkeel.dev/strategy":"canary"`, `"evenkeel.dev/strategy":"rolling"`}},
	} {
		t.Run(name, func(t *testing.T) {
			edit := strings.NewReplacer(row.edits...).Replace
			assert.Equal(t, row.says, spoken(t, Options{Cache: cluster(t, row.serves), Live: cluster(t, row.serves)}, deployments, "Deployment", row.dry, edit(demo("v1", "")), edit(demo("v2", ""))))
		})
	}
	for _, kind := range []string{batch.StatefulSet, batch.DaemonSet} {
		t.Run(kind, func(t *testing.T) {
			b := batched{kind: kind, unready: true}
			path := "/mutate/" + strings.ToLower(kind) + "s"
			says := []string{"Warning PlainRollingUpdate no batches, a plain rolling update: none of its pods is ready"}
			assert.Equal(t, says, spoken(t, Options{Cache: b, Live: b}, path, kind, false, manifest(kind), manifest(kind, "demo:v1", next)))
			assert.Empty(t, spoken(t, Options{Cache: b, Live: b}, path, kind, true, manifest(kind), manifest(kind, "demo:v1", next)))
		})
	}
}
