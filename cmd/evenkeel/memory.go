// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
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
