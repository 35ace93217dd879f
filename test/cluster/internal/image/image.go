// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
)

// Image is what is packed.
type Image struct {
	// Name is the full name with its tag.
	Name string
	// Path is where the binary lies, and what the image runs.
	Path   string
	Binary []byte
	Env    []string
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Write writes the image's tar, and gives the digest that the image has in a
// store once it is imported.
func (i Image) Write(w io.Writer) (string, error) {
	layer, err := i.layer()
	if err != nil {
		return "", err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{i.Path}, "User": "65532:65532", "Env": append([]string{"PATH=/"}, i.Env...)},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digest(layer)}},
	})
	if err != nil {
		return "", err
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": describe("application/vnd.oci.image.config.v1+json", config, nil),
		"layers": []descriptor{describe("application/vnd.oci.image.layer.v1.tar", layer, nil)},
	})
	if err != nil {
		return "", err
	}
	index, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
		"manifests": []descriptor{describe("application/vnd.oci.image.manifest.v1+json", manifest, map[string]string{"io.containerd.image.name": i.Name})},
	})
	if err != nil {
		return "", err
	}
	t := tar.NewWriter(w)
	files := []struct {
		name string
		data []byte
	}{
		{"oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{"index.json", index},
		{blob(config), config},
		{blob(manifest), manifest},
		{blob(layer), layer},
	}
	for _, file := range files {
		if err := put(t, file.name, 0o644, file.data); err != nil {
			return "", err
		}
	}
	return digest(manifest), t.Close()
}

// layer is the image's only one: the binary, and what most programs expect.
func (i Image) layer() ([]byte, error) {
	var out bytes.Buffer
	t := tar.NewWriter(&out)
	for _, dir := range []string{"etc/", "tmp/", "proc/", "sys/", "dev/"} {
		mode := int64(0o755)
		if dir == "tmp/" {
			mode = 0o1777
		}
		if err := t.WriteHeader(&tar.Header{Name: dir, Mode: mode, Typeflag: tar.TypeDir}); err != nil {
			return nil, err
		}
	}
	if err := put(t, "etc/passwd", 0o644, []byte("root:x:0:0:root:/:/\nnonroot:x:65532:65532:nonroot:/:/\n")); err != nil {
		return nil, err
	}
	if err := put(t, i.Path[1:], 0o755, i.Binary); err != nil {
		return nil, err
	}
	if err := t.Close(); err != nil { // it writes the end of the archive
		return nil, err
	}
	return out.Bytes(), nil
}

func put(t *tar.Writer, name string, mode int64, data []byte) error {
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err := t.Write(data)
	return err
}

func describe(mediaType string, data []byte, annotations map[string]string) descriptor {
	return descriptor{MediaType: mediaType, Digest: digest(data), Size: int64(len(data)), Annotations: annotations}
}

func digest(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

func blob(data []byte) string { return "blobs/sha256/" + digest(data)[len("sha256:"):] }
