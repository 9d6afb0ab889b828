// A driver without a GPU, for tests of what package cuda asks the driver for. It
// is as strict as the driver's documentation: the context must be the calling
// thread's, work runs no sooner than it is waited for, what is not allowed while
// a stream records is refused, and nothing may be left when the context goes.
// The kernels that tests launch are written here once more in C; of others there
// is what the PTX says of them, and registers that are made up.
#include <cuda.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default"))) CUresult
#define TOTAL (1u << 30)   // bytes of memory
#define OPT_IN (100 << 10) // bytes of shared memory of a block, those that were asked for
#define DEFAULT (48 << 10) // and those that need not be
#define REGISTERS 65536    // of a multiprocessor
#define MOST_REGISTERS 128 // of a thread
#define ENTRIES 16         // most kernels of a module
#define SM_THREADS 1536    // of a multiprocessor
#define SM_BLOCKS 16
#define SM_SHARED (OPT_IN + RESERVED)
#define RESERVED 1024      // bytes of shared memory of a block that CUDA keeps

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int retained, live; // of the context, and what is left of all kinds
static size_t used;
static _Thread_local CUcontext current;
static char the_context;

struct work { // a copy, zeros, or a kernel
	void *to;
	const void *from;
	size_t size;
	void (*kernel)(const uint64_t *args, unsigned threads);
	uint64_t args[8];
	unsigned threads, blocks;
	struct work *next;
};

struct queue { struct work *first, **last; uint64_t asked, done; };
struct CUstream_st { struct queue waiting, *recording; pthread_t recorder; };
struct CUgraph_st { struct queue work; };
struct CUgraphExec_st { struct queue work; };
struct CUevent_st { CUstream stream; uint64_t behind; }; // so much of the stream's work
struct CUfunc_st { char name[64]; const struct entry *entry; int threads, registers, local, fixed, shared, carveout; };
struct CUmod_st { struct CUfunc_st functions[ENTRIES]; int n; };

static void clear(struct queue *q) { q->first = NULL, q->last = &q->first; }

static void push(struct queue *q, const struct work *w) {
	struct work *copy = malloc(sizeof *copy);
	*copy = *w, copy->next = NULL;
	*q->last = copy, q->last = &copy->next, q->asked++;
}

static void drop(struct queue *q) {
	for (struct work *w = q->first, *next; w; w = next) next = w->next, free(w);
	clear(q);
}

static unsigned blocks; // of the launch that runs

// run runs what was asked for until so much is done.
static void run(struct queue *q, uint64_t until) {
	for (struct work *w = q->first; w && q->done < until; w = q->first) {
		if (w->kernel) blocks = w->blocks, w->kernel(w->args, w->threads);
		else if (w->from) memcpy(w->to, w->from, w->size);
		else memset(w->to, 0, w->size);
		q->first = w->next, q->done++, free(w);
	}
	if (!q->first) clear(q);
}

static CUresult ask(CUstream s, const struct work *w) {
	push(s->recording ? s->recording : &s->waiting, w);
	return CUDA_SUCCESS;
}

static _Thread_local struct queue *recording; // that this thread began

static CUresult lost; // the error that a kernel left, which lasts

// ENTER locks, and is an error without the context on this thread; QUIET is one
// too while this thread records. Nobody may ask for more after an error that lasts.
static void unlock(int *unused) { (void)unused, pthread_mutex_unlock(&lock); }
#define LOCK int locked __attribute__((cleanup(unlock))) = pthread_mutex_lock(&lock); (void)locked
#define LIVING if (lost) fprintf(stderr, "%s after an error that lasts\n", __func__), abort()
#define ENTER LOCK; LIVING; if (!retained || current != (CUcontext)&the_context) return CUDA_ERROR_INVALID_CONTEXT
#define QUIET ENTER; if (recording) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED

API cuInit(unsigned flags) { return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS; }

