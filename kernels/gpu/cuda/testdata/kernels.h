// What libcuda.c runs in place of kernels, and what it tells of them.

#define FLOATS(arg) ((float *)(arg))

static float real(uint64_t arg) {
	float x;
	memcpy(&x, &arg, sizeof x);
	return x;
}

static void saxpy(const uint64_t *args, unsigned threads) {
	for (int i = 0; i < (int)args[2]; i++) FLOATS(args[0])[i] += real(args[3]) * FLOATS(args[1])[i];
}

static void reverse(const uint64_t *args, unsigned threads) {
	float *x = FLOATS(args[0]);
	for (int i = 0, j = (int)args[1] - 1; i < j; i++, j--) {
		float left = x[i];
		x[i] = x[j], x[j] = left;
	}
}

static void arguments(const uint64_t *args, unsigned threads) {
	int32_t *out = (int32_t *)args[1];
	out[0] = (int32_t)args[0], FLOATS(args[1])[1] = real(args[2]), out[2] = threads;
}

// store is what TestLost's kernel of that name does.
static void store(const uint64_t *args, unsigned threads) {
	if (args[0]) *(int32_t *)args[0] = 1;
	else lost = CUDA_ERROR_ILLEGAL_ADDRESS;
}

// letters leaves what its blocks agree on.
static void letters(const uint64_t *args, unsigned threads) {
	unsigned n = blocks * threads;
	uint32_t *x = (uint32_t *)args[0], *y = malloc(n * sizeof *y), *next = malloc(2 * n * sizeof *next);
	for (unsigned i = 0; i < n; i++) x[i] = (uint32_t)args[3] + i, y[i] = i;
	for (unsigned round = 0; round < (uint32_t)args[2]; round++) {
		for (unsigned i = 0; i < n; i++) {
			unsigned before = (i + n - threads) % n;
			next[i] = 3 * x[i] + y[i] + x[(i + threads) % n] + x[before], next[n + i] = y[before] + x[i];
		}
		memcpy(x, next, n * sizeof *x), memcpy(y, next + n, n * sizeof *y);
	}
	free(y), free(next);
}

static void tell(const uint64_t *args, unsigned threads) {
	for (unsigned i = 0; i < blocks * threads; i++) ((uint64_t *)args[0])[i] = args[1] << 32 | i;
}

static void nothing(const uint64_t *args, unsigned threads) {}

// sizes are those of a kernel's parameters, in bytes.
static const struct entry {
	const char *name, *sizes;
	void (*run)(const uint64_t *args, unsigned threads);
} entries[] = {{"saxpy", "8844", saxpy}, {"reverse", "84", reverse}, {"arguments", "484", arguments}, {"nothing", "", nothing}, {"store", "8", store}, {"letters", "8844", letters}, {"tell", "84", tell}};

// declared is the number behind what comes after a directive that stands between text and end, 0 without one.
static int declared(const char *text, const char *end, const char *directive, const char *after) {
	const char *p = strstr(text, directive);
	return p && p < end ? atoi(strstr(p, after) + strlen(after)) : 0;
}

// compiled is the kernel that stands between text and end.
static struct CUfunc_st compiled(const char *text, const char *end) {
	struct CUfunc_st f = {.shared = DEFAULT, .carveout = -1, .threads = declared(text, end, "\n.maxntid ", " "),
		.fixed = declared(text, end, "\t.shared ", "["), .local = declared(text, end, "\t.local ", "[")};
	sscanf(text, ".entry %63[a-z_]", f.name);
	if (!f.threads) f.threads = REGISTERS / MOST_REGISTERS;
	f.registers = REGISTERS / f.threads < MOST_REGISTERS ? REGISTERS / f.threads : MOST_REGISTERS;
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
		if (!strcmp(f.name, entries[i].name)) f.entry = &entries[i];
	return f;
}
