// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Identity is one certificate: the file that it goes to, who it is for, and the
// names and addresses that it serves.
type Identity struct {
	Name, User, Group string
	Hosts             []string
}

// authority signs; its files lie in dir.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Write fills a folder: ca.crt and ca.key; NAME.crt, NAME.key and NAME.kubeconfig
// (which speaks to server) of each identity; sa.key and sa.pub.
func Write(dir, server string, identities []Identity) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	a, err := newAuthority(dir)
	if err != nil {
		return fmt.Errorf("cannot make the certificate authority: %w", err)
	}
	for _, id := range identities {
		if err := a.issue(id, server); err != nil {
			return fmt.Errorf("cannot issue the certificate of %s: %w", id.Name, err)
		}
	}
	return a.writeTokenKeys()
}

func newAuthority(dir string) (*authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := template("cluster-ca", "")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature, nil
	a := &authority{dir: dir, cert: template, key: key}
	der, err := a.sign("ca", template, key)
	if err != nil {
		return nil, err
	}
	a.cert, err = x509.ParseCertificate(der)
	return a, err
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func template(user, group string) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: user},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(0, 1, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if group != "" {
		t.Subject.Organization = []string{group}
	}
	return t
}

func serial() *big.Int {
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return number.Add(number, big.NewInt(1))
}

// issue writes the files of one identity.
func (a *authority) issue(id Identity, server string) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	template := template(id.User, id.Group)
	for _, host := range id.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if _, err := a.sign(id.Name, template, key); err != nil {
		return err
	}
	return a.writeKubeconfig(id.Name, server)
}

func (a *authority) writeKubeconfig(name, server string) error {
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"local",
"clusters":[{"name":"local","cluster":{"server":%q,"certificate-authority":%q}}],
"users":[{"name":%q,"user":{"client-certificate":%q,"client-key":%q}}],
"contexts":[{"name":"local","context":{"cluster":"local","user":%q}}]}
`, server, a.path("ca.crt"), name, a.path(name+".crt"), a.path(name+".key"), name)
	return os.WriteFile(a.path(name+".kubeconfig"), []byte(text), 0o600)
}

// sign signs a certificate and writes it and its key.
func (a *authority) sign(name string, template *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	return der, errors.Join(a.writePEM(name+".crt", "CERTIFICATE", der), a.writeKey(name, key))
}

// writeTokenKeys writes the pair that signs and verifies service account tokens.
func (a *authority) writeTokenKeys() error {
	key, err := newKey()
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	return errors.Join(a.writeKey("sa", key), a.writePEM("sa.pub", "PUBLIC KEY", public))
}

func (a *authority) writeKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return a.writePEM(name+".key", "EC PRIVATE KEY", der)
}

func (a *authority) writePEM(name, kind string, der []byte) error {
	return os.WriteFile(a.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }
