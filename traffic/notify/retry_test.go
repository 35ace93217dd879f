// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

// A place that has too much says when to come again: between a second and a minute,
// and in seconds; whatever else it says is waited for as after any failure.
func TestRetryAfter(t *testing.T) {
	for says, want := range map[string]time.Duration{
		"7": 7 * time.Second, "0": time.Second, "60": time.Minute, "3600": time.Minute,
		"": 0, "-1": 0, "soon": 0, "Sat, 21 Nov 2026 02:14:25 GMT": 0,
	} {
		t.Run(says, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var tries []time.Time
				metrics, err := NewMetrics(prometheus.NewPedanticRegistry())
				require.NoError(t, err)
				limits := quick
				limits.Deadline = 10 * time.Minute
				l := &lane{limits: limits, metrics: metrics, rate: rate.NewLimiter(rate.Inf, 1), log: logr.Discard()}
				l.sender.http = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					answer := &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {says}}, Body: http.NoBody}
					if tries = append(tries, time.Now()); len(tries) == 2 {
						answer.StatusCode = http.StatusNoContent
					}
					return answer, nil
				})}
				l.deliver(t.Context(), job{place: httpAt("events", "http://place.example"), message: started})
				require.Len(t, tries, 2)
				if again := tries[1].Sub(tries[0]); want > 0 {
					assert.Equal(t, want, again)
				} else {
					assert.LessOrEqual(t, again, 2*quick.LongestPause)
				}
				assert.Equal(t, 1.0, testutil.ToFloat64(metrics.messages.WithLabelValues(delivered)))
			})
		})
	}
}

// roundTrip answers as a place would.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
