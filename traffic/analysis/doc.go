// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package analysis says whether a canary is well: what an analysis of the policy
// asks (Spec), in the words of whoever knows (queries.go, template.go), and what
// follows from the answer (Judge, JudgePods). All of it is pure.
//
//	Question -> Provider.Measure -> Reading -> Judge -> verdict, one sentence
//
// The providers that go and ask are in the folder provider, the runner that lets
// them do so off the reconcile loop is in the folder runner.
//
// What is not known is Inconclusive, whatever the reason: no data, too little of
// it, or a source that does not answer. It is never a pass.
package analysis
