// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed assets
var assets embed.FS

var templates = template.Must(template.ParseFS(assets, "assets/*.gohtml"))

// WriteOverview writes the first page.
func WriteOverview(w io.Writer, o Overview) error {
	if err := templates.ExecuteTemplate(w, "overview.gohtml", o); err != nil {
		return fmt.Errorf("cannot write the page: %w", err)
	}
	return nil
}

// side is one of the two versions, with how the page calls it.
type side struct {
	Role, Title string
	Version     Version
}

// WriteDetail writes the page of one release.
func WriteDetail(w io.Writer, d Detail) error {
	view := struct {
		Detail
		Title    string
		Old, New side
	}{
		Detail: d, Title: d.Release.Name + ": " + d.Release.Place,
		Old: side{"old", "Old version", d.Release.Old}, New: side{"new", "New version", d.Release.New},
	}
	if err := templates.ExecuteTemplate(w, "release.gohtml", view); err != nil {
		return fmt.Errorf("cannot write the page: %w", err)
	}
	return nil
}

// WriteMissing writes the page that says why there is nothing to see.
func WriteMissing(w io.Writer, why string) error {
	if err := templates.ExecuteTemplate(w, "missing.gohtml", why); err != nil {
		return fmt.Errorf("cannot write the page: %w", err)
	}
	return nil
}

// Asset is one of the files that pages are made with: "page.css", "page.js" or
// "icon.svg"; nil where there is no such file.
func Asset(name string) []byte {
	text, err := assets.ReadFile("assets/" + name)
	if err != nil {
		return nil
	}
	return text
}
