// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package batch is the pure core of releases in batches for StatefulSets and
// DaemonSets: the state that a workload in flight carries, the updateStrategy that
// holds it, and Decide, which maps one snapshot of the world to what happens next.
// Package rollout does the same for Deployments, and lends its steps and words.
//
// A workload in flight walks through stages, one at a time. A stage is a promise
// about the world (see Render and Target) and a condition for leaving it:
//
//	Preparing    prepare  gate shut: a new template changes no pod
//	Stepping(i)  clear    the Services lead to pods that the batch leaves alone
//	             batch    the batch's pods are replaced, and become ready
//	             turn     the Services lead to the new pods, once they are due
//	             dwell    the step's own time, or a person, is waited for
//	Promoting    release  the user's own updateStrategy
//	             widen    Services select as the user wrote them
//	Completed
//
//	RollingBack  return   only while Services lead to the new pods: away from them
//	             restore  stable's template, rolled back by the stock controller
//	             widen    the user's own updateStrategy, Services as the user wrote
//	RolledBack
//
// A step's weight is a share of the pods, and a second percent after the slash
// ("0%/33%:pause") that share without any traffic.
//
// # StatefulSet
//
// The knob is updateStrategy.rollingUpdate.partition. The gate is a partition that
// no ordinal reaches; a batch of weight w of n replicas has n - ceil(n*w/100), so
// that the highest ordinals are new. The user's own partition is the lower bound of
// it and the one that stays; maxUnavailable is left alone.
//
// The stock controller counts a pod that never becomes ready, and replaces no other
// while it waits for it: with OrderedReady always, and with Parallel as soon as as
// many are broken as maxUnavailable allows. So it neither fixes nor rolls back a
// broken pod. Decide deletes those, once the stock controller would make the right
// pod in its place. The stock controller also gives the highest ordinals of a
// StatefulSet that is scaled up the new version until the partition has followed,
// because a scaling passes no webhook that renders; it takes them first when it
// scales down (see State.RefuseScale), and forgets the old version when there are no
// pods at all.
//
// # DaemonSet
//
// A rolling update of a DaemonSet has no partition. The gate, and all that is in
// flight, is the type OnDelete, and Decide deletes the batch's pods, in the order of
// their nodes' names, as many at a time as the user's own maxUnavailable. A maxSurge
// rests meanwhile: maxUnavailable is then 1 (see Note). A pod that dies by itself,
// and that of a new node, are new ones: no gate can hold them.
//
// # What is around it
//
// Admission, for a template that changes and a strategy of batch: asks Manageable,
// names the ControllerRevision that most ready pods are of as Stable, and as
// Services those whose traffic is to move: no headless one, which gives the pods
// their names, and none with a traffic policy of Local, which has a node served by
// its own pod. It writes Begin's state and rollout.InFlightLabel, and in that same
// write puts what Render gives into spec.updateStrategy. Whoever writes the workload
// while it is in flight gets the same rendering; what differs from the live object
// is kept by Wish. A template that equals stable's is RollBack, another one is Again;
// while State.HoldsTemplate the live template stays, and while State.WantsStable it
// is what Template reads out of stable's ControllerRevision. RefuseScale answers the
// scale subresource. It takes the action annotation once, by Act. A state that anybody but the controller changes is put back.
//
// The controller, on each event of the workload, its pods, ControllerRevisions,
// Services and their EndpointSlices: reads a Snapshot, calls Decide, and writes one
// thing. A State that differs is written with the resourceVersion that was read, and
// one that is not rendered is written once more. Else the Target is annotated on
// each of the Services, whose selector admission renders, and then Delete is done,
// each pod with its UID as the precondition, once a read past the cache shows that
// State still: a rollout that has turned back takes no old pod. It looks again after
// Decision.After. Of a workload that is deleted it only gives the Services back.
//
// Nothing in this package reads a clock, a cluster or a random number.
package batch