API cuGetErrorName(CUresult code, const char **name) {
	*name = code == CUDA_ERROR_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : code == CUDA_ERROR_ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS" : code < 1000 ? "CUDA_ERROR" : NULL;
	return *name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

API cuGetErrorString(CUresult code, const char **words) {
	*words = code == CUDA_ERROR_OUT_OF_MEMORY ? "out of memory" : code < 1000 ? "an error" : NULL;
	return *words ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

API cuDeviceGetCount(int *n) { return *n = 1, CUDA_SUCCESS; }
API cuDeviceGet(CUdevice *d, int i) { return *d = i, i ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS; }
API cuDeviceGetName(char *name, int size, CUdevice d) { return snprintf(name, size, "a GPU that is none"), d ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS; }
API cuDeviceTotalMem(size_t *bytes, CUdevice d) { return *bytes = TOTAL, d ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS; }

API cuDeviceGetAttribute(int *value, CUdevice_attribute a, CUdevice d) {
	switch (a) {
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *value = 8; break;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *value = 6; break;
	case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *value = 28; break;
	case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: *value = OPT_IN; break;
	case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR: *value = SM_SHARED; break;
	default: return CUDA_ERROR_INVALID_VALUE;
	}
	return d ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS;
}

API cuDevicePrimaryCtxRetain(CUcontext *c, CUdevice d) {
	LOCK;
	LIVING;
	retained++, *c = (CUcontext)&the_context;
	return d ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS;
}

API cuDevicePrimaryCtxRelease(CUdevice d) {
	LOCK;
	if (d || !retained) return CUDA_ERROR_INVALID_CONTEXT;
	if (--retained == 0 && (live || used)) {
		fprintf(stderr, "the context goes, but %d objects and %zu bytes are left\n", live, used);
		abort();
	}
	return CUDA_SUCCESS;
}

API cuCtxSetCurrent(CUcontext c) { LIVING; return current = c, CUDA_SUCCESS; }

API cuStreamCreate(CUstream *s, unsigned flags) {
	QUIET;
	if (flags & ~CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
	*s = calloc(1, sizeof **s), clear(&(*s)->waiting), live++;
	return CUDA_SUCCESS;
}

API cuStreamDestroy(CUstream s) {
	QUIET;
	drop(&s->waiting), free(s), live--;
	return CUDA_SUCCESS;
}

API cuStreamSynchronize(CUstream s) {
	QUIET;
	run(&s->waiting, s->waiting.asked);
	return lost;
}

API cuStreamBeginCapture(CUstream s, CUstreamCaptureMode mode) {
	QUIET;
	if (mode != CU_STREAM_CAPTURE_MODE_THREAD_LOCAL || s->recording) return CUDA_ERROR_ILLEGAL_STATE;
	s->recording = recording = malloc(sizeof *recording), s->recorder = pthread_self(), clear(recording);
	return CUDA_SUCCESS;
}

API cuStreamEndCapture(CUstream s, CUgraph *g) {
	ENTER;
	if (!s->recording) return CUDA_ERROR_ILLEGAL_STATE;
	if (!pthread_equal(s->recorder, pthread_self())) return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
	*g = (CUgraph)s->recording, s->recording = recording = NULL, live++;
	return CUDA_SUCCESS;
}

API cuGraphDestroy(CUgraph g) {
	ENTER;
	drop(&g->work), free(g), live--;
	return CUDA_SUCCESS;
}

API cuGraphInstantiateWithFlags(CUgraphExec *e, CUgraph g, unsigned long long flags) {
	ENTER;
	if (flags) return CUDA_ERROR_INVALID_VALUE;
	*e = calloc(1, sizeof **e), clear(&(*e)->work), live++;
	for (struct work *w = g->work.first; w; w = w->next) push(&(*e)->work, w);
	return CUDA_SUCCESS;
}

API cuGraphLaunch(CUgraphExec e, CUstream s) {
	QUIET;
	for (struct work *w = e->work.first; w; w = w->next) push(&s->waiting, w);
	return CUDA_SUCCESS;
}

API cuGraphExecDestroy(CUgraphExec e) {
	ENTER;
	drop(&e->work), free(e), live--;
	return CUDA_SUCCESS;
}

API cuEventCreate(CUevent *e, unsigned flags) {
	ENTER;
	*e = calloc(1, sizeof **e), live++;
	return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

API cuEventDestroy(CUevent e) {
	ENTER;
	free(e), live--;
	return CUDA_SUCCESS;
}

API cuEventRecord(CUevent e, CUstream s) {
	QUIET;
	e->stream = s, e->behind = s->waiting.asked;
	return CUDA_SUCCESS;
}

// CUDA does not wait for an event that was never recorded; who asks for that has lost count.
API cuEventSynchronize(CUevent e) {
	QUIET;
	if (!e->stream) return CUDA_ERROR_INVALID_HANDLE;
	run(&e->stream->waiting, e->behind);
	return lost;
}

API cuEventElapsedTime(float *ms, CUevent start, CUevent end) {
	ENTER;
	if (!start->stream || !end->stream) return CUDA_ERROR_INVALID_HANDLE;
	return *ms = 0.5f, end->stream->waiting.done < end->behind ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

struct header { // 256 bytes before what was allocated
	size_t size;
	int mapped; // memory of the host, for the device too
};

static CUresult take(void **p, size_t size) {
	if (!size) return CUDA_ERROR_INVALID_VALUE;
	if (size > TOTAL - used) return CUDA_ERROR_OUT_OF_MEMORY;
	char *allocation = aligned_alloc(256, 256 + (size + 255) / 256 * 256);
	*(struct header *)allocation = (struct header){size}, used += size;
	*p = allocation + 256;
	return CUDA_SUCCESS;
}

static void give(void *p) {
	char *allocation = (char *)p - 256;
	used -= ((struct header *)allocation)->size;
	free(allocation);
}

API cuMemAlloc(CUdeviceptr *p, size_t size) {
	QUIET;
	return take((void **)p, size);
}

API cuMemFree(CUdeviceptr p) {
	QUIET;
	give((void *)p);
	return CUDA_SUCCESS;
}

API cuMemGetInfo(size_t *free, size_t *total) {
	ENTER;
	return *free = TOTAL - used, *total = TOTAL, CUDA_SUCCESS;
}

API cuMemHostAlloc(void **p, size_t size, unsigned flags) {
	QUIET;
	if (flags & ~CU_MEMHOSTALLOC_DEVICEMAP) return CUDA_ERROR_INVALID_VALUE;
	CUresult wrong = take(p, size);
	if (!wrong) ((struct header *)((char *)*p - 256))->mapped = flags != 0;
	return wrong;
}

API cuMemHostGetDevicePointer(CUdeviceptr *p, void *host, unsigned flags) {
	ENTER;
	if (flags || !((struct header *)((char *)host - 256))->mapped) return CUDA_ERROR_INVALID_VALUE;
	return *p = (CUdeviceptr)host, CUDA_SUCCESS;
}

API cuMemFreeHost(void *p) {
	QUIET;
	give(p);
	return CUDA_SUCCESS;
}

API cuMemcpyHtoDAsync(CUdeviceptr to, const void *from, size_t size, CUstream s) {
	ENTER;
	return ask(s, &(struct work){.to = (void *)to, .from = from, .size = size});
}

API cuMemcpyDtoHAsync(void *to, CUdeviceptr from, size_t size, CUstream s) {
	ENTER;
	return ask(s, &(struct work){.to = to, .from = (void *)from, .size = size});
}

API cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t size, CUstream s) {
	ENTER;
	return value ? CUDA_ERROR_INVALID_VALUE : ask(s, &(struct work){.to = (void *)to, .size = size});
}

#include "kernels.h"

API cuModuleLoadDataEx(CUmodule *m, const void *image, unsigned n, CUjit_option *options, void **values) {
	QUIET;
	if (!strstr(image, ".version 7.0") || strstr(image, "frobnicate")) {
		for (unsigned i = 0; i + 1 < n; i++)
			if (options[i] == CU_JIT_ERROR_LOG_BUFFER && options[i + 1] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
				snprintf(values[i], (uintptr_t)values[i + 1], "ptxas: frobnicate is no instruction\n");
		return CUDA_ERROR_INVALID_PTX;
	}
	*m = calloc(1, sizeof **m), live++;
	for (const char *p = strstr(image, ".entry "), *next; p && (*m)->n < ENTRIES; p = next) {
		next = strstr(p + 1, ".entry ");
		(*m)->functions[(*m)->n++] = compiled(p, next ? next : p + strlen(p));
	}
	return CUDA_SUCCESS;
}

API cuModuleUnload(CUmodule m) {
	QUIET;
	free(m), live--;
	return CUDA_SUCCESS;
}

API cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name) {
	ENTER;
	for (int i = 0; i < m->n; i++)
		if (!strcmp(name, m->functions[i].name)) return *f = &m->functions[i], CUDA_SUCCESS;
	return CUDA_ERROR_NOT_FOUND;
}

API cuFuncGetAttribute(int *value, CUfunction_attribute a, CUfunction f) {
	ENTER;
	switch (a) {
	case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: return *value = f->shared, CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK: return *value = f->threads, CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_NUM_REGS: return *value = f->registers, CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES: return *value = f->local, CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: return *value = f->fixed, CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT: return *value = f->carveout, CUDA_SUCCESS;
	default: return CUDA_ERROR_INVALID_VALUE;
	}
}

API cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int value) {
	ENTER;
	if (a == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES && value >= 0 && value <= OPT_IN) f->shared = value;
	else if (a == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT && value > 0 && value <= 100) f->carveout = value;
	else return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

static int lesser(int a, int b) { return a < b ? a : b; }

API cuOccupancyMaxActiveBlocksPerMultiprocessor(int *n, CUfunction f, int threads, size_t shared) {
	ENTER;
	if (threads <= 0 || shared > OPT_IN) return CUDA_ERROR_INVALID_VALUE;
	*n = 0;
	if (threads > f->threads || (int)shared > f->shared) return CUDA_SUCCESS;
	*n = lesser(lesser(SM_BLOCKS, SM_THREADS / threads), REGISTERS / (f->registers * ((threads + 31) / 32 * 32)));
	*n = lesser(*n, (f->carveout > 0 ? SM_SHARED / 100. * f->carveout : DEFAULT) / ((int)shared + f->fixed + RESERVED));
	return CUDA_SUCCESS;
}

API cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
	CUstream s, void **params, void **extra) {
	ENTER;
	if (!gx || !gy || !gz || gx > INT32_MAX || gy > 65535 || gz > 65535 || !bx || !by || !bz || (uint64_t)bx * by * bz > (unsigned)f->threads || bz > 64 ||
		(int)shared > f->shared || (shared && f->carveout < 1) || extra)
		return CUDA_ERROR_INVALID_VALUE;
	if (!f->entry) return CUDA_ERROR_NOT_SUPPORTED;
	struct work w = {.kernel = f->entry->run, .threads = bx * by * bz, .blocks = gx * gy * gz};
	for (int i = 0; f->entry->sizes[i]; i++) memcpy(&w.args[i], params[i], f->entry->sizes[i] - '0');
	return ask(s, &w);
}
