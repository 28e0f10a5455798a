// Kernels over memory, and what else runs on every part from sm_80 on. Built by
// build.sh; there is no CUDA header here, so that clang alone is enough.
#define KERNEL extern "C" __attribute__((global)) void
#define DEVICE static __attribute__((device)) inline

typedef unsigned u32;
typedef unsigned long long u64;
typedef u32 v4 __attribute__((ext_vector_type(4)));
typedef float f4 __attribute__((ext_vector_type(4)));

DEVICE u64 thread_index() {
  return (u64)__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x();
}
DEVICE u64 thread_count() { return (u64)__nvvm_read_ptx_sreg_nctaid_x() * __nvvm_read_ptx_sreg_ntid_x(); }

// mix is the finaliser of MurmurHash3: every bit of the result depends on every
// bit of x.
DEVICE u32 mix(u32 x) {
  x ^= x >> 16;
  x *= 0x85ebca6bu;
  x ^= x >> 13;
  x *= 0xc2b2ae35u;
  return x ^ x >> 16;
}

// fill writes n random words whose bits are kept where keep has ones, and set
// where set has ones: so numbers of any format come out finite.
KERNEL fill(u32 *p, u64 n, u32 seed, u32 keep, u32 set) {
  u64 step = thread_count();
  for (u64 i = thread_index(); i < n; i += step) p[i] = (mix((u32)i ^ seed) & keep) | set;
}

// The counts of the loops below are in vectors of 16 bytes.

KERNEL read_all(const v4 *__restrict p, u64 n, u32 *out) {
  v4 a = {};
  u64 step = thread_count();
#pragma unroll 8
  for (u64 i = thread_index(); i < n; i += step) a ^= p[i];
  if ((a.x ^ a.y ^ a.z ^ a.w) == 0x12345678u) *out = a.x; // keeps the loads alive
}

KERNEL write_all(v4 *p, u64 n, u32 word) {
  v4 a = {word, ~word, word, ~word};
  u64 step = thread_count();
#pragma unroll 8
  for (u64 i = thread_index(); i < n; i += step) p[i] = a;
}

KERNEL copy_all(v4 *__restrict to, const v4 *__restrict from, u64 n) {
  u64 step = thread_count();
#pragma unroll 8
  for (u64 i = thread_index(); i < n; i += step) to[i] = from[i];
}

KERNEL triad(f4 *__restrict a, const f4 *__restrict b, const f4 *__restrict c, float s, u64 n) {
  u64 step = thread_count();
#pragma unroll 4
  for (u64 i = thread_index(); i < n; i += step) a[i] = b[i] + s * c[i];
}

KERNEL add_all(f4 *__restrict to, const f4 *__restrict from, u64 n) {
  u64 step = thread_count();
#pragma unroll 4
  for (u64 i = thread_index(); i < n; i += step) to[i] += from[i];
}

KERNEL nothing() {}

DEVICE float low(u32 pair) {
  u32 bits = pair << 16;
  return __builtin_bit_cast(float, bits);
}
DEVICE float high(u32 pair) {
  u32 bits = pair & 0xffff0000u;
  return __builtin_bit_cast(float, bits);
}
DEVICE float dot2(u32 a, u32 b, float sum) { return low(a) * low(b) + (high(a) * high(b) + sum); }
DEVICE float dot8(v4 a, v4 b) { return dot2(a.x, b.x, dot2(a.y, b.y, dot2(a.z, b.z, dot2(a.w, b.w, 0)))); }
DEVICE void add2(float *to, float w, u32 v) {
  to[0] += w * low(v);
  to[1] += w * high(v);
}

// decode_attention is attention of one new token per sequence over a cache in
// BF16: blocks of ctaid.x are a sequence and a KV head each, those of ctaid.y a
// part of its tokens. Keys and values lie [sequence][KV head][token][128]. Sixteen
// lanes share a token of 128 numbers; four query heads share a KV head. Each block
// leaves its unnormalised sum, as split kernels of engines do before they join.
#define HEAD_DIM 128
#define QUERIES 4
KERNEL decode_attention(const v4 *__restrict q, const v4 *__restrict k, const v4 *__restrict v, float *out, u32 tokens) {
  const u32 row = HEAD_DIM / 8; // vectors of a token
  u32 lane = __nvvm_read_ptx_sreg_tid_x() % row, group = __nvvm_read_ptx_sreg_tid_x() / row, groups = __nvvm_read_ptx_sreg_ntid_x() / row;
  u64 head = __nvvm_read_ptx_sreg_ctaid_x();
  u32 parts = __nvvm_read_ptx_sreg_nctaid_y(), part = __nvvm_read_ptx_sreg_ctaid_y();
  u32 length = (tokens + parts - 1) / parts, from = part * length, to = from + length < tokens ? from + length : tokens;
  k += head * tokens * row;
  v += head * tokens * row;
  v4 query[QUERIES];
  float sum[QUERIES][8] = {}, weight[QUERIES] = {};
#pragma unroll
  for (int h = 0; h < QUERIES; h++) query[h] = q[(head * QUERIES + h) * row + lane];
  for (u32 base = from; base < to; base += groups) { // all lanes of a warp stay together: they exchange sums
    u32 last = to - 1, t = base + group < to ? base + group : last;
    v4 key = k[t * row + lane], value = v[t * row + lane];
#pragma unroll
    for (int h = 0; h < QUERIES; h++) {
      float s = dot8(query[h], key);
#pragma unroll
      for (int m = 8; m > 0; m /= 2) s += __nvvm_shfl_sync_bfly_f32(0xffffffffu, s, m, 0x1f);
      float w = base + group < to ? __nvvm_ex2_approx_f(s * 0.0625f) : 0;
      weight[h] += w;
      add2(sum[h], w, value.x);
      add2(sum[h] + 2, w, value.y);
      add2(sum[h] + 4, w, value.z);
      add2(sum[h] + 6, w, value.w);
    }
  }
  float total = 0;
#pragma unroll
  for (int h = 0; h < QUERIES; h++)
#pragma unroll
    for (int i = 0; i < 8; i++) total += sum[h][i] + weight[h];
  out[(head * parts + part) * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x()] = total;
}
