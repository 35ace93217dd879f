// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"errors"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-logr/logr"
	"golang.org/x/time/rate"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/notify/message"
)

// job is one message for one place, as the policy had it when it was told.
type job struct {
	place   policy.Notification
	message message.Message
}

// lane is the way to one place.
type lane struct {
	queue   chan job
	stop    context.CancelFunc
	sender  sender
	limits  Limits
	rate    *rate.Limiter
	metrics *Metrics
	log     logr.Logger
	// full tells that the last message was dropped; put alone looks at it.
	full bool
}

// put queues a job, or drops it: a full queue is said once, until there is room.
func (l *lane) put(j job) {
	select {
	case l.queue <- j:
		l.full = false
	default:
		l.metrics.count(dropped)
		if !l.full {
			l.log.Info("a notification's queue is full: messages are dropped", "queue", cap(l.queue))
		}
		l.full = true
	}
}

// run sends what is queued, one after the other, until the context ends.
func (l *lane) run(ctx context.Context) {
	defer l.lose()
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-l.queue:
			l.deliver(ctx, j)
		}
	}
}

// lose counts what is queued when the lane ends.
func (l *lane) lose() {
	for {
		select {
		case <-l.queue:
			l.metrics.count(dropped)
		default:
			return
		}
	}
}

// deliver tries until the message is taken, is refused for good, or too old.
func (l *lane) deliver(ctx context.Context, j job) {
	ctx, cancel := context.WithTimeout(ctx, l.limits.Deadline)
	defer cancel()
	if err := l.rate.Wait(ctx); err != nil {
		l.metrics.count(dropped)
		return
	}
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval, pause.Multiplier = l.limits.Pause, l.limits.LongestPause, 2
	var last error // why a try failed; that time was over is the least that can be said
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := l.sender.send(ctx, j)
		if last == nil || ctx.Err() == nil {
			last = err
		}
		return struct{}{}, err
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(l.limits.Deadline))
	if err == nil {
		l.metrics.count(delivered)
		return
	}
	l.metrics.count(failed)
	l.log.Info("a notification was not delivered", "cause", cause(last), "moment", string(j.message.Moment), "namespace", j.message.Namespace, "name", j.message.Name)
}

// cause is what a person is told of an error.
func cause(err error) string {
	var permanent *backoff.PermanentError
	if errors.As(err, &permanent) {
		err = permanent.Unwrap()
	}
	var later *backoff.RetryAfterError
	if errors.As(err, &later) {
		return "the place answered 429"
	}
	return err.Error()
}
