// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lint judges manifests as admission would, before anybody applies them.
//
//	files -> manifest.Read -> a world in memory -> webhook.Handler.Audit -> Findings -> text, JSON, SARIF, GitHub
//
// The verdicts and their words are admission's own: the same function gives them.
package lint
