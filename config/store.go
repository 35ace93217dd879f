// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// Store keeps the policy in force: the cluster's, and those of namespaces. It
// may be used from many goroutines.
type Store struct {
	current atomic.Pointer[policy.Set]
	// writing guards what current is made of.
	writing sync.Mutex
	local   map[string]map[string][]policy.LocalRule // by namespace and name
}

// NewStore gives a store in which the built-in defaults are in force.
func NewStore() *Store {
	s := &Store{local: map[string]map[string][]policy.LocalRule{}}
	s.Reset()
	return s
}

// Current is the policy in force, never nil.
func (s *Store) Current() *policy.Set { return s.current.Load() }

// Offer puts a cluster's policy into force if it loads; if not, the last good
// one stays.
func (s *Store) Offer(data []byte) error {
	set, err := Load(data)
	if err != nil {
		return err
	}
	s.enforce(set)
	return nil
}

// Reset puts the built-in defaults into force.
func (s *Store) Reset() { s.enforce(policy.Default()) }

// OfferLocal puts a namespace's policy into force if it loads; if not, the last
// good one of that name stays.
func (s *Store) OfferLocal(namespace, name string, data []byte) error {
	rules, err := LoadLocal(data)
	if err != nil {
		return err
	}
	s.keepLocal(namespace, name, rules)
	return nil
}

// RemoveLocal takes a namespace's policy out of force.
func (s *Store) RemoveLocal(namespace, name string) { s.keepLocal(namespace, name, nil) }

func (s *Store) enforce(set *policy.Set) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if now := s.current.Load(); now != nil {
		set.Namespaces = now.Namespaces
	}
	s.current.Store(set)
}

func (s *Store) keepLocal(namespace, name string, rules []policy.LocalRule) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.local[namespace] == nil {
		s.local[namespace] = map[string][]policy.LocalRule{}
	}
	if s.local[namespace][name] = rules; len(rules) == 0 {
		delete(s.local[namespace], name)
	}
	next := *s.current.Load()
	next.Namespaces = maps.Clone(next.Namespaces)
	if next.Namespaces == nil {
		next.Namespaces = map[string][]policy.LocalRule{}
	}
	next.Namespaces[namespace] = inOrder(s.local[namespace])
	if len(next.Namespaces[namespace]) == 0 {
		delete(next.Namespaces, namespace)
	}
	s.current.Store(&next)
}

// inOrder lists the rules of a namespace's policies, by the policies' names.
func inOrder(policies map[string][]policy.LocalRule) []policy.LocalRule {
	var out []policy.LocalRule
	for _, name := range slices.SortedFunc(maps.Keys(policies), strings.Compare) {
		out = append(out, policies[name]...)
	}
	return out
}
