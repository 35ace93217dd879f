// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package watch shows one rollout while it happens, and lets a person steer it.
// model.go says what follows from what happens, view.go how it looks: both are pure.
// lines.go is for whoever is no terminal.
package watch
