package probe

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/shirou/gopsutil/v4/common"
)

// host gives access to the files and the environment of the machine being
// probed. With a root it is a recorded tree instead of the real machine: paths
// stay the same ("/sys/class/net"), which is how the Linux collectors are tested.
type host struct {
	root    string // "" is the real machine
	getenv  func(string) string
	workDir string

	// Several collectors ask for these at once, and a server has hundreds of
	// functions and a long table of names.
	functionsOnce sync.Once
	functions     []pciFunction
	names         sync.Map // of the PCI database, by vendor and device id
}

// path returns where an absolute path of the probed machine lies on this one.
func (h *host) path(p string) string {
	if h.root == "" {
		return p
	}
	return filepath.Join(h.root, p)
}

// linux reports whether the probed machine is a Linux machine; recorded trees are.
func (h *host) linux() bool { return h.root != "" || runtime.GOOS == "linux" }

// read returns a file's text without surrounding space, "" when it cannot be
// read: sysfs and procfs leave out, or refuse, what a device does not have.
func (h *host) read(p string) string {
	b, err := os.ReadFile(h.path(p))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// readInt reads a decimal number.
func (h *host) readInt(p string) (int64, bool) {
	n, err := strconv.ParseInt(h.read(p), 10, 64)
	return n, err == nil
}

// readHex reads a hexadecimal number, with or without 0x; 0 when there is none.
func (h *host) readHex(p string) uint64 { return parseHex(h.read(p)) }

func parseHex(s string) uint64 {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	if err != nil {
		return 0
	}
	return n
}

// list returns the sorted names in a directory, nil when it cannot be read.
func (h *host) list(dir string) []string {
	entries, err := os.ReadDir(h.path(dir))
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// glob returns the paths that match a pattern of [filepath.Match].
func (h *host) glob(pattern string) []string {
	found, err := filepath.Glob(h.path(pattern))
	if err != nil {
		return nil // a malformed pattern: an environment variable with odd characters
	}
	for i, p := range found {
		found[i] = h.strip(p)
	}
	return found
}

func (h *host) exists(p string) bool {
	_, err := os.Stat(h.path(p))
	return err == nil
}

func (h *host) isDir(p string) bool {
	info, err := os.Stat(h.path(p))
	return err == nil && info.IsDir()
}

// resolve follows symbolic links; a path that cannot be resolved stays as it is.
func (h *host) resolve(p string) string {
	real, err := filepath.EvalSymlinks(h.path(p))
	if err != nil {
		return p
	}
	if h.root == "" {
		return real
	}
	root, err := filepath.EvalSymlinks(h.root)
	if err != nil || !strings.HasPrefix(real, root) {
		return p
	}
	return filepath.ToSlash(strings.TrimPrefix(real, root))
}

// strip is the inverse of path.
func (h *host) strip(p string) string {
	if h.root == "" {
		return p
	}
	return filepath.ToSlash(strings.TrimPrefix(p, filepath.Clean(h.root)))
}

// home returns the user's home directory, "" when the environment names none.
func (h *host) home() string {
	if home := h.getenv("HOME"); home != "" {
		return home
	}
	return h.getenv("USERPROFILE")
}

// gopsutil returns a context that points gopsutil at the probed machine.
func (h *host) gopsutil(ctx context.Context) context.Context {
	if h.root == "" {
		return ctx
	}
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{
		common.HostProcEnvKey: h.path("/proc"),
		common.HostSysEnvKey:  h.path("/sys"),
	})
}
