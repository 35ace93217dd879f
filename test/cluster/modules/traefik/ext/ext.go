// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ext stands in for the nested module that the traefik module zip leaves out.
package ext

type HTTP struct{}

type Router struct{}
