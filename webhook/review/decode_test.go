// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package review

import (
	"encoding/json"
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/randfill"
)

// filler fills objects with valid values, the same ones each time.
func filler() *randfill.Filler {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	return fuzzer.FuzzerFor(metafuzzer.Funcs, rand.NewSource(1), serializer.NewCodecFactory(scheme))
}

// Whatever the API server sends is read as the API server reads it.
func TestADeploymentIsReadAsTheAPIServerDoes(t *testing.T) {
	fill := filler()
	for range 300 {
		var sent appsv1.Deployment
		fill.Fill(&sent)
		text, err := json.Marshal(&sent)
		require.NoError(t, err)
		readAlike(t, string(text))
	}
	for _, text := range []string{
		`{}`, `null`, ``, `[]`, `{"spec":5}`, `{"spec":null,"metadata":null}`, `{"spec":{"template":null}}`,
		`{"Spec":{"replicas":5},"spec":{"Replicas":5}}`, `{"spec":{"replicas":1},"spec":{"replicas":2}}`,
		`{"spec":{"replicas":1.5}}`, `{"spec":{"replicas":"1"}}`, `{"spec":{"replicas":12345678901}}`,
		`{"metadata":{"labels":{"a":"\ud83d\ude00\u00e9\n","a":"b"},"creationTimestamp":null,"unknown":[{"x":1e400}]}}`,
		`{"spec":{"template":{"spec":{"containers":[{"name":"a","unknown":{"b":[1]},"readinessProbe":{"tcpSocket":{"port":"http"}}}]}}}}`,
		`{"spec":{"strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":"25%"}},"template":{"spec":{"containers":[{"resources":{"limits":{"cpu":0.5,"memory":"1Gi"}}}]}}}}`,
		` {"spec" : { "template" : { "metadata": {"name":"x"} } } } `, `{"spec":{}} x`, `{"spec":`,
	} {
		readAlike(t, text)
	}
}

func readAlike(t *testing.T, text string) {
	t.Helper()
	var theirs appsv1.Deployment
	refused := kjson.UnmarshalCaseSensitivePreserveInts([]byte(text), &theirs)
	ours, template, err := Deployment([]byte(text), Template{})
	if refused != nil {
		assert.Error(t, err, text)
		return
	}
	require.NoError(t, err, text)
	assert.Equal(t, &theirs, ours, text)
	again, _, err := Deployment([]byte(text), template)
	require.NoError(t, err, text)
	assert.Equal(t, &theirs, again, "with a template that is known")
}

func TestAReviewIsReadAsTheAPIServerDoes(t *testing.T) {
	fill := filler()
	for range 100 {
		var sent, theirs admissionv1.AdmissionReview
		fill.Fill(&sent)
		if sent.Response = nil; sent.Request != nil {
			sent.Request.Object.Raw = []byte(`{"a":[1,{"b":"}"}]}`)
			sent.Request.OldObject.Raw, sent.Request.Options.Raw = nil, nil
		}
		text, err := json.Marshal(&sent)
		require.NoError(t, err)
		spaced := strings.ReplaceAll(string(text), `"object":`, "\"object\" :\n ")
		require.NoError(t, kjson.UnmarshalCaseSensitivePreserveInts([]byte(spaced), &theirs))
		ours, err := decodeReview([]byte(spaced))
		require.NoError(t, err)
		assert.Equal(t, &theirs, ours)
	}
}
