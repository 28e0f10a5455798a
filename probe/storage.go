package probe

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/shirou/gopsutil/v4/disk"
)

// storageCollector reads the file systems on which models would lie.
type storageCollector struct {
	h     *host
	extra []string // directories that the user named
	usage func(ctx context.Context, path string) (*disk.UsageStat, error)
}

func (c storageCollector) Name() string { return "storage" }

// place is a directory that may hold models.
type place struct {
	path, why string
	orParent  bool // when it does not exist yet, its nearest parent is meant
}

// places lists where the Hugging Face libraries, Ollama and LM Studio keep
// models, by the same environment variables that those read.
func (c storageCollector) places() []place {
	env, home := c.h.getenv, c.h.home()
	var list []place
	for _, dir := range c.extra {
		list = append(list, place{dir, "--model-dir", true})
	}
	switch {
	case env("HF_HUB_CACHE") != "":
		list = append(list, place{env("HF_HUB_CACHE"), "HF_HUB_CACHE", true})
	case env("HF_HOME") != "":
		list = append(list, place{env("HF_HOME"), "HF_HOME", true})
	case home != "":
		list = append(list, place{filepath.Join(home, ".cache", "huggingface"), "Hugging Face cache", true})
	}
	if dir := env("OLLAMA_MODELS"); dir != "" {
		list = append(list, place{dir, "OLLAMA_MODELS", false})
	} else if home != "" {
		list = append(list, place{filepath.Join(home, ".ollama"), "Ollama models", false})
	}
	if home != "" {
		list = append(list,
			place{filepath.Join(home, ".lmstudio", "models"), "LM Studio models", false},
			place{filepath.Join(home, ".cache", "lm-studio", "models"), "LM Studio models", false})
	}
	return append(list, place{c.h.workDir, "working directory", true})
}

func (c storageCollector) Collect(ctx context.Context, m *Machine) error {
	mounts, err := c.h.mounts(ctx)
	if err != nil {
		return err
	}
	disks := c.h.disks()
	seen := make(map[string]bool)
	var failed []error
	for _, p := range c.places() {
		dir, ok := c.existing(p)
		if !ok || seen[dir] {
			continue
		}
		seen[dir] = true
		fs := Filesystem{Path: dir, Why: p.why, Kind: "unknown"}
		if mounted, ok := mountOf(mounts, c.h.resolve(dir)); ok {
			fs.Mount, fs.Type = mounted.point, mounted.fsType
			fs.Kind = storageKind(mounted, disks)
		}
		usage, err := c.usage(ctx, c.h.path(dir))
		if err != nil {
			failed = append(failed, fmt.Errorf("probe: storage: %s: %w", dir, err))
			continue
		}
		free := int64(usage.Free)
		fs.TotalBytes, fs.FreeBytes = int64(usage.Total), &free
		if fs.Type == "" {
			fs.Type = usage.Fstype
		}
		m.Storage = append(m.Storage, fs)
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	if len(m.Storage) == 0 {
		return fmt.Errorf("none of the directories for models exists: %w", ErrAbsent)
	}
	return nil
}

// existing returns the directory that stands for a place.
func (c storageCollector) existing(p place) (string, bool) {
	if p.path == "" || !filepath.IsAbs(p.path) {
		return "", false
	}
	for dir := filepath.Clean(p.path); ; dir = filepath.Dir(dir) {
		if c.h.isDir(dir) {
			return dir, true
		}
		if !p.orParent || dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

// mounts lists what is mounted. Outside Linux gopsutil knows it.
func (h *host) mounts(ctx context.Context) ([]mount, error) {
	if h.linux() {
		return parseMounts(h.read("/proc/self/mountinfo")), nil
	}
	partitions, err := disk.PartitionsWithContext(ctx, true)
	if err != nil {
		return nil, fmt.Errorf("probe: storage: %w", err)
	}
	mounts := make([]mount, len(partitions))
	for i, p := range partitions {
		mounts[i] = mount{point: p.Mountpoint, fsType: strings.ToLower(p.Fstype), source: p.Device}
	}
	return mounts, nil
}

// fsKinds are the file systems whose name says where the bytes are.
var fsKinds = map[string]string{
	"tmpfs": "memory", "ramfs": "memory", "devtmpfs": "memory",
	"nfs": "network", "nfs4": "network", "cifs": "network", "smb3": "network", "smbfs": "network",
	"lustre": "network", "ceph": "network", "fuse.ceph": "network", "glusterfs": "network",
	"fuse.glusterfs": "network", "beegfs": "network", "gpfs": "network", "wekafs": "network",
	"afs": "network", "fuse.sshfs": "network", "fuse.s3fs": "network", "fuse.gcsfuse": "network",
	"fuse.juicefs": "network", "fuse.rclone": "network", "fuse.mount-s3": "network",
}

// storageKind tells what a mount's bytes lie on: the file system says it, or
// the disk does.
func storageKind(m mount, disks map[string]diskInfo) string {
	if kind := fsKinds[m.fsType]; kind != "" {
		return kind
	}
	if kind := diskKind(disks, m.device); kind != "" {
		return kind
	}
	// Btrfs and ZFS mounts carry a number of their own; their source may name
	// the disk.
	if name, ok := strings.CutPrefix(m.source, "/dev/"); ok {
		for number, d := range disks {
			if d.name == name {
				return diskKind(disks, number)
			}
		}
	}
	return "unknown"
}
