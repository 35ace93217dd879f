// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command generate writes what is made from the code: the JSON Schema of the
// policy file, and the tables of the docs, each between two marks. With -verify
// it changes nothing, and fails where something would change.
package main
