// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package window knows when a release may go forward: within windows that come
// again by a cron expression in a time zone, and in no freeze. It is pure: time
// is an argument, and when a closed way opens is a result.
package window
