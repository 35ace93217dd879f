// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// volume fills in the source that a volume has; one without any is an emptyDir.
func volume(v *corev1.Volume) {
	if ptr.AllPtrFieldsNil(&v.VolumeSource) {
		v.EmptyDir = &corev1.EmptyDirVolumeSource{}
	}
	fileVolume(&v.VolumeSource)
	nodeVolume(&v.VolumeSource)
	diskVolume(&v.VolumeSource)
}

// fileVolume fills in the sources whose content is an object of the API.
func fileVolume(v *corev1.VolumeSource) {
	if v.ConfigMap != nil {
		set(&v.ConfigMap.DefaultMode, ptr.To(corev1.ConfigMapVolumeSourceDefaultMode))
	}
	if v.Secret != nil {
		set(&v.Secret.DefaultMode, ptr.To(corev1.SecretVolumeSourceDefaultMode))
	}
	if v.DownwardAPI != nil {
		set(&v.DownwardAPI.DefaultMode, ptr.To(corev1.DownwardAPIVolumeSourceDefaultMode))
		downwardFiles(v.DownwardAPI.Items)
	}
	if v.Projected != nil {
		set(&v.Projected.DefaultMode, ptr.To(corev1.ProjectedVolumeSourceDefaultMode))
		for i := range v.Projected.Sources {
			projection(&v.Projected.Sources[i])
		}
	}
}

func projection(p *corev1.VolumeProjection) {
	if p.DownwardAPI != nil {
		downwardFiles(p.DownwardAPI.Items)
	}
	if p.ServiceAccountToken != nil {
		set(&p.ServiceAccountToken.ExpirationSeconds, ptr.To[int64](60*60))
	}
}

func downwardFiles(files []corev1.DownwardAPIVolumeFile) {
	for i := range files {
		fieldRef(files[i].FieldRef)
	}
}

// nodeVolume fills in the sources that a node, an image or a new claim provides.
func nodeVolume(v *corev1.VolumeSource) {
	if v.HostPath != nil {
		set(&v.HostPath.Type, ptr.To(corev1.HostPathUnset))
	}
	if v.Image != nil {
		set(&v.Image.PullPolicy, pullPolicy(v.Image.Reference))
	}
	if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
		claim := &v.Ephemeral.VolumeClaimTemplate.Spec
		set(&claim.VolumeMode, ptr.To(corev1.PersistentVolumeFilesystem))
		roundUp(claim.Resources.Limits)
		roundUp(claim.Resources.Requests)
	}
}

// diskVolume fills in the sources that name a disk on the network.
func diskVolume(v *corev1.VolumeSource) {
	if v.ISCSI != nil {
		set(&v.ISCSI.ISCSIInterface, "default")
	}
	if v.RBD != nil {
		set(&v.RBD.RBDPool, "rbd")
		set(&v.RBD.RadosUser, "admin")
		set(&v.RBD.Keyring, "/etc/ceph/keyring")
	}
	if v.ScaleIO != nil {
		set(&v.ScaleIO.StorageMode, "ThinProvisioned")
		set(&v.ScaleIO.FSType, "xfs")
	}
	if v.AzureDisk != nil {
		set(&v.AzureDisk.CachingMode, ptr.To(corev1.AzureDataDiskCachingReadWrite))
		set(&v.AzureDisk.FSType, ptr.To("ext4"))
		set(&v.AzureDisk.ReadOnly, ptr.To(false))
		set(&v.AzureDisk.Kind, ptr.To(corev1.AzureSharedBlobDisk))
	}
}
