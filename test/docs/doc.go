// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs is tests alone: they read the pages of docs and the source, and
// fail where one names what the other does not have.
package docs
