// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
)

// Told are the Events of admission: a warning is seen by whoever types, and by no
// one where a program applies what stands in git.
type Told struct {
	Events events.EventRecorder // writes on its own time; nil tells nobody
}

// Plain tells that a release which somebody asked for became a plain rolling
// update, once that is answered. A dry run tells nobody.
func (t Told) Plain(request *admissionv1.AdmissionRequest, object runtime.Object, why string) {
	if why == "" || t.Events == nil || ptr.Deref(request.DryRun, false) {
		return
	}
	t.Events.Eventf(object, nil, corev1.EventTypeWarning, "PlainRollingUpdate", "Release", "%s", why)
}
