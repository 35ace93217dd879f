// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
)

func TestDrain(t *testing.T) {
	for _, row := range []struct {
		name  string
		delay time.Duration
	}{
		{"serves on, unready, for the delay", 5 * time.Second},
		{"ends at once where something else has waited", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				signal, send := context.WithCancel(t.Context())
				d := &drain{delay: row.delay}
				serving := d.after(signal)
				require.NoError(t, d.ready(nil))
				require.NoError(t, serving.Err())

				begun := time.Now()
				send()
				synctest.Wait()
				assert.EqualError(t, d.ready(nil), "draining: about to end")
				<-serving.Done()
				assert.Equal(t, row.delay, time.Since(begun))
			})
		})
	}
}

func TestInOrder(t *testing.T) {
	asked := ""
	check := func(name string, err error) healthz.Checker {
		return func(*http.Request) error {
			asked += name
			return err
		}
	}
	first, none := errors.New("first"), error(nil)
	for _, row := range []struct {
		a, b  error
		want  error
		asked string
	}{
		{none, none, none, "ab"},
		{first, none, first, "a"},
		{none, first, first, "ab"},
	} {
		asked = ""
		assert.Equal(t, row.want, inOrder(check("a", row.a), check("b", row.b))(nil))
		assert.Equal(t, row.asked, asked)
	}
}
