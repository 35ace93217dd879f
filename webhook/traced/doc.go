// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package traced makes a span of each review, with how long its checks took. A
// review that the API server traces is a part of that trace. Without a tracer it
// does nothing and costs nothing.
package traced
