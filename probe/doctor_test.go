package probe

import (
	"strings"
	"testing"
)

// secretive is a machine full of what must not be published.
func secretive() (m *Machine, secrets []string) {
	m = full()
	gpu := "GPU-5d1f6b6a-1c2d-4e5f-8a9b-0c1d2e3f4a5b"
	m.Accelerators = []Accelerator{
		{Index: 0, Name: "NVIDIA H100 80GB HBM3", Vendor: "nvidia", State: StateOK, UUID: gpu, PCI: PCI{Address: "0000:18:00.0", Vendor: "0x10de", Device: "0x2330"},
			Processes: []Process{{PID: 4242, Name: "/home/lovelace/secret-project/train.py"}}},
		{Index: 1, Name: "NVIDIA H100 80GB HBM3 MIG 1g.10gb", State: StateOK, UUID: "MIG-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
			MIG: &MIG{Enabled: true, ParentUUID: gpu, Profile: "1g.10gb"}},
		{Index: 2, Name: "AMD Instinct MI300X OAM", State: StateOK, UUID: "9f8e7d6c5b4a3921",
			Notes: []string{"Serial Number: 1650123456789, seen from 10.12.0.7 and fe80::1ff:fe23:4567:890a"}},
	}
	m.Topology = nil
	m.Storage = []Filesystem{
		{Path: "/home/lovelace/.cache/huggingface", Why: "Hugging Face cache", Mount: "/mnt/filer01.corp.example.com"},
		{Path: "/data/lovelace/models", Why: "--model-dir"},
		{Path: `C:\Users\babbage\models`, Why: "--model-dir"},
	}
	m.Networks = []Network{{Name: "enx00e04c680001", Kind: "ethernet"}, {Name: "eno1", Kind: "ethernet", Gbps: 10}}
	m.Engines = []Engine{{ID: "vllm", Version: "0.19.0", Path: "/Users/hopper/venv/lib/python3.12/site-packages"}}
	m.Collectors = []CollectorRun{
		{Name: "storage", State: RunFailed, Message: "statfs /home/lovelace/x on node17.cluster: link 3c:fd:fe:aa:bb:cc down, server 192.168.7.9"},
		{Name: "nvidia", State: RunOK, Message: "device " + gpu + " answered"},
	}
	return m, []string{
		gpu, "5d1f6b6a", "MIG-0f1e2d3c", "a5b4c3d2e1f0", "9f8e7d6c5b4a3921", "1650123456789",
		"10.12.0.7", "fe80", "890a", "192.168.7.9", "00e04c680001", "3c:fd:fe",
		"lovelace", "babbage", "hopper", "filer01", "node17", "/home/", "/Users/", "secret-project", "train.py",
	}
}

func TestDoctorPublishesNoSecret(t *testing.T) {
	t.Setenv("USER", "adminada")
	m, secrets := secretive()
	m.Collectors = append(m.Collectors, CollectorRun{Name: "os", State: RunFailed, Message: "adminada may not read /proc/1"})
	var b strings.Builder
	if err := Doctor(m, &b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, secret := range append(secrets, "adminada") {
		if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
			t.Errorf("the diagnosis tells %q", secret)
		}
	}
	for _, useful := range []string{
		"NVIDIA H100 80GB HBM3", "0000:18:00.0", "0x10de:0x2330", "1g.10gb", "AMD Instinct MI300X OAM",
		"~/.cache/huggingface", "~/venv/lib/python3.12/site-packages", "eno1", "0.19.0", "storage | failed", "Processes: 1",
	} {
		if !strings.Contains(text, useful) {
			t.Errorf("the diagnosis lacks %q", useful)
		}
	}
	// The same device has the same placeholder wherever it is named.
	identifier := textBetween(text, "- Identifier: ", "\n")
	if !strings.HasPrefix(identifier, "[uuid-") || strings.Count(text, identifier) != 3 {
		t.Errorf("placeholder %q is not used for the device, its slice and its message:\n%s", identifier, text)
	}
	if t.Failed() {
		t.Log(text)
	}
}

func textBetween(s, before, after string) string {
	_, rest, _ := strings.Cut(s, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

func TestRedactorLeavesOrdinaryTextAlone(t *testing.T) {
	t.Setenv("USER", "cat")
	for _, text := range []string{
		"0000:3b:00.0 at 32.0 GT/s, driver 580.95.05, kernel 6.8.0-60-generic",
		"vllm 0.19.0+cu128 in /opt/venv/lib/python3.12/site-packages, catalog entry h100",
		"libnvidia-ml.so.1 CUDA 13.0, NVLink4 18 links, 2026-03-01 12:00 UTC",
		"CPUs 0-15,32-47; ubuntu 24.04; bytes::Reader",
		"catalogs, concat",
	} {
		if got := newRedactor(&Machine{}).clean(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := newRedactor(&Machine{}).clean("cat ran"); got != "[user-1] ran" {
		t.Errorf("the user became %q", got)
	}
}

func TestReplaceWord(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"ada ada,ada", "[x] [x],[x]"},
		{"adamant ada_b pada", "adamant ada_b pada"},
		{"", ""},
	} {
		if got := replaceWord(c.text, "ada", "[x]"); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzRedactor(f *testing.F) {
	f.Add("user /home/ada at 10.0.0.1 on fe80::1 with GPU-5d1f6b6a-1c2d-4e5f-8a9b-0c1d2e3f4a5b")
	f.Add("/home//home/x")
	f.Fuzz(func(t *testing.T, text string) {
		clean := newRedactor(&Machine{}).clean(text)
		for _, found := range homePath.FindAllString(clean, -1) {
			t.Errorf("%q still names a home directory: %q", found, clean)
		}
	})
}
