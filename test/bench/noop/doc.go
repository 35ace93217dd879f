// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command noop is an admission webhook that allows everything and looks at
// nothing: what it costs, any webhook costs.
package main
