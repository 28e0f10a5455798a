package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
)

// grid makes samples over four decades of FLOPs and bytes, timed by the form
// itself with the given coefficients and a scatter of 5 %.
func grid(f form, c []float64) []sample {
	var list []sample
	var curve catalog.Curve
	f.set(&curve, c)
	for i := range 12 {
		for j := range 12 {
			s := sample{f: math.Pow(10, -1+float64(i)/3), b: math.Pow(10, -1+float64(j)/3), length: 64 * math.Pow(2, float64(i)), bytes: math.Pow(10, 2+float64(j)/2), held: held(i, j)}
			s.us = f.at(&curve, s) * (1 + 0.05*math.Sin(float64(7*i+3*j)))
			list = append(list, s)
		}
	}
	return list
}

func TestFitRecoversCoefficients(t *testing.T) {
	for name, c := range map[string]struct {
		form      form
		want      []float64
		tolerance float64
	}{
		"gemm":    {forms["gemm"], []float64{6, 0.75, 0.85, 2.5}, 0.12},
		"grouped": {forms["grouped_gemm"], []float64{32, 0.5, 0.9}, 0.08},
		"prefill": {forms["prefill_attention"], []float64{12, 0.6, 1300}, 0.15},
		"decode":  {forms["decode_attention"], []float64{11, 0.86}, 0.05},
	} {
		samples := grid(c.form, c.want)
		got := c.form.fit(samples)
		for i := range got {
			if math.Abs(got[i]/c.want[i]-1) > c.tolerance {
				t.Errorf("%s: coefficients %.3v, want %v", name, got, c.want)
				break
			}
		}
		median, p90 := c.form.residuals(got, samples)
		if median > 0.05 || p90 > 0.08 {
			t.Errorf("%s: residuals %.3f and %.3f of a scatter of 0.05", name, median, p90)
		}
		if again := c.form.fit(samples); fmt.Sprint(again) != fmt.Sprint(got) {
			t.Errorf("%s: two fits differ: %v, %v", name, got, again)
		}
	}
}

func TestFitStaysInBounds(t *testing.T) {
	samples := grid(forms["gemm"], []float64{6, 0.75, 0.85, 2.5})
	for i := range samples {
		samples[i].us /= 3 // faster than any peak allows
	}
	f := forms["gemm"]
	for i, v := range f.fit(samples) {
		if v < f.low[i] || v > f.high[i] {
			t.Errorf("coefficient %d is %v, outside %v to %v", i, v, forms["gemm"].low[i], forms["gemm"].high[i])
		}
	}
}

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
	only := func(kernel, precision string, world int) sample {
		t.Helper()
		for _, list := range g.samples[key{"h100_sxm", kernel, precision, world}] {
			if len(list) == 1 {
				return list[0]
			}
		}
		t.Fatalf("%s %s: %v", kernel, precision, g.samples)
		return sample{}
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got/want-1) > 1e-6 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	m := only("gemm", "bf16", 0) // 2 x 1024 x 4096 x 4096 over 989.4 TFLOP/s; weights, input and output over 3350 GB/s
	near("GEMM FLOPs", m.f, 2.0*1024*4096*4096/989.4e6)
	near("GEMM bytes", m.b, (4096*4096*2+1024*4096*2+2.0*1024*4096)/3350e3)
	e := only("grouped_gemm", "bf16", 0) // 8 tokens visit 8 of 16 experts when balanced
	near("expert FLOPs", e.f, 6.0*5120*8192*8/989.4e6)
	near("expert bytes", e.b, (8*3*5120*8192*2+8*(5120*2+4.0*8192+2*5120))/3350e3)
	near("prefill FLOPs", only("prefill_attention", "bf16", 0).f, 2.0*32*4096*4096*128/989.4e6)
	near("decode bytes", only("decode_attention", "bf16", 0).b, 2.0*64*8192*8*128*2/3350e3) // the smaller cache fits the L2
	near("all-reduce", only("all_reduce", "", 8).us, 5)                                     // the fastest that is in a graph
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
	want := fitted(key{"h100_sxm", "gemm", "bf16", 0}, []string{"trtllm"}, grid(forms["gemm"], []float64{6, 0.75, 0.85, 2.5}))
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
