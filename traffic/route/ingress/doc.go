// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ingress renders Ingresses in flight, in the words of the controllers
// that can weigh. A dialect is one file, its in/out YAML pairs in testdata, and
// one row of the table in dialect.go.
//
//	nginx    the user's Ingress is not touched: an owned one beside it carries the
//	         canary annotations
//	alb      the user's paths lead to an action, whose target groups have weights
//	skipper  the canary's path beside the user's, and weights in an annotation; a
//	         match in owned Ingresses
package ingress
