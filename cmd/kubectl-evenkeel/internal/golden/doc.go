// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package golden compares what the plugin's parts show with files that were looked
// at. It is for tests alone.
package golden
