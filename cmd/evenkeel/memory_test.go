// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMemoryIsGivenBackOnceTheCachesAreFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		defer end()
		elected, freed, begun := make(chan struct{}), []time.Duration(nil), time.Now()
		f := filling{
			filled:  func(context.Context) bool { time.Sleep(7 * time.Second); return true },
			elected: elected,
			free:    func() { freed = append(freed, time.Since(begun)) },
		}
		go func() { _ = f.settle(ctx) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, []time.Duration{67 * time.Second}, freed, "admission's caches")
		close(elected)
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, []time.Duration{67 * time.Second, time.Hour + 67*time.Second}, freed, "the leader's, too")
	})
}

func TestWhoeverEndsGivesNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, filled := range map[string]bool{"before the caches are filled": false, "right after": true} {
			ctx, end := context.WithCancel(t.Context())
			f := filling{filled: func(context.Context) bool { end(); return filled }, free: func() { assert.Fail(t, name) }}
			require.NoError(t, f.settle(ctx))
		}
	})
}
