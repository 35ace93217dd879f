// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	ctrl "sigs.k8s.io/controller-runtime"
)

// gcPercent is how much garbage may come on top of what is in use, in percent of
// that. Most of it is caches, which seldom change: so collecting twice as often as
// by default costs little, and saves a third of the memory.
const gcPercent = 50

// boundMemory has garbage collected earlier where the container's limit comes
// near, instead of being killed at it. GOGC and GOMEMLIMIT take precedence.
func boundMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if _, err := memlimit.Set(); err != nil {
		slog.Info("the container's memory limit is not known", "cause", err.Error())
	}
}

// fillingSettles is how long after its caches are filled a manager has looked at all
// that is in them.
const fillingSettles = time.Minute

// giveBack gives the system the memory that only the filling of the caches took:
// the lists of all objects, as they came. Admission's caches are filled at the start,
// the controllers' once a manager leads.
func giveBack(mgr ctrl.Manager) error {
	f := filling{filled: mgr.GetCache().WaitForCacheSync, elected: mgr.Elected(), free: debug.FreeOSMemory}
	if err := mgr.Add(onEveryReplica(f.settle)); err != nil {
		return fmt.Errorf("cannot give memory back: %w", err)
	}
	return nil
}

type filling struct {
	filled  func(context.Context) bool
	elected <-chan struct{}
	free    func()
}

func (f filling) settle(ctx context.Context) error {
	f.freeOnce(ctx)
	select {
	case <-f.elected:
		f.freeOnce(ctx)
	case <-ctx.Done():
	}
	return nil
}

func (f filling) freeOnce(ctx context.Context) {
	if !f.filled(ctx) {
		return
	}
	select {
	case <-time.After(fillingSettles):
		f.free()
	case <-ctx.Done():
	}
}
