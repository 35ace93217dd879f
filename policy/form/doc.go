// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package form fills in the templates of a policy. They are Go templates of which
// only so much is taken as makes nothing long: whoever may write a ConfigMap can
// have a template tried by admission, and one of 30 bytes can keep a processor busy
// for hours, or fill its memory.
package form
