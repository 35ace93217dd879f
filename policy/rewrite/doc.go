// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rewrite puts fields into a YAML or JSON document as a person would:
// only what is missing is inserted, and every byte that was there stays,
// comments, order and style with it. What comes out is read again and compared
// with what was meant; a document for which that fails is left alone.
package rewrite
