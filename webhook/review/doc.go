// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package review is what all reviews have in common, whatever they say:
//
//	POST -> bounded body -> AdmissionReview -> Func -> Answer -> AdmissionReview
//
// A Reviewer serves one path. It refuses what is not a review of its kind, survives a
// panic, counts, traces, and writes the answer. Objects are read as the API server
// reads them (decode.go); what a review wants otherwise is said as changes, which
// become the JSON patch of the object as it was sent (patch.go, differences.go).
package review
