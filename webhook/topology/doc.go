// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package topology reads what is around a workload when one is reviewed: its Services
// and the routes that lead to them, the revisions that it can go back to, and what the
// checks look at.
//
//	Deployment, wish -> Survey     -> Services, routes, stable; or why not
//	Deployment       -> Neighbours -> what policy.Subject has beside it
//	Batched          -> StableRevision, WayBack, MovedServices
//
// All comes from informers, but for one GET of a ReplicaSet or ControllerRevision where
// a template is compared with, or rendered from, a revision that exists, and one LIST
// of a workload's pods where its batches start. Nothing is written here.
package topology
