// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/notify/message"
)

// secretPath stands in the URL of the Slack-compatible webhook, and nowhere else.
const secretPath = "/services/T000/B000/verysecret"

// quick are limits for tests: many at once, short pauses.
var quick = Limits{Queue: 10, Every: time.Millisecond, Burst: 100, Attempt: time.Second, Deadline: 5 * time.Second, Pause: time.Millisecond, LongestPause: 5 * time.Millisecond}

// place is a server that keeps what it gets, and answers as it is told.
type place struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	heads  []http.Header
	paths  []string
}

func newPlace(t *testing.T, answer http.HandlerFunc) *place {
	t.Helper()
	p := &place{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.bodies, p.heads, p.paths = append(p.bodies, string(body)), append(p.heads, r.Header.Clone()), append(p.paths, r.URL.Path)
		p.mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *place) got() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.bodies...)
}

// telling is a Notifier that runs, with what it logged and counted.
type telling struct {
	*Notifier
	metrics *Metrics
	mu      sync.Mutex
	logged  []string
	end     func()
}

func (w *telling) log() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.logged, "\n")
}

func (w *telling) counted(result string) int {
	return int(testutil.ToFloat64(w.metrics.messages.WithLabelValues(result)))
}

func tellTo(t *testing.T, limits Limits, secrets map[string]string, places ...policy.Notification) *telling {
	t.Helper()
	metrics, err := NewMetrics(prometheus.NewPedanticRegistry())
	require.NoError(t, err)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "evenkeel-system", Name: "places"}, Data: map[string][]byte{}}
	for key, value := range secrets {
		secret.Data[key] = []byte(value)
	}
	w := &telling{metrics: metrics}
	log := funcr.New(func(prefix, args string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.logged = append(w.logged, prefix+args)
	}, funcr.Options{Verbosity: 10})
	w.Notifier = New(Options{
		Places: func() []policy.Notification { return places }, Namespace: "evenkeel-system", Metrics: metrics, Log: log, Limits: limits,
		Secrets: fake.NewClientBuilder().WithObjects(secret).Build(),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.Start(ctx) }()
	w.end = func() { cancel(); <-done }
	t.Cleanup(w.end)
	return w
}

func slackAt() policy.Notification {
	return policy.Notification{Name: "slack", Slack: &policy.SecretKey{Secret: "places", Key: "slack"}}
}

func httpAt(name, url string) policy.Notification {
	return policy.Notification{Name: name, HTTP: &policy.HTTPTarget{URL: url}}
}

var started = message.Message{
	Moment: policy.Started, Kind: "Deployment", Namespace: "shop", Name: "demo", Reason: "RolloutStarted", Text: "canary <20%>; stable is demo-1", Phase: "Preparing",
	Time: time.Date(2026, 11, 21, 2, 14, 25, 0, time.UTC),
}

func eventually(t *testing.T, what func() bool) {
	t.Helper()
	require.Eventually(t, what, 5*time.Second, 5*time.Millisecond)
}

func TestSlackIsTold(t *testing.T) {
	there := newPlace(t, nil)
	w := tellTo(t, quick, map[string]string{"slack": there.URL + secretPath + "\n"}, slackAt())
	w.Tell(started)
	eventually(t, func() bool { return w.counted(delivered) == 1 })
	assert.JSONEq(t, `{"text":"Deployment shop/demo: canary &lt;20%&gt;; stable is demo-1"}`, there.got()[0])
	assert.Equal(t, secretPath, there.paths[0])
	assert.Empty(t, w.log())
}

func TestACloudEventIsTold(t *testing.T) {
	there := newPlace(t, nil)
	place := httpAt("events", there.URL+"/rollouts")
	place.Template = "{{.Name}} has begun"
	place.HTTP.HeadersFrom = map[string]policy.SecretKey{"Authorization": {Secret: "places", Key: "token"}}
	w := tellTo(t, quick, map[string]string{"token": "Bearer abc"}, place)
	w.Tell(started)
	eventually(t, func() bool { return w.counted(delivered) == 1 })
	assert.Equal(t, "Bearer abc", there.heads[0].Get("Authorization"))
	assert.Equal(t, "application/cloudevents+json", there.heads[0].Get("Content-Type"))
	var got event.Event
	require.NoError(t, json.Unmarshal([]byte(there.got()[0]), &got))
	require.NoError(t, got.Validate())
	assert.Equal(t, "dev.evenkeel.rollout.started", got.Type())
	assert.Equal(t, "/apis/apps/v1/namespaces/shop/deployments/demo", got.Source())
	assert.Equal(t, started.Time, got.Time())
	assert.JSONEq(t, `{"moment":"started","kind":"Deployment","namespace":"shop","name":"demo","reason":"RolloutStarted","phase":"Preparing","warning":false,"text":"demo has begun"}`, string(got.Data()))
}

// Who asked for other moments or other namespaces is left in peace.
func TestOnlyWhoAskedIsTold(t *testing.T) {
	there := newPlace(t, nil)
	ends, elsewhere := httpAt("ends", there.URL+"/ends"), httpAt("elsewhere", there.URL+"/elsewhere")
	ends.When, elsewhere.Match.Namespaces = []policy.Moment{policy.Ended}, []string{"bank-*"}
	shop := httpAt("shop", there.URL+"/shop")
	shop.Match.Namespaces = []string{"sh*"}
	w := tellTo(t, quick, nil, ends, elsewhere, shop)
	w.Tell(started)
	eventually(t, func() bool { return w.counted(delivered) == 1 })
	w.end()
	assert.Equal(t, []string{"/shop"}, there.paths)
}

