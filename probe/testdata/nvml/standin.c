/* A stand-in for libnvidia-ml.so.1: two GPUs, and only a few of the functions
 * of the real library, all in the calling conventions of nvml.h.
 *
 * NVML_STANDIN_HANG names a function that never returns; a GPU's functions
 * hang for the second GPU only. NVML_STANDIN_INIT is what nvmlInit_v2 returns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, GPUS = 2 };

typedef struct { unsigned index; } gpu;
static gpu gpus[GPUS] = {{0}, {1}};

static void may_hang(const char *function, unsigned index) {
	const char *hang = getenv("NVML_STANDIN_HANG");
	if (index != 0 && hang && strcmp(hang, function) == 0)
		for (;;) pause();
}
#define ONCE may_hang(__func__, 1)
#define FOR(g) may_hang(__func__, (g)->index)

int nvmlInit_v2(void) {
	const char *code = getenv("NVML_STANDIN_INIT");
	ONCE;
	return code ? atoi(code) : SUCCESS;
}
int nvmlShutdown(void) { ONCE; return SUCCESS; }
int nvmlSystemGetDriverVersion(char *v, unsigned n) { snprintf(v, n, "570.86.15"); return SUCCESS; }
int nvmlSystemGetCudaDriverVersion(int *v) { *v = 12080; return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = GPUS; return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, gpu **g) {
	if (i >= GPUS) return INVALID_ARGUMENT;
	may_hang(__func__, i);
	*g = &gpus[i];
	return SUCCESS;
}
int nvmlDeviceGetName(gpu *g, char *s, unsigned n) { FOR(g); snprintf(s, n, "NVIDIA L4"); return SUCCESS; }
int nvmlDeviceGetUUID(gpu *g, char *s, unsigned n) {
	FOR(g);
	snprintf(s, n, "GPU-00000000-0000-0000-0000-00000000000%u", g->index);
	return SUCCESS;
}
struct pci {
	char legacy[16];
	unsigned domain, bus, device, id, subsystem;
	char address[32];
};
int nvmlDeviceGetPciInfo_v3(gpu *g, struct pci *p) {
	FOR(g);
	memset(p, 0, sizeof *p);
	p->bus = 0x3b + g->index;
	p->id = 0x27b810de;
	p->subsystem = 0x16ca10de;
	snprintf(p->address, sizeof p->address, "00000000:%02X:00.0", p->bus);
	return SUCCESS;
}
int nvmlDeviceGetCudaComputeCapability(gpu *g, int *major, int *minor) {
	FOR(g);
	*major = 8, *minor = 9;
	return SUCCESS;
}
/* Only the first version of the memory call, as in old drivers. */
int nvmlDeviceGetMemoryInfo(gpu *g, unsigned long long m[3]) {
	FOR(g);
	m[0] = 24152899584ULL, m[2] = 268435456ULL, m[1] = m[0] - m[2];
	return SUCCESS;
}
int nvmlDeviceGetMemoryBusWidth(gpu *g, unsigned *bits) { FOR(g); *bits = 192; return SUCCESS; }
int nvmlDeviceGetMaxClockInfo(gpu *g, int type, unsigned *mhz) {
	FOR(g);
	*mhz = type == 2 ? 6251 : 2040;
	return SUCCESS;
}
int nvmlDeviceGetNumGpuCores(gpu *g, unsigned *n) { FOR(g); *n = 58 * 128; return SUCCESS; }
int nvmlDeviceGetTopologyCommonAncestor(gpu *a, gpu *b, int *level) { FOR(b); (void)a; *level = 40; return SUCCESS; }
