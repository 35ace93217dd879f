// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command page takes pictures of the dashboard with made-up releases, and of what
// kubectl evenkeel watch draws, in a real Chromium: light and dark, narrow and wide. With -serve it serves them instead,
// for whoever works on how the pages look.
package main
