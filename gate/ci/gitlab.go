package ci

import "github.com/plimsoll-dev/plimsoll/gate"

type finding struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

// GitLab is the report as a Code Quality report of GitLab: a list of findings, one for
// each check that does not pass, the worst first. GitLab needs a file and a line: what
// has none is at the first line of its file, or of that of the gate's rules.
// An error can only come from the encoder.
func GitLab(r *gate.Report, m Meta) ([]byte, error) {
	j := judge(r, &m)
	list := []finding{}
	for i := range j.checks {
		k := &j.checks[i]
		if k.look.severity == "" {
			continue
		}
		of := ruleOf(k)
		f := finding{Description: k.rule() + ": " + k.sarifText(), CheckName: of.id, Fingerprint: k.print, Severity: k.look.severity}
		f.Location.Path = clean(k.at.anchor())
		f.Location.Lines.Begin = 1
		if k.at.file != "" {
			f.Location.Lines.Begin = max(1, k.at.line)
		}
		list = append(list, f)
	}
	return encode("gitlab", list)
}
