package probe

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shirou/gopsutil/v4/disk"
)

const disksTree = `
-- proc/self/mountinfo --
27 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
28 27 253:0 / /home rw,relatime shared:2 - xfs /dev/mapper/vg-home rw
29 27 0:50 / /mnt/models rw,relatime - nfs4 filer:/export/models rw,vers=4.2
30 27 0:51 / /dev/shm rw - tmpfs tmpfs rw
31 27 0:52 /@data /data rw,relatime - btrfs /dev/sdb1 rw
32 27 254:0 / /vm rw - ext4 /dev/vda rw
33 27 259:9 / /ebs rw - ext4 /dev/nvme1n1 rw
34 27 0:60 / /over rw - overlay overlay rw,lowerdir=/a
35 27 259:2 / /mnt/with\040space rw - ext4 /dev/nvme0n1p2 rw
-- sys/block/nvme0n1/* --
dev 259:0
-- sys/block/nvme0n1/queue/rotational --
0
-- sys/block/nvme0n1/nvme0n1p2/dev --
259:2
-- sys/block/nvme1n1/dev --
259:9
-- sys/block/nvme1n1/device/model --
Amazon Elastic Block Store
-- sys/block/sda/dev --
8:0
-- sys/block/sda/queue/rotational --
1
-- sys/block/sdb/dev --
8:16
-- sys/block/sdb/queue/rotational --
0
-- sys/block/sdb/sdb1/dev --
8:17
-- sys/block/vda/dev --
254:0
-- sys/block/vda/queue/rotational --
1
-- sys/block/dm-0/dev --
253:0
-- sys/block/dm-0/slaves/nvme0n1/dev --
259:0
-- sys/block/dm-0/slaves/sda/dev --
8:0
`

// gigabyte answers for every path with the same file system.
func gigabyte(context.Context, string) (*disk.UsageStat, error) {
	return &disk.UsageStat{Total: 1e9, Free: 4e8}, nil
}

func TestStorageKinds(t *testing.T) {
	h := tree(t, disksTree)
	mounts, disks := parseMounts(h.read("/proc/self/mountinfo")), h.disks()
	for path, want := range map[string][3]string{
		"/srv/models":       {"/", "ext4", "nvme"},
		"/home/a":           {"/home", "xfs", "hdd"}, // a volume on both NVMe and a spinning disk
		"/homeless":         {"/", "ext4", "nvme"},
		"/mnt/models/llama": {"/mnt/models", "nfs4", "network"},
		"/dev/shm/x":        {"/dev/shm", "tmpfs", "memory"},
		"/data":             {"/data", "btrfs", "ssd"},
		"/vm":               {"/vm", "ext4", "unknown"}, // what a virtual disk lies on is the hypervisor's secret
		"/ebs":              {"/ebs", "ext4", "network"},
		"/over":             {"/over", "overlay", "unknown"},
		"/mnt/with space":   {"/mnt/with space", "ext4", "nvme"},
	} {
		m, _ := mountOf(mounts, path)
		if got := [3]string{m.point, m.fsType, storageKind(m, disks)}; got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestStoragePlaces(t *testing.T) {
	h := tree(t, disksTree+`
-- home/ada/.ollama/models/x --
-- srv/hf/hub/x --
-- data/extra/x --
-- home/ada/src/x --
`)
	h.workDir = "/home/ada/src"
	h.getenv = environment(map[string]string{"HOME": "/home/ada", "HF_HOME": "/srv/hf/not/there/yet"})
	m := collect(t, storageCollector{h, []string{"/data/extra", "relative"}, gigabyte})
	want := []Filesystem{
		{Path: "/data/extra", Why: "--model-dir", Mount: "/data", Type: "btrfs", Kind: "ssd"},
		{Path: "/srv/hf", Why: "HF_HOME", Mount: "/", Type: "ext4", Kind: "nvme"},
		{Path: "/home/ada/.ollama", Why: "Ollama models", Mount: "/home", Type: "xfs", Kind: "hdd"},
		{Path: "/home/ada/src", Why: "working directory", Mount: "/home", Type: "xfs", Kind: "hdd"},
	}
	for i := range want {
		want[i].TotalBytes, want[i].FreeBytes = 1e9, ptr(int64(4e8))
	}
	if diff := cmp.Diff(want, m.Storage); diff != "" {
		t.Errorf("storage (-want +got):\n%s", diff)
	}
}

func TestStorageUnreadable(t *testing.T) {
	h := tree(t, disksTree+"-- data/x --\n")
	stale := errors.New("stale file handle")
	c := storageCollector{h, []string{"/data"}, func(_ context.Context, path string) (*disk.UsageStat, error) {
		if strings.HasSuffix(path, "data") {
			return nil, stale
		}
		return gigabyte(t.Context(), path)
	}}
	m := &Machine{}
	err := c.Collect(t.Context(), m)
	if !errors.Is(err, stale) || !strings.Contains(err.Error(), "/data") {
		t.Errorf("error %v does not say which directory", err)
	}
	if len(m.Storage) != 1 || m.Storage[0].Why != "working directory" {
		t.Errorf("one dead directory took the others along: %+v", m.Storage)
	}
}
