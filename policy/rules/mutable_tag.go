// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// movingTags are tags that mean another image tomorrow, by convention.
var movingTags = []string{"latest", "main", "master", "edge", "dev", "develop", "nightly", "snapshot", "stable", "head", "trunk"}

// mutableTag finds an image that is another one tomorrow: pods of one revision
// differ, what runs changes without a rollout, and going back brings nothing back.
//
// Reads the images of all containers. A digest fixes an image whatever its tag.
func mutableTag(d world) (int, string) {
	spec := &d.Spec.Template.Spec
	count, message := 0, ""
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		why := moving(c)
		if why == "" {
			continue
		}
		if count++; count == 1 {
			name, _, _ := splitImage(c.Image)
			message = fmt.Sprintf("image %q of container %q %s: it may be another one tomorrow, and going back brings nothing back. Write a version:\n  image: %s:VERSION",
				c.Image, c.Name, why, name)
		}
	}
	if count > 1 {
		first, fix, _ := strings.Cut(message, "\n")
		message = fmt.Sprintf("%s\n%s\n(and %d more)", first, fix, count-1)
	}
	return count, message
}

func moving(c corev1.Container) string {
	_, tag, digest := splitImage(c.Image)
	switch {
	case digest != "" || c.Image == "":
		return ""
	case tag == "":
		return "has no tag, which means latest"
	case slices.Contains(movingTags, strings.ToLower(tag)):
		return "has a tag that moves"
	default:
		return ""
	}
}

// splitImage takes an image's reference apart.
func splitImage(image string) (name, tag, digest string) {
	rest, digest, _ := strings.Cut(image, "@")
	slash := strings.LastIndex(rest, "/") + 1
	last, tag, _ := strings.Cut(rest[slash:], ":")
	return rest[:slash] + last, tag, digest
}
