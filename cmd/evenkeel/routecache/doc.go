// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package routecache makes the routes of a cache small. Routes are cached as trees,
// so that no field is lost that a library does not know, and a tree takes many
// times what its text does: so spec and status are kept as text, and made a tree
// again where somebody reads the route (see Client).
package routecache
