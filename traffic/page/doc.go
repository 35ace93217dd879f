// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package page is what a person on call looks at: which releases are in flight,
// which of them wait for somebody, what went wrong, and how it came to that.
//
//	what was seen, now -> Look, Over -> a view -> Write -> HTML
//
// A view is made of plain values by functions without a clock or a client, and
// says all that stands on the page; the templates only arrange it. Whatever an
// object says is shown as text: names, reasons and people's words are not to be
// trusted. Nothing here can be changed from the page.
package page
