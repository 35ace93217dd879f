// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// home is where people read on.
const home = "https://github.com/evenkeel-dev/evenkeel"

// Writers are the ways to write a report, by their names.
var Writers = map[string]func(to io.Writer, r Report, color bool) error{
	"text": writeText, "json": writeJSON, "sarif": writeSARIF, "github": writeGitHub,
}

// paint are the terminal's colours of actions.
var paint = map[policy.Action]string{policy.Enforce: "\x1b[31m", policy.Warn: "\x1b[33m", policy.Audit: "\x1b[36m"}

func writeText(to io.Writer, r Report, color bool) error {
	var out strings.Builder
	count := map[policy.Action]int{}
	for _, f := range r.Findings {
		count[f.Action]++
		word := string(f.Action)
		if color {
			word = paint[f.Action] + word + "\x1b[0m"
		}
		fmt.Fprintf(&out, "%s:%d: %s %s: %s\n", f.File, f.Line, word, f.Check, strings.ReplaceAll(f.Message, "\n", "\n    "))
	}
	fmt.Fprintf(&out, "%d Deployments in %d files: %d refused, %d warned, %d audited\n",
		r.Deployments, r.Files, count[policy.Enforce], count[policy.Warn], count[policy.Audit])
	_, err := io.WriteString(to, out.String())
	return err
}

func writeJSON(to io.Writer, r Report, _ bool) error {
	out := json.NewEncoder(to)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(r)
}

// writeGitHub writes GitHub's workflow commands, which show a finding beside its line.
func writeGitHub(to io.Writer, r Report, _ bool) error {
	level := map[policy.Action]string{policy.Enforce: "error", policy.Warn: "warning", policy.Audit: "notice"}
	text := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, f := range r.Findings {
		_, err := fmt.Fprintf(to, "::%s file=%s,line=%d,title=%s::%s\n",
			level[f.Action], property.Replace(f.File), f.Line, property.Replace("evenkeel "+f.Check), text.Replace(f.Namespace+"/"+f.Name+": "+f.Message))
		if err != nil {
			return err
		}
	}
	return nil
}

// writeSARIF writes SARIF 2.1.0, which code scanners take.
func writeSARIF(to io.Writer, r Report, _ bool) error {
	level := map[policy.Action]string{policy.Enforce: "error", policy.Warn: "warning", policy.Audit: "note"}
	run := sarif.NewRunWithInformationURI("evenkeel", home)
	for _, check := range policy.AllChecks() {
		run.AddRule(check.Name).WithDescription(check.Summary).WithHelpURI(fmt.Sprintf("%s/blob/main/docs/checks/%s.md", home, check.Name)).
			WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(level[check.Action]))
	}
	for _, f := range r.Findings {
		run.CreateResultForRule(f.Check).WithLevel(level[f.Action]).WithMessage(sarif.NewTextMessage(f.Namespace + "/" + f.Name + ": " + f.Message)).
			AddLocation(sarif.NewLocationWithPhysicalLocation(sarif.NewPhysicalLocation().
				WithArtifactLocation(sarif.NewSimpleArtifactLocation(filepath.ToSlash(f.File))).
				WithRegion(sarif.NewSimpleRegion(f.Line, f.Line))))
	}
	log := report.NewV210Report()
	log.AddRun(run)
	return log.PrettyWrite(to)
}
