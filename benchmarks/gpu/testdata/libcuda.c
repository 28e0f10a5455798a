// A stand-in for NVIDIA's driver: one device whose clock is a number. A launch takes
// a millisecond of it, a copy a nanosecond for 100 bytes. The variable CUDA_STANDIN makes
// it misbehave: old (refuses PTX), lost (fails after a hundred launches), full (has
// no memory), none (has no device). With three it has three devices, whose memory is
// real and which can add.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static double now_us;
static int launches;

static int mode(const char *name) {
  const char *m = getenv("CUDA_STANDIN");
  return m && !strcmp(m, name);
}

int cuInit(unsigned flags) { return flags; }
int cuDriverGetVersion(int *v) { *v = 12040; return 0; }
int cuDeviceGetCount(int *n) { *n = mode("three") ? 3 : !mode("none"); return 0; }
int cuDeviceGet(int *d, int i) { *d = i; return 0; }
int cuDeviceGetName(char *name, int n, int d) { strncpy(name, "Stand-in", n); return 0; }
int cuDeviceTotalMem_v2(uint64_t *b, int d) { *b = 1ull << 30; return 0; }
int cuDeviceGetAttribute(int *v, int a, int d) {
  switch (a) {
  case 16: *v = 10; break;
  case 33: *v = d; break; // PCI bus
  case 36: *v = 3125000; break; // kHz
  case 37: *v = 256; break;     // bits: 2 x 3.125 GHz x 32 bytes = 200 GB/s
  case 38: *v = 4 << 20; break;
  case 75: *v = 9; break;
  default: *v = 0;
  }
  return 0;
}
int cuDevicePrimaryCtxRetain(void **c, int d) { *c = (void *)(0x10 + (intptr_t)d); return 0; }
int cuDevicePrimaryCtxRelease_v2(int d) { return 0; }
int cuCtxSetCurrent(void *c) { return c >= (void *)0x10 && c < (void *)0x13 ? 0 : 201; }
int cuCtxSynchronize(void) { return 0; }
int cuMemGetInfo_v2(uint64_t *f, uint64_t *t) { *f = 1 << 20; *t = 1ull << 30; return 0; }
static uint64_t next = 1 << 20;
int cuMemAlloc_v2(uint64_t *p, uint64_t n) {
  if (mode("full")) return 2;
  if (mode("three")) return !(*p = (uint64_t)malloc(n));
  *p = next;
  next += n;
  return 0;
}
int cuMemFree_v2(uint64_t p) { return 0; }
int cuMemHostAlloc(void **p, uint64_t n, unsigned f) { *p = malloc(n); return *p ? 0 : 2; }
int cuMemFreeHost(void *p) { free(p); return 0; }
static int copied(uint64_t n) { now_us += n / 1e5; return 0; }
static int moved(void *to, const void *from, uint64_t n) {
  if (mode("three")) memmove(to, from, n);
  return copied(n);
}
int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, uint64_t n, void *s) { return moved((void *)to, from, n); }
int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, uint64_t n, void *s) { return moved(to, (void *)from, n); }
int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, uint64_t n, void *s) { return copied(n); }
int cuMemcpyPeerAsync(uint64_t to, void *tc, uint64_t from, void *fc, uint64_t n, void *s) { return moved((void *)to, (void *)from, n); }
int cuDeviceCanAccessPeer(int *can, int d, int p) { *can = 0; return 0; }
int cuCtxEnablePeerAccess(void *c, unsigned f) { return 0; }
int cuStreamCreate(void **s, unsigned f) { *s = (void *)0x20; return 0; }
int cuStreamDestroy_v2(void *s) { return 0; }
int cuStreamSynchronize(void *s) { return 0; }
int cuEventCreate(void **e, unsigned f) { *e = calloc(1, sizeof(double)); return 0; }
int cuEventDestroy_v2(void *e) { free(e); return 0; }
int cuEventRecord(void *e, void *s) { *(double *)e = now_us; return 0; }
int cuEventSynchronize(void *e) { return 0; }
int cuStreamWaitEvent(void *s, void *e, unsigned f) { return s && e ? 0 : 1; }
int cuEventElapsedTime(float *ms, void *a, void *b) { *ms = (*(double *)b - *(double *)a) / 1e3; return 0; }
int cuModuleLoadDataEx(void **m, const char *image, unsigned n, const int *names, void **values) {
  if (mode("old")) {
    if (n == 2 && names[0] == 5 && names[1] == 6 && (uintptr_t)values[1] > 32) strcpy(values[0], "ptxas: unsupported .version");
    return 222;
  }
  *m = (void *)image;
  return strstr(image, ".version") ? 0 : 218;
}
int cuModuleUnload(void *m) { return 0; }
int cuModuleGetFunction(void **f, void *m, const char *name) { *f = strdup(name); return name[0] ? 0 : 500; }
int cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *s, void **args, void **extra) {
  if (!f || !gx || !gy || gz != 1 || !bx || by != 1 || bz != 1 || shared || s != (void *)0x20 || extra) return 1;
  if (mode("lost") && ++launches > 100) return 719;
  if (mode("three") && !strcmp(f, "add_all")) {
    float *to = *(float **)args[0], *from = *(float **)args[1];
    for (uint64_t i = 0; i < 4 * *(uint64_t *)args[2]; i++) to[i] += from[i];
  }
  now_us += 1000;
  return 0;
}
