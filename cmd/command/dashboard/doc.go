// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dashboard is the command that opens the managers' pages: it forwards a
// port of this machine to a manager that is ready, with the rights of whoever
// types it, and to another one when that ends.
package dashboard
