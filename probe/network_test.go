package probe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNetworkPorts(t *testing.T) {
	m := collect(t, networkCollector{recorded(t, "network")})
	want := []Network{
		{Name: "eno1", Kind: "ethernet", State: "up", Gbps: 10, NUMANode: ptr(0)},
		{Name: "eno2", Kind: "ethernet", State: "down", NUMANode: ptr(0)},
		{Name: "mlx5_0/1", Kind: "infiniband", State: "up", Gbps: 400, NUMANode: ptr(0)},
		{Name: "mlx5_1/1", Kind: "infiniband", State: "down", Gbps: 10, NUMANode: ptr(1)},
		{Name: "mlx5_2/1", Kind: "roce", State: "up", Gbps: 200},
	}
	if diff := cmp.Diff(want, m.Networks); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
}
