// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaults

import "testing"

func TestVolumes(t *testing.T) {
	become(t, volume, map[string]string{
		`{name: v}`:                              `{name: v, emptyDir: {}}`,
		`{emptyDir: {medium: Memory}}`:           `{emptyDir: {medium: Memory}}`,
		`{nfs: {server: s, path: p}}`:            `{nfs: {server: s, path: p}}`,
		`{configMap: {name: a}}`:                 `{configMap: {name: a, defaultMode: 420}}`,
		`{configMap: {name: a, defaultMode: 0}}`: `{configMap: {name: a, defaultMode: 0}}`,
		`{secret: {secretName: a}}`:              `{secret: {secretName: a, defaultMode: 420}}`,
		`{downwardAPI: {items: [{path: a, fieldRef: {fieldPath: b}}, {path: c, resourceFieldRef: {resource: d}}]}}`:                                                              `{downwardAPI: {defaultMode: 420, items: [{path: a, fieldRef: {apiVersion: v1, fieldPath: b}}, {path: c, resourceFieldRef: {resource: d}}]}}`,
		`{projected: {sources: [{serviceAccountToken: {path: a}}, {downwardAPI: {items: [{path: a, fieldRef: {fieldPath: b}}]}}, {secret: {name: a}}, {configMap: {name: a}}]}}`: `{projected: {defaultMode: 420, sources: [{serviceAccountToken: {path: a, expirationSeconds: 3600}}, {downwardAPI: {items: [{path: a, fieldRef: {apiVersion: v1, fieldPath: b}}]}}, {secret: {name: a}}, {configMap: {name: a}}]}}`,
		`{hostPath: {path: a}}`:             `{hostPath: {path: a, type: ""}}`,
		`{hostPath: {path: a, type: File}}`: `{hostPath: {path: a, type: File}}`,
		`{image: {reference: a}}`:           `{image: {reference: a, pullPolicy: Always}}`,
		`{image: {reference: "a:1"}}`:       `{image: {reference: "a:1", pullPolicy: IfNotPresent}}`,
		`{ephemeral: {volumeClaimTemplate: {spec: {resources: {limits: {storage: 0.1m}, requests: {storage: 0.1m}}}}}}`: `{ephemeral: {volumeClaimTemplate: {spec: {volumeMode: Filesystem, resources: {limits: {storage: 1m}, requests: {storage: 1m}}}}}}`,
		`{ephemeral: {volumeClaimTemplate: {spec: {volumeMode: Block}}}}`:                                               `{ephemeral: {volumeClaimTemplate: {spec: {volumeMode: Block}}}}`,
		`{ephemeral: {}}`:            `{ephemeral: {}}`,
		`{iscsi: {lun: 0}}`:          `{iscsi: {lun: 0, iscsiInterface: default}}`,
		`{rbd: {monitors: [a]}}`:     `{rbd: {monitors: [a], pool: rbd, user: admin, keyring: /etc/ceph/keyring}}`,
		`{scaleIO: {system: a}}`:     `{scaleIO: {system: a, storageMode: ThinProvisioned, fsType: xfs}}`,
		`{azureDisk: {diskName: a}}`: `{azureDisk: {diskName: a, cachingMode: ReadWrite, fsType: ext4, readOnly: false, kind: Shared}}`,
		`{azureDisk: {diskName: a, cachingMode: None, fsType: xfs, readOnly: true, kind: Managed}}`: `{azureDisk: {diskName: a, cachingMode: None, fsType: xfs, readOnly: true, kind: Managed}}`,
	})
}
