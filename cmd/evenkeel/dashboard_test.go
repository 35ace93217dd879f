// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// adding is a manager that notes what is added to it.
type adding struct {
	ctrl.Manager
	added  []manager.Runnable
	logged []string
}

func (a *adding) Add(one manager.Runnable) error {
	a.added = append(a.added, one)
	return nil
}

func (a *adding) GetClient() client.Client { return nil }

func (a *adding) GetAPIReader() client.Reader { return nil }

func (a *adding) GetLogger() logr.Logger {
	return funcr.New(func(_, args string) { a.logged = append(a.logged, args) }, funcr.Options{})
}

// A manager whose port is taken goes on without pages.
func TestShowPages(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	for _, row := range []struct {
		name, address string
		added, logged int
	}{
		{"off", "0", 0, 0},
		{"served", "127.0.0.1:0", 1, 0},
		{"its port is taken", taken.Addr().String(), 0, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			mgr := &adding{}
			require.NoError(t, (&options{dashboardAddress: row.address, ledger: true}).showPages(mgr))
			assert.Len(t, mgr.added, row.added)
			assert.Len(t, mgr.logged, row.logged)
			for _, one := range mgr.added {
				assert.NoError(t, one.(*manager.Server).Listener.Close())
			}
		})
	}
}
