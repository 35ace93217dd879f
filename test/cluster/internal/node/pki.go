// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The addresses inside the node's network namespace.
const (
	nodeAddress = "10.10.0.1"
	serviceIP   = "10.96.0.1"
	apiServer   = "https://" + nodeAddress + ":6443"
)

// pki writes the cluster's certificates and kubeconfigs into a folder.
type pki struct {
	dir   string
	ca    *x509.Certificate
	caKey *ecdsa.PrivateKey
}

// identity is one certificate: who it is for, and the names that it serves.
type identity struct {
	name, user, group string
	hosts             []string
	kubeconfig        bool
}

var identities = []identity{
	{name: "apiserver", user: "kube-apiserver", hosts: []string{
		nodeAddress, "127.0.0.1", serviceIP, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost",
	}},
	{name: "kubelet", user: "system:node:node", group: "system:nodes", hosts: []string{nodeAddress, "node"}, kubeconfig: true},
	{name: "admin", user: "admin", group: "system:masters", kubeconfig: true},
	{name: "apiserver-kubelet", user: "apiserver-kubelet", group: "system:masters"},
	{name: "kcm", user: "system:kube-controller-manager", kubeconfig: true},
	{name: "scheduler", user: "system:kube-scheduler", kubeconfig: true},
	{name: "proxy", user: "system:kube-proxy", kubeconfig: true},
	{name: "traefik", user: "traefik", kubeconfig: true},
}

// writePKI makes everything anew.
func writePKI(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	p := &pki{dir: dir}
	var err error
	if p.caKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	template := p.template("cluster-ca", "")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	p.ca = template
	if err := p.write("ca", template, p.caKey); err != nil {
		return err
	}
	for _, id := range identities {
		if err := p.issue(id); err != nil {
			return fmt.Errorf("cannot issue the certificate of %s: %w", id.name, err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := p.writeKey("sa", key); err != nil {
		return err
	}
	return p.writePEM("sa.pub", "PUBLIC KEY", public)
}

func (p *pki) template(user, group string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: user},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 1, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if group != "" {
		t.Subject.Organization = []string{group}
	}
	return t
}

func (p *pki) issue(id identity) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := p.template(id.user, id.group)
	for _, host := range id.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if err := p.write(id.name, template, key); err != nil {
		return err
	}
	if !id.kubeconfig {
		return nil
	}
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"local",
"clusters":[{"name":"local","cluster":{"server":%q,"certificate-authority":%q}}],
"users":[{"name":"user","user":{"client-certificate":%q,"client-key":%q}}],
"contexts":[{"name":"local","context":{"cluster":"local","user":"user"}}]}
`, apiServer, p.path("ca.crt"), p.path(id.name+".crt"), p.path(id.name+".key"))
	return os.WriteFile(p.path(id.name+".kubeconfig"), []byte(text), 0o600)
}

func (p *pki) write(name string, template *x509.Certificate, key *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, template, p.ca, &key.PublicKey, p.caKey)
	if err != nil {
		return err
	}
	if err := p.writePEM(name+".crt", "CERTIFICATE", der); err != nil {
		return err
	}
	return p.writeKey(name, key)
}

func (p *pki) writeKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return p.writePEM(name+".key", "EC PRIVATE KEY", der)
}

func (p *pki) writePEM(name, kind string, der []byte) error {
	return os.WriteFile(p.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

func (p *pki) path(name string) string { return filepath.Join(p.dir, name) }
