// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

const (
	// lookForKinds is the shortest time between two looks at the kinds of routes
	// that the cluster has; the longest is twice that.
	lookForKinds = 30 * time.Second
	// A kind that has come is believed after as many looks: what comes with it
	// then is there, too. The leader waits longer than all others need to be back.
	looksOfOthers, looksOfLeader = 2, 5
)

// routeKinds are the kinds of routes that a manager looks at. When one comes that
// is not there yet, as with the Gateway API, end is called.
func routeKinds(mgr ctrl.Manager, end func()) ([]route.Kind, error) {
	log := mgr.GetLogger()
	there, err := command.RouteKinds(mgr.GetRESTMapper())
	if err != nil {
		return nil, err
	}
	n := &newcomers{mapper: mgr.GetRESTMapper(), there: there, log: log, end: end, leads: func() bool {
		select {
		case <-mgr.Elected():
			return true
		default:
			return false
		}
	}}
	if missing := without(route.Kinds(), there); len(missing) > 0 {
		log.Info("the cluster does not have these kinds of routes; when they come, this process ends to be started again", "kinds", missing)
		if err := mgr.Add(onEveryReplica(n.watch)); err != nil {
			return nil, fmt.Errorf("cannot watch for kinds of routes: %w", err)
		}
	}
	return there, nil
}

// newcomers looks for kinds of routes that were not there at the start, where
// caches, watches and renderers are made.
type newcomers struct {
	mapper meta.RESTMapper
	there  []route.Kind
	leads  func() bool
	log    logr.Logger
	end    func()
	// came are the kinds that the last looks found, and how many these were.
	came  []string
	looks int
}

func (n *newcomers) watch(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	wait.JitterUntilWithContext(ctx, func(context.Context) {
		if n.look() {
			n.log.Info("ending, to be started again: the cluster has new kinds of routes", "kinds", n.came)
			n.end()
			stop()
		}
	}, lookForKinds, 1, true)
	return nil
}

// look looks once, and tells whether it is time to end.
func (n *newcomers) look() bool {
	now, err := command.RouteKinds(n.mapper)
	if err != nil {
		n.log.V(1).Info("looked for kinds of routes in vain", "cause", err.Error())
		return false
	}
	came := without(now, n.there)
	if !slices.Equal(came, n.came) {
		n.came, n.looks = came, 0
	}
	n.looks++
	enough := looksOfOthers
	if n.leads() {
		enough = looksOfLeader
	}
	return len(came) > 0 && n.looks >= enough
}

// without names the kinds that are not among others.
func without(kinds, others []route.Kind) []string {
	names := []string{}
	for _, kind := range kinds {
		if !slices.Contains(others, kind) {
			names = append(names, kind.Name())
		}
	}
	return names
}
