// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Verdict is how well a thing is.
type Verdict string

// The verdicts. What may not be looked at is Unknown.
const (
	OK      Verdict = "ok"
	Warn    Verdict = "warn"
	Fail    Verdict = "FAIL"
	Unknown Verdict = "?"
)

// Finding is one line.
type Finding struct {
	Verdict Verdict `json:"verdict"`
	// About is what was looked at.
	About string `json:"about"`
	Says  string `json:"says"`
	// Fix is the line that mends it; empty where there is nothing to mend.
	Fix string `json:"fix,omitempty"`
}

// Doctor is what the checks go by.
type Doctor struct {
	Client client.Client
	// Warnings gives the warnings of the last answers, and forgets them.
	Warnings func() []string
	// Namespace is that of Evenkeel, Policy the name of its ConfigMap.
	Namespace, Policy string
	// Try is the namespace in which admission is asked about a Deployment.
	Try string
	Now time.Time
}

// checks are in the order in which they are read.
var checks = []func(context.Context, *Doctor) []Finding{
	managers,     // somebody is there to answer
	webhooks,     // and the API server knows whom to ask
	certificates, // by whom it can be sure
	admission,    // and does ask
	policies,     // by what they answer
	gateways,     // what routes can be divided
	ingresses,
	flights, // nothing was left behind
}

// Run does all checks.
func Run(ctx context.Context, d *Doctor) []Finding {
	var out []Finding
	for _, check := range checks {
		out = append(out, check(ctx, d)...)
	}
	return out
}

// Failed tells whether something has to be mended.
func Failed(findings []Finding) bool {
	for _, f := range findings {
		if f.Verdict == Fail {
			return true
		}
	}
	return false
}

// unread is a finding about what could not be read.
func unread(about string, err error) Finding {
	if apierrors.IsForbidden(err) {
		return Finding{Unknown, about, "you may not look at it: " + err.Error(), ""}
	}
	return Finding{Fail, about, "cannot look at it: " + err.Error(), ""}
}

// Text writes the findings for a person; paint gives a verdict its colour.
func Text(to io.Writer, findings []Finding, paint func(Verdict, string) string) error {
	counts := map[Verdict]int{}
	for _, f := range findings {
		counts[f.Verdict]++
		_, err := fmt.Fprintf(to, "%s  %s: %s\n", paint(f.Verdict, fmt.Sprintf("%-4s", f.Verdict)), f.About, strings.ReplaceAll(f.Says, "\n", "\n      "))
		if err == nil && f.Fix != "" {
			_, err = fmt.Fprintf(to, "        %s\n", strings.ReplaceAll(f.Fix, "\n", "\n        "))
		}
		if err != nil {
			return fmt.Errorf("cannot write the findings: %w", err)
		}
	}
	_, err := fmt.Fprintf(to, "%d checked: %d to mend, %d to know, %d not looked at\n", len(findings), counts[Fail], counts[Warn], counts[Unknown])
	return err
}
