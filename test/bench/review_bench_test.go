// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/webhook"
)

// write is one kind of write, as the bytes that the API server sends for it.
type write struct {
	name string
	body func(Size) []byte
}

var writes = []write{
	{"create", func(s Size) []byte { return review(admissionv1.Create, nil, s.sent()) }},
	{"label", func(s Size) []byte { // a label is added, nothing rolls
		incoming := stored(s)
		incoming.Labels["tier"] = "web"
		return review(admissionv1.Update, stored(s), incoming)
	}},
	{"image", func(s Size) []byte { return review(admissionv1.Update, stored(s), WithImage(stored(s), "v2")) }},
}

// stored is the object as it came out of the admission of its creation.
func stored(s Size) *appsv1.Deployment {
	patch, err := jsonpatch.DecodePatch(answered(review(admissionv1.Create, nil, s.sent())).Patch)
	must(err)
	text, err := patch.Apply(marshal(s.sent()))
	must(err)
	out := &appsv1.Deployment{}
	must(json.Unmarshal(text, out))
	return out
}

// answered sends a review to a handler of its own.
func answered(body []byte) *admissionv1.AdmissionResponse {
	out := &response{header: http.Header{}}
	handler().ServeHTTP(out, post("/mutate/deployments", body))
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(out.body.Bytes(), &review); err != nil {
		panic(out.body.String())
	}
	return review.Response
}

func review(operation admissionv1.Operation, old, incoming *appsv1.Deployment) []byte {
	kind := metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	resource := metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	request := &admissionv1.AdmissionRequest{
		UID: "0f2c8a06-6c05-4a43-8c0a-6a6f3b0a6b2f", Kind: kind, RequestKind: &kind, Resource: resource, RequestResource: &resource,
		Name: "demo", Namespace: "shop", Operation: operation,
		UserInfo: authenticationv1.UserInfo{Username: "team", Groups: []string{"system:authenticated"}},
		Object:   runtime.RawExtension{Raw: marshal(incoming)}, Options: runtime.RawExtension{Raw: []byte(`{"kind":"UpdateOptions","apiVersion":"meta.k8s.io/v1"}`)},
	}
	if old != nil {
		request.OldObject.Raw = marshal(old)
	}
	return marshal(admissionv1.AdmissionReview{TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"}, Request: request})
}

// response keeps what a handler writes.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) { r.status = status }

func (r *response) Write(text []byte) (int, error) { return r.body.Write(text) }

func (r *response) reset() {
	clear(r.header)
	r.status = http.StatusOK
	r.body.Reset()
}

func handler() http.Handler {
	m := http.NewServeMux()
	webhook.New(webhook.Options{Cache: newReader(), Policies: config.NewStore(), Self: "evenkeel", Log: logr.Discard()}).Register(m.Handle)
	return m
}

// post makes a server's request of a body.
func post(path string, body []byte) *http.Request {
	return &http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: path}, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// BenchmarkReview is the whole way through the handler.
func BenchmarkReview(b *testing.B) {
	h := handler()
	for _, path := range []string{"mutate", "validate"} {
		for _, s := range Sizes {
			for _, w := range writes {
				body := w.body(s)
				b.Run(path+"/"+s.Name+"/"+w.name, func(b *testing.B) {
					out := &response{header: http.Header{}}
					b.SetBytes(int64(len(body)))
					b.ReportAllocs()
					for b.Loop() {
						out.reset()
						h.ServeHTTP(out, post("/"+path+"/deployments", body))
					}
					if out.status != http.StatusOK {
						b.Fatal(out.body.String())
					}
				})
			}
		}
	}
}

// BenchmarkDecode is what every webhook of this kind does first: the review,
// then the object and the old object, each by encoding/json.
func BenchmarkDecode(b *testing.B) {
	for _, s := range Sizes {
		for _, w := range writes {
			body := w.body(s)
			b.Run(s.Name+"/"+w.name, func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					if err := decode(body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func decode(body []byte) error {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil {
		return err
	}
	for _, raw := range [][]byte{review.Request.Object.Raw, review.Request.OldObject.Raw} {
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &appsv1.Deployment{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// What is measured is what it says: the sizes, and reviews with these answers.
func TestTheReviewsAreReal(t *testing.T) {
	answers := map[string]string{
		"create": `"path":"/spec/strategy/rollingUpdate/maxUnavailable","value":0`,
		"label":  "",
		"image":  `"path":"/spec/template/metadata/labels/app.kubernetes.io~1version","value":"v2"`,
	}
	for _, s := range Sizes {
		bytes := len(marshal(stored(s)))
		assert.Greater(t, bytes, s.atLeast, s.Name)
		assert.Less(t, bytes, s.atMost, s.Name)
		for _, w := range writes {
			response := answered(w.body(s))
			assert.True(t, response.Allowed)
			if answers[w.name] == "" {
				assert.Empty(t, response.Patch, s.Name)
			}
			assert.Contains(t, string(response.Patch), answers[w.name], s.Name)
		}
	}
}
