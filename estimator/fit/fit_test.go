package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator/curvefit"
)

// tables are the columns of the published tables, with two rows each.
func tables() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"gemm_h100_sxm.csv": file("system,backend,version,gemm_dtype,m,n,k,latency_ms\n" +
			"h100_sxm,trtllm,1.3.0,bfloat16,1024,4096,4096,0.0434\n" +
			"h100_sxm,vllm,0.24.0,fp8_block,1,4096,4096,0.2\n"),
		"moe_h100_sxm.csv": file("system,backend,version,moe_dtype,model,num_tokens,hidden_size,inter_size,topk,num_experts,moe_tp_size,moe_ep_size,distribution,latency_ms\n" +
			"h100_sxm,trtllm,1.3.0,bfloat16,m,8,5120,8192,1,16,1,1,balanced,0.668315\n" +
			"h100_sxm,vllm,0.24.0,fp8,m,8,5120,8192,1,16,1,1,balanced,5\n"),
		"attn_context_h100_sxm.csv": file("system,backend,version,attn_dtype,kv_cache_dtype,batch_size,isl,num_heads,num_key_value_heads,head_dim,latency_ms\n" +
			"h100_sxm,trtllm,1.3.0,bfloat16,bfloat16,1,4096,32,8,128,0.25\n"),
		"attn_generation_h100_sxm.csv": file("system,backend,version,attn_dtype,kv_cache_dtype,batch_size,seq,num_heads,num_key_value_heads,head_dim,latency_ms\n" +
			"h100_sxm,trtllm,1.3.0,bfloat16,bfloat16,64,8192,32,8,128,0.7\n" +
			"h100_sxm,trtllm,1.3.0,bfloat16,bfloat16,1,4096,32,8,128,0.02\n"),
		"comm.csv": file("system,source,version,op_name,impl,dtype,num_gpus,message_elems,latency_ms,bytes\n" +
			"h100_sxm,nccl,2.27,all_reduce,NCCL,half,8,1024,0.02,2048\n" +
			"h100_sxm,trtllm,1.3.0,all_reduce,TRTLLM_graph,half,8,1024,0.005,2048\n" +
			"h100_sxm,vllm,0.24.0,all_reduce,VLLM_eager,half,8,1024,0.001,2048\n" +
			"l40s,nccl,2.27,all_reduce,NCCL,half,8,1024,1,2048\n"),
	}
}

func h100(t *testing.T) map[string]*catalog.Accelerator {
	t.Helper()
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*catalog.Accelerator{}
	for system, id := range systems {
		if all[system], err = c.Accelerator(id); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestSamplesByHand(t *testing.T) {
	g, err := gather(tables(), h100(t))
	if err != nil {
		t.Fatal(err)
	}
	only := func(kernel, precision string, world int) curvefit.Sample {
		t.Helper()
		for _, list := range g.samples[key{"h100_sxm", kernel, precision, world}] {
			if len(list) == 1 {
				return list[0]
			}
		}
		t.Fatalf("%s %s: %v", kernel, precision, g.samples)
		return curvefit.Sample{}
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got/want-1) > 1e-6 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	m := only("gemm", "bf16", 0) // 2 x 1024 x 4096 x 4096 over 989.4 TFLOP/s; weights, input and output over 3350 GB/s
	near("GEMM FLOPs", m.F, 2.0*1024*4096*4096/989.4e6)
	near("GEMM bytes", m.B, (4096*4096*2+1024*4096*2+2.0*1024*4096)/3350e3)
	e := only("grouped_gemm", "bf16", 0) // 8 tokens visit 8 of 16 experts when balanced
	near("expert FLOPs", e.F, 6.0*5120*8192*8/989.4e6)
	near("expert bytes", e.B, (8*3*5120*8192*2+8*(5120*2+4.0*8192+2*5120))/3350e3)
	near("prefill FLOPs", only("prefill_attention", "bf16", 0).F, 2.0*32*4096*4096*128/989.4e6)
	near("decode bytes", only("decode_attention", "bf16", 0).B, 2.0*64*8192*8*128*2/3350e3) // the smaller cache fits the L2
	near("all-reduce", only("all_reduce", "", 8).Us, 5)                                     // the fastest that is in a graph
	for reason, want := range map[string]int{"eagerly, a floor": 1, "untuned kernel": 1, "of the L2": 1, "collective launched eagerly": 1, "one host whose topology": 1} {
		n := 0
		for text, count := range g.leftOut {
			if strings.Contains(text, reason) {
				n += count
			}
		}
		if n != want {
			t.Errorf("left out %d rows for %q, want %d: %v", n, reason, want, g.leftOut)
		}
	}
}

func TestRunRefusesBadInput(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "-silicon DIR"},
		{[]string{"-silicon", filepath.Join(t.TempDir(), "none")}, "no table gemm_*.csv"},
		{[]string{"-no-such-flag"}, "flag provided but not defined"},
	} {
		if err := run(c.args, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.args, err, c.want)
		}
	}
}

func TestWrittenCurvesAreACatalog(t *testing.T) {
	name := filepath.Join(t.TempDir(), "curves.toml")
	want := fitted(key{"h100_sxm", "gemm", "bf16", 0}, []string{"trtllm"}, []curvefit.Sample{{Us: 10, F: 3, B: 2}, {Us: 100, F: 80, B: 5}, {Us: 50, F: 5, B: 40}})
	if err := write(name, []result{want}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	base, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	over, err := base.Overlay(name, data)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range over.Curves {
		if c.Accelerator == want.Accelerator && c.Kernel == "gemm" && c.Precision == "bf16" && c != want.Curve {
			t.Errorf("read back %+v, wrote %+v", c, want)
		}
	}
}
