// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package serving gives the webhook server its certificate, and the API server
// the CA to trust it by.
//
// By default Evenkeel keeps both itself, with cert-manager's own library: a CA
// in a Secret, shared by the replicas, and a leaf in the memory of each that is
// renewed without a restart. Where cert-manager is installed, the certificate
// comes from files instead, and its CA injector does the rest.
//
// A CA is followed by the next in an order in which no call fails: the caBundle
// holds both for a while (Keeper), and a replica shows a leaf of the new one
// only once callers have had time to learn of it (Source).
package serving
