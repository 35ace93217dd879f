// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package audit looks at the Deployments that run, with admission's own eyes.
//
//	Deployments -> Reviewer.Audit -> Findings -> metrics, Events, a report
//
// It changes nothing: what it finds are the same verdicts, word for word, that a
// CREATE of the same object would get.
package audit
