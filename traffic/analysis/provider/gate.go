// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// What a gate gets to know the sender by: the signature is the HMAC-SHA256, in
// hexadecimal, of the time, a dot and the body, by the key of the Secret.
const (
	signatureHeader = "X-Evenkeel-Signature"
	timeHeader      = "X-Evenkeel-Time"
	// signingKey is where a Secret has it.
	signingKey = "key"
)

// gate asks a service of somebody's own.
type gate struct {
	cluster
	web *http.Client
}

// gateAsks is what a gate is sent.
type gateAsks struct {
	Analysis   string          `json:"analysis"`
	Namespace  string          `json:"namespace"`
	Kind       string          `json:"kind,omitempty"`
	Deployment string          `json:"deployment"`
	Step       int             `json:"step"`
	Weight     int             `json:"weight"`
	Since      time.Time       `json:"since"`
	Stable     rollout.Version `json:"stable"`
	Canary     rollout.Version `json:"canary"`
}

// gateSays is what it may answer with 200; an empty answer passes.
type gateSays struct {
	Passed *bool `json:"passed"`
	// Inconclusive tells that it does not know yet.
	Inconclusive bool   `json:"inconclusive"`
	Message      string `json:"message"`
}

// Measure asks the gate, again where it does not answer.
func (g gate) Measure(ctx context.Context, q analysis.Question) (analysis.Reading, error) {
	body, err := json.Marshal(gateAsks{
		Analysis: q.Spec.Name, Namespace: q.Namespace, Kind: q.Kind, Deployment: q.Deployment, Step: q.State.Step + 1, Weight: q.State.Weight, Since: q.Since,
		Stable: q.State.Stable, Canary: q.State.Canary,
	})
	if err != nil {
		return analysis.Reading{}, fmt.Errorf("cannot write the question: %w", err)
	}
	var key []byte
	if q.Spec.Gate.Secret != "" {
		if key, err = g.secret(ctx, q.Spec.Gate.Secret, signingKey); err != nil {
			return analysis.Reading{}, err
		}
	}
	var out analysis.Reading
	var last error
	backoff := wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.1, Steps: q.Spec.Gate.Retries + 1}
	err = wait.ExponentialBackoffWithContext(ctx, backoff, func(ctx context.Context) (bool, error) {
		var again bool
		out, again, last = g.ask(ctx, q, body, key)
		if again {
			return false, nil
		}
		return true, last
	})
	if last != nil {
		return analysis.Reading{}, last
	}
	return out, err
}

// ask asks once, and tells whether it is worth to ask again.
func (g gate) ask(ctx context.Context, q analysis.Question, body, key []byte) (_ analysis.Reading, again bool, _ error) {
	ctx, cancel := context.WithTimeout(ctx, q.Spec.Gate.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, q.Spec.Gate.URL, bytes.NewReader(body))
	if err != nil {
		return analysis.Reading{}, false, fmt.Errorf("cannot ask the gate: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if key != nil {
		at := strconv.FormatInt(q.At.Unix(), 10)
		request.Header.Set(timeHeader, at)
		request.Header.Set(signatureHeader, "sha256="+signature(key, at, body))
	}
	response, err := g.web.Do(request)
	if err != nil {
		return analysis.Reading{}, true, fmt.Errorf("the gate does not answer: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(response.Body); err != nil {
		return analysis.Reading{}, true, fmt.Errorf("the gate's answer cannot be read: %w", err)
	}
	if code := response.StatusCode; code != http.StatusOK && code != http.StatusNoContent {
		again = code >= http.StatusInternalServerError || code == http.StatusTooManyRequests
		return analysis.Reading{}, again, fmt.Errorf("the gate answers %s, which is neither yes nor no", response.Status)
	}
	reading, err := understood(answer.Bytes())
	return reading, false, err
}

func signature(key []byte, at string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// understood is what a gate's answer means.
func understood(answer []byte) (analysis.Reading, error) {
	says := gateSays{}
	if len(bytes.TrimSpace(answer)) > 0 {
		if err := json.Unmarshal(answer, &says); err != nil {
			return analysis.Reading{}, errors.New(`the gate's answer is not understood: answer for example {"passed": false, "message": "the smoke test fails"}, or nothing`)
		}
	}
	out := analysis.Reading{Verdict: rollout.Passed, Says: "the gate passes"}
	switch {
	case says.Inconclusive:
		out = analysis.Reading{Verdict: rollout.Inconclusive, Says: "the gate does not know"}
	case says.Passed != nil && !*says.Passed:
		out = analysis.Reading{Verdict: rollout.Failed, Says: "the gate says no"}
	}
	if says.Message != "" {
		out.Says += ": " + says.Message
	}
	return out, nil
}
