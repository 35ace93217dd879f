// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package config reads the policy file and keeps the one in force.
//
//	bytes -> decode (strict) -> validate -> resolve (over the defaults) -> policy.Set
//
// An unknown field is an error with its path. A policy that does not load never
// takes the place of one that did: Store keeps the last good one.
package config
