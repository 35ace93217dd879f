// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/cenkalti/backoff/v5"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
)

const (
	// maxAnswerBytes is how much of an answer is read; nobody looks at it.
	maxAnswerBytes = 4 << 10
	// longestRest bounds what a place may ask for by Retry-After, in seconds.
	longestRest = 60
)

// sender makes one try. Its errors hold no address and no header: both may be
// secret.
type sender struct {
	secrets   client.Reader
	namespace string
	http      *http.Client
}

// send posts a message once. An error that no further try can mend is permanent.
func (s sender) send(ctx context.Context, j job) error {
	request, err := s.request(ctx, j)
	if err != nil {
		return err
	}
	response, err := s.http.Do(request)
	if err != nil {
		return unaddressed(err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswerBytes) // so that the connection is used again
	return verdict(response)
}

func (s sender) request(ctx context.Context, j job) (*http.Request, error) {
	body, contentType, err := bodyOf(j)
	if err != nil {
		return nil, backoff.Permanent(fmt.Errorf("cannot write the message: %w", err))
	}
	address, err := s.address(ctx, j.place)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, backoff.Permanent(errors.New("the URL in the Secret is not an address such as https://events.example.com/rollouts"))
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", "evenkeel")
	if j.place.HTTP == nil {
		return request, nil
	}
	for name, from := range j.place.HTTP.HeadersFrom {
		value, err := s.secret(ctx, from)
		if err != nil {
			return nil, err
		}
		request.Header.Set(name, value)
	}
	return request, nil
}

// address is where a place is: in the policy, or in a Secret.
func (s sender) address(ctx context.Context, place policy.Notification) (string, error) {
	from := place.Slack
	if place.HTTP != nil {
		if place.HTTP.URL != "" {
			return place.HTTP.URL, nil
		}
		from = place.HTTP.URLFrom
	}
	address, err := s.secret(ctx, *from)
	if err != nil {
		return "", err
	}
	if u, err := url.Parse(address); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", backoff.Permanent(fmt.Errorf("key %q of Secret %q is not an address such as https://events.example.com/rollouts", from.Key, from.Secret))
	}
	return address, nil
}

// secret reads a value now, so that one that was changed counts at once.
func (s sender) secret(ctx context.Context, from policy.SecretKey) (string, error) {
	var object corev1.Secret
	err := s.secrets.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: from.Secret}, &object)
	switch {
	case apierrors.IsForbidden(err):
		return "", backoff.Permanent(fmt.Errorf("cannot read Secret %q: it is not listed in the chart's value notifications.secrets", from.Secret))
	case err != nil:
		return "", fmt.Errorf("cannot read Secret %q: %w", from.Secret, err)
	}
	value := strings.TrimSpace(string(object.Data[from.Key]))
	if value == "" {
		return "", backoff.Permanent(fmt.Errorf("cannot use Secret %q: it has nothing under the key %q", from.Secret, from.Key))
	}
	return value, nil
}

// unaddressed is an error of net/http without the address, which it names.
func unaddressed(err error) error {
	var named *url.Error
	if errors.As(err, &named) {
		err = named.Err
	}
	return fmt.Errorf("cannot reach the place: %w", err)
}

// verdict is what a place's answer means: taken, later, or never.
func verdict(response *http.Response) error {
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusTooManyRequests:
		seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
		if err != nil || seconds < 0 {
			return errors.New("the place answered 429")
		}
		return backoff.RetryAfter(min(max(seconds, 1), longestRest))
	case code == http.StatusRequestTimeout || code >= 500:
		return fmt.Errorf("the place answered %d", code)
	default:
		return backoff.Permanent(fmt.Errorf("the place answered %d, which no further try can mend", code))
	}
}
