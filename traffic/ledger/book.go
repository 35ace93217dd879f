// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	// Most is how many records one workload's ledger has; the oldest go first.
	Most = 10
	// MaxBytes bounds the records of one ledger; the oldest go first.
	MaxBytes = 256 << 10
	// Role is the value of the label rollout.RoleLabel of a ledger's ConfigMap.
	Role = "ledger"

	suffix      = "-releases"
	maxName     = 253
	stampLayout = "20060102T150405.000Z"
	// aside begins the key of what could not be read.
	aside = "unreadable-"
)

// recordKey is what keys of records look like: when it began, and of which canary.
var recordKey = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-[-._a-zA-Z0-9]+\.json$`)

// errOther tells a record that another version of Evenkeel wrote.
var errOther = errors.New("this version of Evenkeel reads " + APIVersion)

// Name is the name of the ConfigMap with the ledger of a workload: a Deployment's
// is NAME-releases, a StatefulSet's NAME-statefulset-releases. A name that would be
// too long is cut, and told apart by its hash.
func Name(kind, workload string) string {
	end := suffix
	if kind != "Deployment" {
		end = "-" + strings.ToLower(kind) + suffix
	}
	if len(workload)+len(end) <= maxName {
		return workload + end
	}
	sum := sha256.Sum256([]byte(workload))
	hash := "-" + hex.EncodeToString(sum[:])[:8]
	return strings.TrimRight(workload[:maxName-len(end)-len(hash)], "-.") + hash + end
}

// key names the record in the data; keys sort by when the releases began.
func (r Record) key() string {
	return r.began().UTC().Format(stampLayout) + "-" + cmp.Or(r.To.Hash, "none") + ".json"
}

// Append gives the data of a ledger with a record more, within its bounds; a
// record of the same release is replaced. What cannot be read is kept under
// another key, and told in the error, beside which the data is good all the same.
// What another version of Evenkeel wrote stays as it is.
func Append(data map[string]string, r Record) (map[string]string, error) {
	out := maps.Clone(data)
	if out == nil {
		out = map[string]string{}
	}
	others, err := putAside(out, r.key())
	own := r.String()
	total := len(own)
	for _, key := range others {
		total += len(out[key])
	}
	for len(others) > 0 && (len(others) >= Most || total > MaxBytes) {
		total -= len(out[others[0]])
		delete(out, others[0])
		others = others[1:]
	}
	out[r.key()] = own
	return out, err
}

// Has tells whether a ledger has the record of a release already, with the same end,
// whenever that was: a release ends once, however often it is said.
func Has(data map[string]string, r Record) bool {
	there, err := parse(r.key(), data[r.key()])
	return err == nil && there.ID == r.ID && there.Result == r.Result && there.Reason == r.Reason
}

// putAside gives what cannot be read another key, and gives the keys of all other
// records but one's own, the oldest first.
func putAside(data map[string]string, own string) (others []string, _ error) {
	var broken []error
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if !recordKey.MatchString(key) {
			continue
		}
		switch _, err := parse(key, data[key]); {
		case errors.Is(err, errOther) && key != own:
		case err != nil:
			broken = append(broken, err)
			data[free(data, aside+key)] = data[key]
			delete(data, key)
		case key != own: // the same release again takes its own place
			others = append(others, key)
		}
	}
	return others, errors.Join(broken...)
}

// free is a key that nothing stands under.
func free(data map[string]string, key string) string {
	name := key
	for n := 2; ; n++ {
		if _, taken := data[name]; !taken {
			return name
		}
		name = fmt.Sprintf("%s-%d", key, n)
	}
}

// Read gives the records of a ledger, the oldest first. What cannot be read is
// told in the error; all others are there all the same.
func Read(object *corev1.ConfigMap) ([]Record, error) {
	var out []Record
	var broken []error
	for _, key := range slices.Sorted(maps.Keys(object.Data)) {
		if !recordKey.MatchString(key) {
			continue
		}
		r, err := parse(key, object.Data[key])
		if err != nil {
			broken = append(broken, err)
			continue
		}
		out = append(out, r)
	}
	return out, errors.Join(broken...)
}

func parse(key, text string) (Record, error) {
	var r Record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return Record{}, fmt.Errorf("cannot read the record %q: %w", key, err)
	}
	if r.APIVersion != APIVersion {
		return Record{}, fmt.Errorf("cannot read the record %q of apiVersion %q: %w", key, r.APIVersion, errOther)
	}
	return r, nil
}
