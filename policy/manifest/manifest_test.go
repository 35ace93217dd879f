// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: %s}
spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: "i:1"}]}}}
`

func manifestOf(name string) string { return fmt.Sprintf(deployment, name) }

// told is what was read, in short.
func told(objects []Object) []string {
	var out []string
	for _, o := range objects {
		out = append(out, fmt.Sprintf("%T %s/%s line %d document %d item %d", o.Object, o.GetNamespace(), o.GetName(), o.Line, o.Document, o.Item)[4:])
	}
	return out
}

func TestEveryFormIsRead(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"one": {manifestOf("x"), []string{"Deployment default/x line 1 document 0 item -1"}},
		"several, and some that are empty": {
			"# head\n---\n# Source: a\n" + manifestOf("x") + "---\n\n---  # note\n" + manifestOf("z") + "---", []string{"Deployment default/x line 4 document 1 item -1", "Deployment default/z line 11 document 3 item -1"},
		},
		"what does not matter":         {"kind: ConfigMap\napiVersion: v1\n---\n" + manifestOf("x"), []string{"Deployment default/x line 4 document 1 item -1"}},
		"a List":                       {"apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(manifestOf("x")), "\n", "\n  ") + "\n- {apiVersion: v1, kind: Service, metadata: {name: s, namespace: other}}\n", []string{"Deployment default/x line 1 document 0 item 0", "Service other/s line 1 document 0 item 1"}},
		"a List of one kind":           {`{"apiVersion":"apps/v1","kind":"DeploymentList","items":[{"metadata":{"name":"x"}}]}`, nil},
		"JSON":                         {`{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"}}`, []string{"Service default/s line 1 document 0 item -1"}},
		"lines that end as on Windows": {strings.ReplaceAll(manifestOf("x")+"---\n"+manifestOf("z"), "\n", "\r\n"), []string{"Deployment default/x line 1 document 0 item -1", "Deployment default/z line 6 document 1 item -1"}},
		"a document behind its mark":   {"--- {apiVersion: v1, kind: Service, metadata: {name: s}}\n", []string{"Service default/s line 1 document 1 item -1"}},
		"nothing":                      {"", nil},
		"null":                         {"~\n---\nnull\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := Parse("f", []byte(row.text))
			if row.want == nil && strings.Contains(row.text, "DeploymentList") {
				assert.Len(t, objects, 1)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, row.want, told(objects))
		})
	}
}

func TestWhatCannotBeReadIsToldWithItsLine(t *testing.T) {
	for text, says := range map[string]string{
		"a: 1\n---\n# c\na: [\n": "f:3: yaml: line 4: did not find expected node content",
		"a: 1\na: 2\n":           `f:1: yaml: unmarshal errors:;  line 2: key "a" already set in map`,
		"- a\n":                  "f:1: this is no Kubernetes object",
		manifestOf("x") + "---\n" + strings.Replace(manifestOf("z"), "selector", "selektor", 1): `f:6: Deployment: unknown field "spec.selektor"`,
		strings.Replace(manifestOf("x"), "name: x", "nam: x", 1):                                `f:1: Deployment: unknown field "metadata.nam"`,
		strings.Replace(manifestOf("x"), "{name: x}", "{}", 1):                                  "f:1: Deployment: it has no metadata.name",
		"{\"kind\": ": "f:1: ",
	} {
		_, err := Parse("f", []byte(text))
		require.ErrorContains(t, err, says)
	}
}

func TestDefaultsAreFilledIn(t *testing.T) {
	objects, err := Parse("f", []byte(manifestOf("x")))
	require.NoError(t, err)
	d := objects[0].Object.(*appsv1.Deployment)
	assert.Equal(t, int32(600), *d.Spec.ProgressDeadlineSeconds)
	assert.Empty(t, d.Annotations)
	applied := objects[0].Applied()
	assert.JSONEq(t, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"image":"i:1","name":"c"}]}}}}`,
		applied.Annotations[corev1.LastAppliedConfigAnnotation])
	service, err := Parse("f", []byte("apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"))
	require.NoError(t, err)
	assert.Nil(t, service[0].Applied())
}

func TestFoldersAreRead(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"b.yaml": manifestOf("b"), "a/x.yml": manifestOf("a"), "a/notes.txt": "{", ".git/x.yaml": "{", "a/y.json": `{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"}}`,
		"chart/Chart.yaml": "name: c", "chart/templates/x.yaml": "{{ nothing }}",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	files, err := Read([]string{root, Stdin}, strings.NewReader(manifestOf("stdin")))
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimPrefix(file.Path, root+"/"))
	}
	assert.Equal(t, []string{"a/x.yml", "a/y.json", "b.yaml", "-"}, names)
	_, err = Read([]string{filepath.Join(root, "nothing")}, nil)
	require.EqualError(t, err, "cannot read "+root+"/nothing: no such file or directory")
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{manifestOf("x"), "---\n---\n", "a: &a [*a]", "{", "--- x\n", "apiVersion: v1\nkind: List\nitems: [1]\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		end := 0
		for _, d := range Documents(text) {
			require.GreaterOrEqual(t, d.Start, end)
			require.Equal(t, string(text[d.Start:d.End]), string(d.Text))
			end = d.End
		}
		objects, _ := Parse("f", text)
		for _, o := range objects {
			require.NotEmpty(t, o.GetName()+o.GetGenerateName())
		}
	})
}
