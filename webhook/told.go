// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
)

// told are the Events of admission: a warning is seen by whoever types, and by no
// one where a program applies what stands in git.
type told struct {
	events events.EventRecorder // writes on its own time; nil tells nobody
}

// plain tells that a release which somebody asked for became a plain rolling
// update, once that is answered. A dry run tells nobody.
func (t told) plain(request *admissionv1.AdmissionRequest, object runtime.Object, why string) {
	if why == "" || t.events == nil || ptr.Deref(request.DryRun, false) {
		return
	}
	t.events.Eventf(object, nil, corev1.EventTypeWarning, "PlainRollingUpdate", "Release", "%s", why)
}
