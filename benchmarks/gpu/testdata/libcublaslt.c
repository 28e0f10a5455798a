// A stand-in for NVIDIA's library of products. It checks what it is called with, and
// a product is a launch of the stand-in driver, which the variable CUDA_STANDIN_DRIVER
// names.
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct desc { int compute, scale, transpose, modes; uint64_t scales[2]; };
struct layout { int type; uint64_t rows, columns; int64_t leading, step; int count; };

int cublasLtCreate(void **h) { *h = (void *)0x40; return 0; }
int cublasLtDestroy(void *h) { return h != (void *)0x40; }
uint64_t cublasLtGetVersion(void) { return 120405; }
int cublasLtMatmulDescCreate(struct desc **d, int compute, int scale) {
  *d = calloc(1, sizeof **d);
  (*d)->compute = compute;
  (*d)->scale = scale;
  return 0;
}
int cublasLtMatmulDescDestroy(struct desc *d) { free(d); return 0; }
int cublasLtMatmulDescSetAttribute(struct desc *d, int a, const void *v, uint64_t n) {
  if (a == 3 && n == 4) d->transpose = *(const int *)v;
  else if ((a == 31 || a == 32) && n == 4) d->modes += *(const int *)v;
  else if ((a == 17 || a == 18) && n == 8) d->scales[a - 17] = *(const uint64_t *)v;
  else return 7;
  return 0;
}
int cublasLtMatrixLayoutCreate(struct layout **l, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  struct layout x = {type, rows, columns, leading, 0, 1};
  *l = malloc(sizeof **l);
  **l = x;
  return 0;
}
int cublasLtMatrixLayoutSetAttribute(struct layout *l, int a, const void *v, uint64_t n) {
  if (a == 5 && n == 4) l->count = *(const int *)v;
  else if (a == 6 && n == 8) l->step = *(const int64_t *)v;
  else return 7;
  return 0;
}
int cublasLtMatrixLayoutDestroy(struct layout *l) { free(l); return 0; }
int cublasLtMatmulPreferenceCreate(uint64_t **p) { *p = calloc(1, 8); return 0; }
int cublasLtMatmulPreferenceDestroy(uint64_t *p) { free(p); return 0; }
int cublasLtMatmulPreferenceSetAttribute(uint64_t *p, int a, const void *v, uint64_t n) {
  if (a != 1 || n != 8) return 7;
  *p = *(const uint64_t *)v;
  return 0;
}
// A layer: weights [k,n] transposed, input [k,m], result [n,m], all by columns.
static int layer(struct desc *d, struct layout *a, struct layout *b, struct layout *c) {
  return d->transpose == 1 && a->rows == b->rows && c->rows == a->columns && c->columns == b->columns && a->type == b->type && a->leading == (int64_t)a->rows &&
         b->leading == (int64_t)b->rows && c->leading == (int64_t)c->rows && a->count == b->count && b->count == c->count &&
         (c->count == 1 || c->step == (int64_t)(c->rows * c->columns)) && (d->compute == 72) == (a->type == 3);
}
int cublasLtMatmulAlgoGetHeuristic(void *h, struct desc *d, struct layout *a, struct layout *b, struct layout *c, struct layout *y, uint64_t *p, int asked, unsigned char *results, int *found) {
  if (h != (void *)0x40 || !layer(d, a, b, c) || y != c || *p != 64 << 20 || asked != 1) return 7;
  memset(results, 0xab, 64); // the algorithm
  memset(results + 64, 0, 32);
  *found = 1;
  return 0;
}
int cublasLtMatmul(void *h, struct desc *d, const void *alpha, uint64_t a, struct layout *al, uint64_t b, struct layout *bl, const void *beta, uint64_t c, struct layout *cl, uint64_t y, struct layout *yl,
                   const unsigned char *algorithm, uint64_t workspace, uint64_t bytes, void *stream) {
  static int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **, void **);
  float one = *(const float *)alpha, zero = *(const float *)beta;
  if (d->scale == 10) one = *(const int *)alpha;
  if (h != (void *)0x40 || one != 1 || zero != 0 || !a || !b || !c || c != y || cl != yl || !layer(d, al, bl, cl) || algorithm[0] != 0xab || algorithm[63] != 0xab || !workspace || bytes != 64 << 20) return 7;
  if (!launch) launch = dlsym(dlopen(getenv("CUDA_STANDIN_DRIVER"), RTLD_NOW), "cuLaunchKernel");
  return launch("product", 1, 1, 1, 1, 1, 1, 0, stream, 0, 0) ? 13 : 0;
}