// A place that fails is tried again, with the same id, until it takes the message.
func TestAPlaceThatFailsIsTriedAgain(t *testing.T) {
	tries := atomic.Int32{}
	there := newPlace(t, func(w http.ResponseWriter, _ *http.Request) {
		if tries.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	w := tellTo(t, quick, nil, httpAt("events", there.URL))
	w.Tell(started)
	eventually(t, func() bool { return w.counted(delivered) == 1 })
	got := there.got()
	require.Len(t, got, 3)
	assert.Equal(t, got[0], got[2])
	assert.Zero(t, w.counted(failed))
}

// What no try can mend is not tried again; after the deadline nothing is.
func TestWhatIsNotDelivered(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer int
		most   int
		says   string
	}{
		{"it is unknown there", http.StatusNotFound, 1, "the place answered 404, which no further try can mend"},
		{"it leads elsewhere", http.StatusFound, 1, "the place answered 302, which no further try can mend"},
		{"it never recovers", http.StatusServiceUnavailable, 1000, "the place answered 503"},
		{"it has too much", http.StatusTooManyRequests, 1000, "the place answered 429"},
	} {
		t.Run(row.name, func(t *testing.T) {
			there := newPlace(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(row.answer)
			})
			limits := quick
			limits.Deadline = 100 * time.Millisecond
			w := tellTo(t, limits, map[string]string{"slack": there.URL + secretPath}, slackAt())
			w.Tell(started)
			eventually(t, func() bool { return w.counted(failed) == 1 })
			assert.LessOrEqual(t, len(there.got()), row.most)
			eventually(t, func() bool { return strings.Contains(w.log(), row.says) })
			assert.NotContains(t, w.log(), "verysecret")
		})
	}
}

// Whatever goes wrong, the address of a Slack webhook is told nobody.
func TestNoLogHasTheAddress(t *testing.T) {
	for name, address := range map[string]string{
		"nobody listens":         "http://127.0.0.1:1" + secretPath,
		"there is no such host":  "http://nobody.invalid" + secretPath,
		"it is no address":       "hooks.example.com" + secretPath,
		"it is no address, too":  "http://%zz" + secretPath,
		"it is another protocol": "ftp://127.0.0.1" + secretPath,
		"it is no TLS":           strings.Replace(newPlace(t, nil).URL, "http:", "https:", 1) + secretPath,
	} {
		t.Run(name, func(t *testing.T) {
			limits := quick
			limits.Deadline = 50 * time.Millisecond
			w := tellTo(t, limits, map[string]string{"slack": address}, slackAt())
			w.Tell(started)
			eventually(t, func() bool { return w.counted(failed) == 1 && w.log() != "" })
			assert.Contains(t, w.log(), "a notification was not delivered")
			for _, part := range []string{"verysecret", "T000", "/services"} {
				assert.NotContains(t, w.log(), part)
			}
		})
	}
}

func TestSecretsThatAreNotThere(t *testing.T) {
	w := tellTo(t, quick, nil, slackAt())
	w.Tell(started)
	eventually(t, func() bool {
		return strings.Contains(w.log(), `cannot use Secret \"places\": it has nothing under the key \"slack\"`)
	})

	w = tellTo(t, quick, nil, slackAt())
	w.sender.secrets = forbidding{}
	w.Tell(started)
	eventually(t, func() bool {
		return strings.Contains(w.log(), "it is not listed in the chart's value notifications.secrets")
	})
}

type forbidding struct{ client.Reader }

func (forbidding) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "places", nil)
}

// A place that hangs holds up nobody: not who tells, and not the other places.
func TestAPlaceThatHangs(t *testing.T) {
	release := make(chan struct{})
	hangs := newPlace(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(release) })
	there := newPlace(t, nil)
	limits := quick
	limits.Attempt = 10 * time.Second
	w := tellTo(t, limits, nil, httpAt("hangs", hangs.URL), httpAt("well", there.URL))
	w.Tell(started)
	eventually(t, func() bool { return len(hangs.got()) == 1 })
	for i := range 30 { // the queue holds ten
		before := time.Now()
		w.Tell(started)
		assert.Less(t, time.Since(before), time.Second, "who tells does not wait")
		eventually(t, func() bool { return w.counted(delivered) == i+2 })
	}
	assert.Equal(t, 20, w.counted(dropped), "of 30 the hanging place's queue takes ten")
	assert.Equal(t, 1, strings.Count(w.log(), "queue is full"), "said once")
	w.end()
	assert.Equal(t, 30, w.counted(dropped), "what was queued is lost with the manager, and counted")
	w.Tell(started)
	assert.Len(t, hangs.got(), 1, "after the end nobody is told")
}

// A place gets no more than its rate.
func TestTheRateOfAPlace(t *testing.T) {
	there := newPlace(t, nil)
	limits := quick
	limits.Every, limits.Burst = time.Hour, 2
	w := tellTo(t, limits, nil, httpAt("events", there.URL))
	for range 5 {
		w.Tell(started)
	}
	eventually(t, func() bool { return w.counted(delivered) == 2 && w.counted(dropped) == 3 })
	assert.Len(t, there.got(), 2, "the third would come after its deadline")
}

// A place that the policy no longer has ends.
func TestAPlaceThatIsGone(t *testing.T) {
	there := newPlace(t, nil)
	places := []policy.Notification{httpAt("a", there.URL)}
	w := tellTo(t, quick, nil)
	w.places = func() []policy.Notification { return places }
	w.Tell(started)
	eventually(t, func() bool { return w.counted(delivered) == 1 })
	places = []policy.Notification{httpAt("b", there.URL)}
	w.Tell(started)
	eventually(t, func() bool { return w.counted(delivered) == 2 })
	assert.Len(t, w.lanes, 1)
	assert.Contains(t, w.lanes, "b")
}
