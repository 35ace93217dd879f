// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/notify/message"
)

// Options are what a Notifier is made of.
type Options struct {
	// Places gives the notifications of the policy in force.
	Places func() []policy.Notification
	// Secrets reads Secrets of Namespace from the API server, when they are needed.
	Secrets   client.Reader
	Namespace string
	// Metrics counts; nil counts nothing.
	Metrics *Metrics
	Log     logr.Logger
	// Limits bound what is sent; the zero value is that of DefaultLimits.
	Limits Limits
}

// Limits bound what is sent to a place.
type Limits struct {
	// Queue is how many messages wait for a place; more are dropped.
	Queue int
	// Every and Burst are the rate: one message every so often, and so many at once.
	Every time.Duration
	Burst int
	// Attempt is how long one try may take, Deadline how long all of them may.
	Attempt, Deadline time.Duration
	// Pause is the wait before the second try; it doubles, up to LongestPause.
	Pause, LongestPause time.Duration
}

// DefaultLimits are those of a manager.
func DefaultLimits() Limits {
	return Limits{Queue: 100, Every: time.Second, Burst: 10, Attempt: 10 * time.Second, Deadline: 10 * time.Minute, Pause: time.Second, LongestPause: time.Minute}
}

// Notifier tells places outside the cluster of rollouts.
type Notifier struct {
	places  func() []policy.Notification
	sender  sender
	limits  Limits
	metrics *Metrics
	log     logr.Logger

	ctx     context.Context // ends with Start
	stop    context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	lanes   map[string]*lane
}

// New makes a Notifier. It tells nobody after Start has returned.
func New(o Options) *Notifier {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	n := &Notifier{
		places: o.Places, limits: o.Limits, metrics: o.Metrics, log: o.Log, lanes: map[string]*lane{},
		sender: sender{secrets: o.Secrets, namespace: o.Namespace, http: newClient(o.Limits.Attempt)},
	}
	n.ctx, n.stop = context.WithCancel(context.Background())
	return n
}

// newClient is a client that follows no redirect: what it sends is for one place.
func newClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: timeout,
			MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
		},
	}
}

// NeedLeaderElection tells that the leader alone tells.
func (*Notifier) NeedLeaderElection() bool { return true }

// Start tells until the context ends; what is queued then is lost, and counted.
func (n *Notifier) Start(ctx context.Context) error {
	<-ctx.Done()
	n.mu.Lock()
	n.stop() // under the lock: no lane is begun any more
	n.mu.Unlock()
	n.running.Wait()
	return nil
}

// Tell queues a message for every place that wants it. It never waits.
func (n *Notifier) Tell(m message.Message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ctx.Err() != nil {
		return
	}
	places := n.places()
	n.forget(places)
	for _, place := range places {
		if place.Wants(m.Moment, m.Namespace) {
			n.lane(place.Name).put(job{place: place, message: m})
		}
	}
}

// forget ends the lanes of places that the policy no longer has.
func (n *Notifier) forget(places []policy.Notification) {
	there := map[string]bool{}
	for _, place := range places {
		there[place.Name] = true
	}
	for name, l := range n.lanes {
		if !there[name] {
			l.stop()
			delete(n.lanes, name)
		}
	}
}

// lane gives a place's own, which runs from its first message on.
func (n *Notifier) lane(name string) *lane {
	if l, there := n.lanes[name]; there {
		return l
	}
	ctx, stop := context.WithCancel(n.ctx)
	l := &lane{
		queue: make(chan job, n.limits.Queue), stop: stop, sender: n.sender, limits: n.limits, metrics: n.metrics, log: n.log.WithValues("notification", name),
		rate: rate.NewLimiter(rate.Every(n.limits.Every), n.limits.Burst),
	}
	n.lanes[name] = l
	n.running.Go(func() { l.run(ctx) })
	return l
}
