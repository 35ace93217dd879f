// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pki makes the cluster's certificates, keys and kubeconfigs, anew at
// each start: one authority, a certificate an identity, and the key pair that
// signs the tokens of service accounts.
package pki
