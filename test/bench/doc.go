// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bench measures what a review costs: the whole way of a request through
// the handler, in process, against decoding the same request alone. The cost on
// a real API server is measured in package apiserver.
//
//	go test -run '^$' -bench . ./test/bench
package bench
