// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package back takes a Deployment back to a revision that it had, as kubectl
// rollout undo does: by its template. What follows is a release like any other, or
// the way back of the one in flight, as admission finds.
//
//	Read -> World -> To -> revision.Target -> Said, Write
package back
