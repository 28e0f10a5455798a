package probe

import (
	"slices"
	"strconv"
	"strings"
)

// mount is a line of /proc/self/mountinfo (proc(5)).
type mount struct {
	device string // major:minor
	root   string // the part of the file system that is mounted
	point  string // where
	fsType string
	source string // "/dev/nvme0n1p2", "server:/export", ...
	super  string // options of the file system
}

// parseMounts reads mountinfo. Lines that are not of its form are left out.
func parseMounts(text string) []mount {
	var mounts []mount
	for line := range strings.Lines(text) {
		left, right, ok := strings.Cut(strings.TrimSpace(line), " - ")
		fields, more := strings.Fields(left), strings.Fields(right)
		if !ok || len(fields) < 6 || len(more) < 2 {
			continue
		}
		m := mount{
			device: fields[2], root: unescapeMount(fields[3]), point: unescapeMount(fields[4]),
			fsType: more[0], source: unescapeMount(more[1]),
		}
		if len(more) > 2 {
			m.super = more[2]
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// unescapeMount undoes the octal escapes of space, tab, newline and backslash.
func unescapeMount(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func (m mount) hasSuperOption(option string) bool {
	return slices.Contains(strings.Split(m.super, ","), option)
}

// mountOf returns the mount that a path lies on: the deepest mount point above
// it, and of several mounts on one point the last, which hides the others.
func mountOf(mounts []mount, path string) (mount, bool) {
	best, found := mount{}, false
	for _, m := range mounts {
		under := path == m.point || m.point == "/" || strings.HasPrefix(path, m.point+"/")
		if under && len(m.point) >= len(best.point) {
			best, found = m, true
		}
	}
	return best, found
}
