// Products on tensor cores from registers alone: the rate at which mma.sync is
// issued. On parts from Hopper on it is not the part's peak, which other
// instructions reach. Built by build.sh.
#define KERNEL extern "C" __attribute__((global)) void

typedef unsigned u32;
typedef unsigned long long u64;

#define CHAINS 8 // independent sums of a warp, so that none waits for another

#define FLOAT_MMA(name, shape, type)                                                                                  \
  KERNEL name(u32 rounds, u32 seed, float *out) {                                                                     \
    u32 a[4], b[2];                                                                                                   \
    float c[CHAINS][4] = {};                                                                                          \
    for (int i = 0; i < 4; i++) a[i] = seed + __nvvm_read_ptx_sreg_tid_x() * 4 + i;                                   \
    for (int i = 0; i < 2; i++) b[i] = seed ^ (__nvvm_read_ptx_sreg_tid_x() * 2 + i);                                 \
    for (u32 r = 0; r < rounds; r++) {                                                                                \
      _Pragma("unroll") for (int j = 0; j < CHAINS; j++)                                                              \
        asm volatile("mma.sync.aligned." shape ".row.col.f32." type "." type ".f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};" \
          : "+f"(c[j][0]), "+f"(c[j][1]), "+f"(c[j][2]), "+f"(c[j][3])                                                \
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));                                        \
    }                                                                                                                 \
    float sum = 0;                                                                                                    \
    for (int j = 0; j < CHAINS; j++) sum += c[j][0] + c[j][1] + c[j][2] + c[j][3];                                    \
    out[(u64)__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x()] = sum;    \
  }

#ifdef FP8
FLOAT_MMA(mma_fp8, "m16n8k32", "e4m3")
#else
FLOAT_MMA(mma_bf16, "m16n8k16", "bf16")
FLOAT_MMA(mma_fp16, "m16n8k16", "f16")
FLOAT_MMA(mma_tf32, "m16n8k8", "tf32")

KERNEL mma_int8(u32 rounds, u32 seed, u32 *out) {
  u32 a[4], b[2], c[CHAINS][4] = {};
  for (int i = 0; i < 4; i++) a[i] = seed + __nvvm_read_ptx_sreg_tid_x() * 4 + i;
  for (int i = 0; i < 2; i++) b[i] = seed ^ (__nvvm_read_ptx_sreg_tid_x() * 2 + i);
  for (u32 r = 0; r < rounds; r++) {
#pragma unroll
    for (int j = 0; j < CHAINS; j++)
      asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
        : "+r"(c[j][0]), "+r"(c[j][1]), "+r"(c[j][2]), "+r"(c[j][3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  u32 sum = 0;
  for (int j = 0; j < CHAINS; j++) sum += c[j][0] + c[j][1] + c[j][2] + c[j][3];
  out[(u64)__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x()] = sum;
}
#endif
