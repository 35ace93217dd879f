// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package traced makes a span of each look that a controller takes at an object.
package traced
