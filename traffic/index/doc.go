// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package index narrows a list of the cache to what somebody looks for, so that a
// look at one Deployment does not cost more where its namespace has a thousand.
//
//	client.List(ctx, &list, client.InNamespace(ns), index.OwnedBy(uid))   // a hint
//	        |
//	Client: of a manager, whose cache has the indexes -> of this owner alone
//	any other client                                  -> of the whole namespace
//
// An option of this package is a hint. A client that has no index gives more, so
// whoever lists filters all the same, and nothing is decided by an index alone.
package index
