// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"sync/atomic"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// Store keeps the policy in force. It may be used from many goroutines.
type Store struct{ current atomic.Pointer[policy.Set] }

// NewStore gives a store in which the built-in defaults are in force.
func NewStore() *Store {
	s := &Store{}
	s.Reset()
	return s
}

// Current is the policy in force, never nil.
func (s *Store) Current() *policy.Set { return s.current.Load() }

// Offer puts a policy into force if it loads; if not, the last good one stays.
func (s *Store) Offer(data []byte) error {
	set, err := Load(data)
	if err != nil {
		return err
	}
	s.current.Store(set)
	return nil
}

// Reset puts the built-in defaults into force.
func (s *Store) Reset() { s.current.Store(policy.Default()) }
