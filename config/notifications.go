// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/url"
	"slices"

	"golang.org/x/net/http/httpguts"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/notify/message"
)

// maxNotifications bounds how many places are told.
const maxNotifications = 20

// Notification says where rollouts are told of, and which of them. It has either
// slack or http.
type Notification struct {
	// Name is how logs and messages speak of it.
	Name string `json:"name"`
	// When lists the moments that are told: started, waiting, rollingBack, ended;
	// all of them where left out. (It is not "on", which YAML reads as true.)
	When []string `json:"when,omitempty" jsonschema:"enum=started,enum=waiting,enum=rollingBack,enum=ended"`
	// Namespaces are names or globs such as "shop-*"; all where left out.
	Namespaces []string `json:"namespaces,omitempty"`
	// Slack is a webhook that takes Slack's JSON, as Mattermost and others do.
	Slack *SlackTarget `json:"slack,omitempty"`
	// HTTP gets a CloudEvent by POST.
	HTTP *HTTPTarget `json:"http,omitempty"`
	// Template is a Go template over the message's fields: Moment, Kind, Namespace,
	// Name, Reason, Text, Phase, Warning, Time.
	Template string `json:"template,omitempty"`
}

// SlackTarget is a Slack-compatible webhook, whose URL is a secret.
type SlackTarget struct {
	URLFrom SecretKey `json:"urlFrom"`
}

// HTTPTarget is where CloudEvents are sent. It has either url or urlFrom.
type HTTPTarget struct {
	// URL is http or https.
	URL     string     `json:"url,omitempty"`
	URLFrom *SecretKey `json:"urlFrom,omitempty"`
	// HeadersFrom are headers, by their names, whose values stand in Secrets.
	HeadersFrom map[string]SecretKey `json:"headersFrom,omitempty"`
}

// SecretKey names a key of a Secret in Evenkeel's own namespace.
type SecretKey struct {
	Secret string `json:"secret"`
	Key    string `json:"key"`
}

func validateNotifications(all []Notification, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(all) > maxNotifications {
		return field.ErrorList{field.TooMany(at, len(all), maxNotifications)}
	}
	names := map[string]bool{}
	for i, one := range all {
		here := at.Index(i)
		if one.Name == "" {
			errs = append(errs, field.Required(here.Child("name"), "every notification has a name, by which logs speak of it"))
		} else if names[one.Name] {
			errs = append(errs, field.Duplicate(here.Child("name"), one.Name))
		}
		names[one.Name] = true
		errs = append(errs, validateNotification(one, here)...)
	}
	return errs
}

func validateNotification(one Notification, at *field.Path) field.ErrorList {
	errs := validateMatch(Match{Namespaces: one.Namespaces}, at)
	for i, word := range one.When {
		if !slices.Contains(policy.Moments(), policy.Moment(word)) {
			errs = append(errs, field.NotSupported(at.Child("when").Index(i), policy.Moment(word), policy.Moments()))
		}
	}
	switch {
	case (one.Slack == nil) == (one.HTTP == nil):
		errs = append(errs, field.Required(at, "either slack or http, and not both"))
	case one.Slack != nil:
		errs = append(errs, validateSecretKey(one.Slack.URLFrom, at.Child("slack", "urlFrom"))...)
	default:
		errs = append(errs, validateHTTP(*one.HTTP, at.Child("http"))...)
	}
	if _, err := message.ParseTemplate(one.Template); err != nil {
		errs = append(errs, field.Invalid(at.Child("template"), one.Template, err.Error()))
	}
	return errs
}

func validateHTTP(target HTTPTarget, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case (target.URL == "") == (target.URLFrom == nil):
		errs = append(errs, field.Required(at, "either url or urlFrom, and not both"))
	case target.URLFrom != nil:
		errs = append(errs, validateSecretKey(*target.URLFrom, at.Child("urlFrom"))...)
	default:
		if u, err := url.Parse(target.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
			errs = append(errs, field.Invalid(at.Child("url"), target.URL, "an address such as https://events.example.com/rollouts, without a user; one that is secret stands in urlFrom"))
		}
	}
	for name, from := range target.HeadersFrom {
		here := at.Child("headersFrom").Key(name)
		if !httpguts.ValidHeaderFieldName(name) {
			errs = append(errs, field.Invalid(here, name, "the name of an HTTP header"))
		}
		errs = append(errs, validateSecretKey(from, here)...)
	}
	return errs
}

func validateSecretKey(from SecretKey, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if problems := validation.IsDNS1123Subdomain(from.Secret); len(problems) > 0 {
		errs = append(errs, field.Invalid(at.Child("secret"), from.Secret, "the name of a Secret in Evenkeel's namespace"))
	}
	if problems := validation.IsConfigMapKey(from.Key); len(problems) > 0 {
		errs = append(errs, field.Invalid(at.Child("key"), from.Key, fmt.Sprintf("a key of the Secret: %s", problems[0])))
	}
	return errs
}

func resolveNotifications(all []Notification) []policy.Notification {
	var out []policy.Notification
	for _, one := range all {
		n := policy.Notification{Name: one.Name, Match: policy.Match{Namespaces: one.Namespaces}, Template: one.Template}
		for _, word := range one.When {
			n.When = append(n.When, policy.Moment(word))
		}
		if one.Slack != nil {
			n.Slack = one.Slack.URLFrom.resolve()
		}
		if one.HTTP != nil {
			n.HTTP = one.HTTP.resolve()
		}
		out = append(out, n)
	}
	return out
}

func (t HTTPTarget) resolve() *policy.HTTPTarget {
	out := &policy.HTTPTarget{URL: t.URL}
	if t.URLFrom != nil {
		out.URLFrom = t.URLFrom.resolve()
	}
	for name, from := range t.HeadersFrom {
		if out.HeadersFrom == nil {
			out.HeadersFrom = map[string]policy.SecretKey{}
		}
		out.HeadersFrom[name] = *from.resolve()
	}
	return out
}

func (k SecretKey) resolve() *policy.SecretKey {
	return &policy.SecretKey{Secret: k.Secret, Key: k.Key}
}
