// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/evenkeel-dev/evenkeel/test/fixture/app/rpc"
)

// caller is a client of gRPC. Any status other than OK is a failure.
type caller struct {
	config Config
	keeps  bool
	conn   *grpc.ClientConn
	seen   watch
}

func newCaller(config Config, keeps bool) client { return &caller{config: config, keeps: keeps} }

func (c *caller) close() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing runs on it
		c.conn = nil
	}
}

func (c *caller) ask() (seen answer) {
	opened, attempts := c.seen.opened.Load(), c.seen.attempts.Load()
	if c.conn == nil {
		conn, err := rpc.Dial(c.config.URL, c.config.Host, grpc.WithStatsHandler(&c.seen))
		if err != nil {
			seen.err = err
			return seen
		}
		c.conn = conn
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.config.Timeout)
	defer cancel()
	seen.version, seen.pod, seen.err = rpc.Ask(ctx, c.conn)
	seen.reused = c.seen.opened.Load() == opened
	seen.attempts = int(c.seen.attempts.Load() - attempts)
	if !c.keeps {
		c.close()
	}
	return seen
}

// watch counts what the gRPC client does by itself.
type watch struct{ opened, attempts atomic.Int64 }

// TagRPC has nothing to add to a call.
func (*watch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC counts the attempts of the calls.
func (w *watch) HandleRPC(_ context.Context, event stats.RPCStats) {
	if _, begins := event.(*stats.Begin); begins {
		w.attempts.Add(1)
	}
}

// TagConn has nothing to add to a connection.
func (*watch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn counts the connections.
func (w *watch) HandleConn(_ context.Context, event stats.ConnStats) {
	if _, begins := event.(*stats.ConnBegin); begins {
		w.opened.Add(1)
	}
}
