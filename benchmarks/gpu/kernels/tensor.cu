// Products on tensor cores through mma.sync: from registers alone, which is the rate
// at which it is issued, and of matrices. On parts from Hopper on neither reaches the
// part's peak, which other instructions do. Built by build.sh.
#define KERNEL extern "C" __attribute__((global)) void

typedef unsigned u32;
typedef unsigned long long u64;
typedef u32 v4 __attribute__((ext_vector_type(4)));

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

// A product y[m,n] = x[m,k] W[n,k]^T. A warp computes 64 rows of x by 32 of W, four
// warps 128 by 64; what lies beyond m is computed again and not stored. n must be a
// multiple of 64, and a row 64 bytes or a multiple of that: vectors counts its 16
// bytes. Sums are of 32 bits, and so is y.
//
// In words of 32 bits the fragments of every format are alike (PTX ISA, matrix
// fragments for mma): lane 4g+t holds words t and t+4 of rows g and g+8. Both operands
// may take their words in any order that is the same for both, so that a lane loads
// four neighbours at once, for two steps.
#define ROWS 4 // tiles of 16 rows of x
#define COLS 4 // tiles of 8 rows of W

#define PRODUCT(name, number, kind, instruction)                                                                      \
  KERNEL name(const v4 *__restrict x, const v4 *__restrict w, number *y, u32 m, u32 n, u32 vectors) {                 \
    u32 lane = __nvvm_read_ptx_sreg_tid_x() % 32, warp = __nvvm_read_ptx_sreg_tid_x() / 32, g = lane / 4, t = lane % 4; \
    u32 row = __nvvm_read_ptx_sreg_ctaid_y() * 128 + warp / 2 * 64, col = __nvvm_read_ptx_sreg_ctaid_x() * 64 + warp % 2 * 32; \
    const v4 *a[ROWS][2], *b[COLS];                                                                                   \
    number c[ROWS][COLS][4] = {};                                                                                     \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) _Pragma("unroll") for (int h = 0; h < 2; h++) {                  \
      u32 r = row + i * 16 + h * 8 + g;                                                                               \
      a[i][h] = x + (u64)(r < m ? r : m - 1) * vectors + t;                                                           \
    }                                                                                                                 \
    _Pragma("unroll") for (int j = 0; j < COLS; j++) b[j] = w + (u64)(col + j * 8 + g) * vectors + t;                 \
    for (u32 k = 0; k < vectors; k += 4) {                                                                            \
      v4 p[ROWS][2], q[COLS];                                                                                         \
      _Pragma("unroll") for (int i = 0; i < ROWS; i++) _Pragma("unroll") for (int h = 0; h < 2; h++) p[i][h] = a[i][h][k]; \
      _Pragma("unroll") for (int j = 0; j < COLS; j++) q[j] = b[j][k];                                                \
      _Pragma("unroll") for (int i = 0; i < ROWS; i++) _Pragma("unroll") for (int j = 0; j < COLS; j++) {             \
        asm volatile(instruction " {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"                                \
          : kind(c[i][j][0]), kind(c[i][j][1]), kind(c[i][j][2]), kind(c[i][j][3])                                    \
          : "r"(p[i][0].x), "r"(p[i][1].x), "r"(p[i][0].y), "r"(p[i][1].y), "r"(q[j].x), "r"(q[j].y));                \
        asm volatile(instruction " {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"                                \
          : kind(c[i][j][0]), kind(c[i][j][1]), kind(c[i][j][2]), kind(c[i][j][3])                                    \
          : "r"(p[i][0].z), "r"(p[i][1].z), "r"(p[i][0].w), "r"(p[i][1].w), "r"(q[j].z), "r"(q[j].w));                \
      }                                                                                                               \
    }                                                                                                                 \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) _Pragma("unroll") for (int j = 0; j < COLS; j++)                 \
      _Pragma("unroll") for (int h = 0; h < 2; h++) {                                                                 \
        u32 r = row + i * 16 + h * 8 + g;                                                                             \
        number *to = y + (u64)r * n + col + j * 8 + t * 2;                                                            \
        if (r < m) { to[0] = c[i][j][2 * h]; to[1] = c[i][j][2 * h + 1]; }                                            \
      }                                                                                                               \
  }
#define FLOATS(x) "+f"(x)
#define INTEGERS(x) "+r"(x)

#ifdef FP8
PRODUCT(gemm_fp8, float, FLOATS, "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32")
FLOAT_MMA(mma_fp8, "m16n8k32", "e4m3")
#else
PRODUCT(gemm_bf16, float, FLOATS, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32")
PRODUCT(gemm_fp16, float, FLOATS, "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32")
PRODUCT(gemm_tf32, float, FLOATS, "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32")
PRODUCT(gemm_int8, u32, INTEGERS, "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32")
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
