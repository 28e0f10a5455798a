/* What a C compiler and OpenBLAS reach: the other side of TestReference.
 *
 *   reference THREADS BYTES FILE
 *
 * FILE holds three arrays of BYTES each, split over THREADS pinned threads;
 * both sides map it, so that they work on the same pages.
 * A line of input is a kernel: read, copy, triad, or sgemm THREADS SIZE. The
 * answer is how many seconds one run took, or a line that starts with "no".
 * With one thread, and for the kernels over memory, it is CPU time: of the
 * thread that took longest. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static int threads;
static size_t part; /* elements of a thread's part */
static double *arrays;
static double *took; /* by each thread */
static char kernel[32];
static pthread_barrier_t start, done;

static double now(clockid_t clock) {
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void *map(size_t bytes) {
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		exit(1);
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

__attribute__((noinline)) static uint64_t read_words(const uint64_t *p, size_t n) {
	uint64_t x = 0;
	for (size_t i = 0; i < n; i++)
		x ^= p[i];
	return x;
}

/* A compiler may turn the loop into memcpy, which stores past the caches. */
__attribute__((noinline, optimize("no-tree-loop-distribute-patterns")))
static void copy(double *restrict a, const double *restrict b, size_t n) {
	for (size_t i = 0; i < n; i++)
		a[i] = b[i];
}

__attribute__((noinline))
static void triad(double *restrict a, const double *restrict b, const double *restrict c, double s, size_t n) {
	for (size_t i = 0; i < n; i++)
		a[i] = b[i] + s * c[i];
}

static void *work(void *arg) {
	static volatile uint64_t sink;
	int id = (int)(intptr_t)arg;
	cpu_set_t allowed, set;
	sched_getaffinity(0, sizeof allowed, &allowed);
	for (int cpu = 0, seen = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && seen++ == id) {
			CPU_ZERO(&set);
			CPU_SET(cpu, &set);
			pthread_setaffinity_np(pthread_self(), sizeof set, &set);
			break;
		}
	double *a = arrays + id * part, *b = a + threads * part, *c = b + threads * part;
	for (;;) {
		pthread_barrier_wait(&start);
		double t = now(CLOCK_THREAD_CPUTIME_ID);
		if (!strcmp(kernel, "read"))
			sink += read_words((uint64_t *)a, part);
		else if (!strcmp(kernel, "copy"))
			copy(a, b, part);
		else if (!strcmp(kernel, "triad"))
			triad(a, b, c, 3.14, part);
		took[id] = now(CLOCK_THREAD_CPUTIME_ID) - t;
		pthread_barrier_wait(&done);
	}
	return NULL;
}

typedef void sgemm_function(int order, int transA, int transB, int m, int n, int k, float alpha, const float *a,
                            int lda, const float *b, int ldb, float beta, float *c, int ldc);

/* C = A x B^T, row-major, all of one size, as the Go side computes it. */
static double sgemm(sgemm_function *f, int n, clockid_t clock) {
	static float *a, *b, *c;
	static int size;
	if (n != size) {
		a = map(4l * n * n), b = map(4l * n * n), c = map(4l * n * n);
		for (long i = 0; i < (long)n * n; i++)
			a[i] = drand48(), b[i] = drand48(), c[i] = 0;
		size = n;
	}
	double t = now(clock);
	f(101, 111, 112, n, n, n, 1, a, n, b, n, 0, c, n);
	return now(clock) - t;
}

int main(int argc, char **argv) {
	if (argc != 4)
		return 2;
	threads = atoi(argv[1]);
	size_t bytes = atol(argv[2]);
	part = bytes / 8 / threads;
	arrays = mmap(NULL, 3 * bytes, PROT_READ | PROT_WRITE, MAP_SHARED, open(argv[3], O_RDWR), 0);
	if (arrays == MAP_FAILED)
		return 1;
	took = calloc(threads, sizeof *took);
	pthread_barrier_init(&start, NULL, threads + 1);
	pthread_barrier_init(&done, NULL, threads + 1);
	for (int i = 0; i < threads; i++) {
		pthread_t t;
		pthread_create(&t, NULL, work, (void *)(intptr_t)i);
	}
	void *blas = dlopen("libopenblas.so.0", RTLD_NOW);
	sgemm_function *f = blas ? (sgemm_function *)dlsym(blas, "cblas_sgemm") : NULL;
	char *(*core)(void) = blas ? (char *(*)(void))dlsym(blas, "openblas_get_corename") : NULL;
	void (*use)(int) = blas ? (void (*)(int))dlsym(blas, "openblas_set_num_threads") : NULL;
	char line[64];
	int size, n;
	while (fgets(line, sizeof line, stdin)) {
		if (!strncmp(line, "core", 4)) {
			puts(f && core && use ? core() : "no OpenBLAS");
		} else if (sscanf(line, "sgemm %d %d", &n, &size) == 2) {
			use(n);
			printf("%.9f\n", sgemm(f, size, n == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC));
		} else if (sscanf(line, "%31s", kernel) == 1) {
			pthread_barrier_wait(&start);
			pthread_barrier_wait(&done);
			double longest = 0;
			for (int i = 0; i < threads; i++)
				longest = took[i] > longest ? took[i] : longest;
			printf("%.9f\n", longest);
		}
		fflush(stdout);
	}
	return 0;
}
