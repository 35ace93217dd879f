// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// maxConnections bounds those that are open at once.
const maxConnections = 32

// CheckAddress refuses what others than this host reach: the pages ask nobody who
// they are.
func CheckAddress(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !loopback(host) {
		return fmt.Errorf("%q is not an address of this host alone, and nobody is asked there who they are: use 127.0.0.1:PORT, or 0 for none", address)
	}
	return nil
}

// Server gives what serves a handler on an address, on every replica, for as long
// as the manager runs.
func Server(address string, handler http.Handler) (*manager.Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot serve the dashboard: %w", err)
	}
	return &manager.Server{
		Name: "dashboard", Listener: netutil.LimitListener(listener, maxConnections), OnlyServeWhenLeader: false, ShutdownTimeout: ptr.To(time.Second),
		Server: &http.Server{
			Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		},
	}, nil
}
