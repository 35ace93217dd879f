// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads Kubernetes objects out of files, folders and streams:
// YAML or JSON, several documents, kind List, what helm and kustomize print.
//
//	paths -> files -> documents -> objects (typed, with the API's defaults, and where they stand)
//
// Objects that matter to a rollout are typed; all others are counted and left
// alone. What cannot be read is an error with file and line.
package manifest
