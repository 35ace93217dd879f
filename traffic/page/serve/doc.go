// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package serve shows the pages of package page to whoever reaches a manager's own
// loopback address: through a port-forward, which the API server grants. It reads
// what the managers have in their caches, and one ledger where a release's page is
// asked for; it writes nothing, and has no path on which it could.
//
//	GET /                                the releases in flight, and those that ended lately
//	GET /{namespace}/{kind}/{name}       one release, and those before it
//	GET /page.css, /page.js, /icon.svg   what the pages are made with
package serve
