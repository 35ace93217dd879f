// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// client speaks to the API server as the administrator.
func (n *inner) client() (*http.Client, error) {
	cert, err := tls.LoadX509KeyPair(n.path("pki", "admin.crt"), n.path("pki", "admin.key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(n.path("pki", "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("no certificate in ca.crt")
	}
	return &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, Certificates: []tls.Certificate{cert}},
	}}, nil
}

// get reads a path of the API server; into may be nil.
func (n *inner) get(path string, into any) error {
	client, err := n.client()
	if err != nil {
		return err
	}
	answer, err := client.Get(APIServer + path)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, answer.Status)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// condition returns nil when the object at path has a condition that is True.
func (n *inner) condition(path, kind string) error {
	var object struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := n.get(path, &object); err != nil {
		return err
	}
	for _, condition := range object.Status.Conditions {
		if condition.Type != kind {
			continue
		}
		if condition.Status == "True" {
			return nil
		}
		return fmt.Errorf("%s is not %s: %s", path, kind, condition.Message)
	}
	return fmt.Errorf("%s is not %s yet", path, kind)
}
