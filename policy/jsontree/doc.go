// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package jsontree reads JSON one level at a time, where somebody walks. A review
// asks for a few fields of a large object; all else stays the text that was sent.
package jsontree
