// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ingress renders Ingresses in flight, in the words of the controllers
// that can weigh. A dialect is one file, its in/out YAML pairs in testdata, and
// one row of the table in dialect.go.
//
//	nginx    the user's Ingress is not touched: an owned one beside it carries the
//	         canary annotations
package ingress
