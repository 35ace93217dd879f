// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ledger is what is kept of a release when it is over: one bounded
// Record, that can be shown to somebody who was not there.
//
//	states of the release -> Of, Replaced -> Record -> Append -> the data of a ConfigMap -> Read
//
// A Record is made of the last state in flight, whose Log every stage and every
// word of a person went into, and of the state in which it ended. The same end
// written twice is one record, so a crash between the ledger's write and the
// state's loses nothing and adds nothing.
//
// The data of the ConfigMap has one key a record, named by when the release began:
// a record that cannot be read spoils no other. It is kept under another key, where
// it is in nobody's way.
package ledger
