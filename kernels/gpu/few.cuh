// What the launches for few atoms (few.cu) and the one for all (once.cu) share:
// products whose weights are cut into slices, and the layers of updates.
#pragma once
#include "message.cuh"
#include "split.cuh"
#include "update.cuh"

#define FEW 64      // atoms at most
#define TILE 4      // atoms side by side in a warp
#define PAD 4       // floats behind the inputs of an output, and behind the features of an atom
#define WIDE 512    // of a block with a message, of which a warp works on an atom at a time

// The shared memory that the message's tables have elsewhere.
#define buffer ((float *)table)

// copy copies count float4, several of them on their way at once, by so many threads.
static __device__ __forceinline__ void copy(float *to, const float *from, int count, int thread, int threads) {
	const int batch = 8;
	for (int first = thread; first < count; first += batch * threads) {
		float4 v[batch];
#pragma unroll
		for (int i = 0; i < batch; i++) v[i] = ((const float4 *)from)[min_int(first + i * threads, count - 1)];
#pragma unroll
		for (int i = 0; i < batch; i++)
			if (first + i * threads < count) ((float4 *)to)[first + i * threads] = v[i];
	}
}

// copy_ahead has count float4 on their way to shared memory, and arrived waits for what the thread has sent for; others know of it after a barrier.
static __device__ __forceinline__ void copy_ahead(float *to, const float *from, int count, int thread, int threads) {
#ifdef TF32 // as on GPUs that have cp.async
	unsigned at = (unsigned)(size_t)(SHARED float *)to;
#pragma unroll 1 // what runs once is paid for by its length
	for (int i = thread; i < count; i += threads)
		asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" : : "r"(at + 16 * i), "l"((const GLOBAL float *)from + 4 * i) : "memory");
#else
	copy(to, from, count, thread, threads);
#endif
}

static __device__ __forceinline__ void arrived() {
#ifdef TF32
	asm volatile("cp.async.wait_all;" : : : "memory");
#endif
}

#ifdef TF32
// together makes what the thread has sent for since the last time a group, and arrived_but_last waits for all groups but the last.
static __device__ __forceinline__ void together() { asm volatile("cp.async.commit_group;" : : : "memory"); }
static __device__ __forceinline__ void arrived_but_last() { asm volatile("cp.async.wait_group 1;" : : : "memory"); }
#endif

// slice is the weights of so many outputs of the group.
static __device__ __forceinline__ void slice(float *to, const float *weights, int outputs, int in, int thread, int threads) {
	int size = outputs * (in + PAD);
	copy(to, weights + (size_t)blockIdx_y * size, size / 4, thread, threads);
}

// links adds four links to each chain: weights w[k] to w[k + 3] times x[k] to x[k + 3].
template <int parts, int rows>
static __device__ __forceinline__ void links(float sum[parts][rows], const float *w, const float *x, int apart, int step) {
	float4 from[rows], weight[parts];
#pragma unroll
	for (int r = 0; r < rows; r++) from[r] = *(const float4 *)(x + r * step);
#pragma unroll
	for (int p = 0; p < parts; p++) weight[p] = *(const float4 *)(w + p * apart);
#pragma unroll
	for (int p = 0; p < parts; p++)
#pragma unroll
		for (int r = 0; r < rows; r++) {
			sum[p][r] = fma(weight[p].x, from[r].x, sum[p][r]), sum[p][r] = fma(weight[p].y, from[r].y, sum[p][r]);
			sum[p][r] = fma(weight[p].z, from[r].z, sum[p][r]), sum[p][r] = fma(weight[p].w, from[r].w, sum[p][r]);
		}
}

// chains is sum[p][r] = bias + Σ_k w[k]·x[k], of one output of each part, apart from each other, and rows of x a step from each other.
template <int parts, int rows>
static __device__ __forceinline__ void chains(float sum[parts][rows], const float *w, const float *x, int in, int apart, int step) {
	const int ahead = 32; // inputs on their way at once
#pragma unroll
	for (int p = 0; p < parts; p++)
		for (int r = 0; r < rows; r++) sum[p][r] = w[p * apart + in];
	int k = 0;
#pragma unroll 1
	for (; k + ahead <= in; k += ahead)
#pragma unroll
		for (int l = k; l < k + ahead; l += 4) links<parts, rows>(sum, w + l, x + l, apart, step);
#pragma unroll 1
	for (; k < in; k += 4) links<parts, rows>(sum, w + k, x + k, apart, step);
}

// pairs is so many links, on their way.
template <int count> struct pairs {
	float4 w[count / 4], x[count / 4];
	__device__ __forceinline__ void ask(const float *weights, const float *from) {
#pragma unroll
		for (int i = 0; i < count / 4; i++) w[i] = *(const float4 *)(weights + 4 * i), x[i] = *(const float4 *)(from + 4 * i);
	}
	__device__ __forceinline__ float add(float sum) const {
#pragma unroll
		for (int i = 0; i < count / 4; i++) sum = fma(w[i].w, x[i].w, fma(w[i].z, x[i].z, fma(w[i].y, x[i].y, fma(w[i].x, x[i].x, sum))));
		return sum;
	}
};

// chain is chains' one sum, bias + Σ_k w[k]·x[k], whose next links are on their way while others are added.
static __device__ __forceinline__ float chain(const float *w, const float *x, int in) {
	const int ahead = 16;
	float sum = w[in];
	int k = 0;
	if (in >= ahead) {
		pairs<ahead> now;
		now.ask(w, x);
#pragma unroll 1
		for (k = ahead; k + ahead <= in; k += ahead) {
			pairs<ahead> next;
			next.ask(w + k, x + k);
			sum = now.add(sum);
			now = next;
		}
		sum = now.add(sum);
	}
#pragma unroll 1
	for (; k < in; k += 4) {
		pairs<4> rest;
		rest.ask(w + k, x + k);
		sum = rest.add(sum);
	}
	return sum;
}

// A lane's output of a group and its first atom of a tile.
static __device__ __forceinline__ int output() { return threadIdx_x % WARP / TILE; }
static __device__ __forceinline__ int own_feature() { return blockIdx_y * GROUP + output(); }
static __device__ __forceinline__ int own_atom() { return threadIdx_x % TILE; }

// products is the sums of so many parts of a layer of tile after tile of atoms: output()'s of atom first + own_atom(), and the same of the next tile where
// there are two. x has rows of the atoms up to last, w those of the outputs, both pitch apart.
#ifdef TF32
// On tensor cores the group's outputs are rows of a, two parts at a time, and atoms are columns of b: column 2·own_atom() is the lane's
// atom and column 2·own_atom() + 1 that of the next tile, or the same. The sums are tensor.cuh's, span by span.
template <int parts, int rows, int spans>
static __device__ __forceinline__ void add_spans(float sum[parts][rows], const float *w, const float *x, int pitch) {
#pragma unroll
	for (int n = 0; n < spans; n++, w += SPAN, x += SPAN) {
		split b[SPAN / 8][2];
#pragma unroll
		for (int s = 0; s < SPAN / 8; s++) b[s][0] = split_of(x[8 * s]), b[s][1] = split_of(x[8 * s + 4]);
#pragma unroll
		for (int p = 0; p < parts; p += 2) {
			const float *other = w + (p + 1) * GROUP * pitch, *one = w + p * GROUP * pitch;
			split a[SPAN / 8][4] = {};
#pragma unroll
			for (int s = 0; s < SPAN / 8; s++) {
				a[s][0] = split_of(one[8 * s]), a[s][2] = split_of(one[8 * s + 4]);
				if (p + 1 < parts) a[s][1] = split_of(other[8 * s]), a[s][3] = split_of(other[8 * s + 4]);
			}
			float part[4];
			multiply(part, a, b);
#pragma unroll
			for (int r = 0; r < rows; r++) {
				sum[p][r] += part[r];
				if (p + 1 < parts) sum[p + 1][r] += part[2 + r];
			}
		}
	}
}

template <int parts, int rows>
static __device__ __forceinline__ void products(float sum[parts][rows], const float *w, const float *x, int first, int last, int in) {
	int pitch = in + PAD, column = threadIdx_x % WARP / 4, k = 0;
	w += output() * pitch, x += min_int(first + column / 2 + (rows - 1) * (column % 2) * TILE, last) * pitch;
#pragma unroll
	for (int p = 0; p < parts; p++)
		for (int r = 0; r < rows; r++) sum[p][r] = w[p * GROUP * pitch + in];
	w += threadIdx_x % 4, x += threadIdx_x % 4;
#pragma unroll 1
	for (; k + 4 * SPAN <= in; k += 4 * SPAN) add_spans<parts, rows, 4>(sum, w + k, x + k, pitch);
	if (k < in) add_spans<parts, rows, 2>(sum, w + k, x + k, pitch);
}
#else
template <int parts, int rows>
static __device__ __forceinline__ void products(float sum[parts][rows], const float *w, const float *x, int first, int last, int in) {
	int pitch = in + PAD, one = min_int(first + own_atom(), last), other = min_int(first + own_atom() + TILE, last);
	w += output() * pitch;
	if (rows == 1) sum[0][0] = chain(w, x + one * pitch, in);
	else chains<parts, rows>(sum, w, x + one * pitch, in, GROUP * pitch, (other - one) * pitch);
}
#endif

// An end of a layer takes an output's sum to where atom and feature lie; more is what else it needs, asked for before the sum begins.
struct plain_end {
	float *to;
	__device__ __forceinline__ float more(size_t at) const { return 0; }
	__device__ __forceinline__ void done(size_t at, float sum, float) const { to[at] = sum; }
};

struct scalar_end { // added to s
	float *to;
	const float4 *state;
	__device__ __forceinline__ float more(size_t at) const { return state[at].x; }
	__device__ __forceinline__ void done(size_t at, float sum, float s) const { to[at] = s + sum; }
};

struct slope_end { // times silu′(pre)
	float *to;
	const float *pre;
	__device__ __forceinline__ float more(size_t at) const { return silu_slope(pre[at]); }
	__device__ __forceinline__ void done(size_t at, float sum, float slope) const { to[at] = sum * slope; }
};

// activate puts rows [atoms, in], silu of them or as they are, into x, by so many threads.
template <bool active> static __device__ __forceinline__ void activate(float *x, const float *rows, int atoms, int in, int thread, int threads) {
	const int batch = 4;
	int quads = in / 4, count = atoms * quads;
	for (int first = thread; first < count; first += batch * threads) {
		float4 v[batch];
#pragma unroll
		for (int i = 0; i < batch; i++) v[i] = ((const float4 *)rows)[min_int(first + i * threads, count - 1)];
#pragma unroll
		for (int i = 0; i < batch; i++) {
			int k = first + i * threads;
			if (k >= count) break;
			if (active) v[i] = vec4(silu(v[i].x), silu(v[i].y), silu(v[i].z), silu(v[i].w));
			((float4 *)x)[k + k / quads] = v[i];
		}
	}
}

// The sums of a layer from rows of input in x, as activate leaves them, to a group's outputs of every part, whose weights are in w, for all atoms. A lane
// has the sums of two atoms, each of which done takes.
template <int parts, class layer> static __device__ __forceinline__ void all_atoms(const layer &l, const float *w, const float *x, int atoms, int h) {
	int tile = threadIdx_x / WARP * 2 * TILE, i = tile + own_atom(), one = min_int(i, atoms - 1), other = min_int(i + TILE, atoms - 1);
	if (tile < atoms) {
		float sum[parts][2];
		auto more = l.more(one, own_feature()), more_of_other = l.more(other, own_feature());
		products<parts, 2>(sum, w, x, tile, atoms - 1, h);
#pragma unroll
		for (int r = 0; r < 2; r++)
			if (i + r * TILE < atoms) {
				float mine[parts];
#pragma unroll
				for (int p = 0; p < parts; p++) mine[p] = sum[p][r];
				l.done(i + r * TILE, own_feature(), mine, r ? more_of_other : more);
			}
	}
	sync_block();
}

// From pre and the state before the update to out, after it.
struct output_layer {
	place out;
	float *gates;
	const float4 *state;
	float m0, m1, m2, m3, m4, m5, m6, m7, m8;
	int h;
	struct own {
		float4 v, mixture;
	};
	__device__ __forceinline__ own more(size_t i, int f) const {
		own o;
		o.v = state[i * h + f], o.mixture = MIX(o.v);
		return o;
	}
	__device__ __forceinline__ void done(size_t i, int f, const float sum[3], const own &o) const {
		out.put(i, h, f, gated(o.v.x + sum[0], o.v, o.mixture, sum[1], sum[2]));
		gates[i * 2 * h + f] = sum[1], gates[i * 2 * h + h + f] = sum[2];
	}
};

// From gp and g = ∂E/∂(s, v) after the update to that before it.
struct gradient_layer {
	place to;
	const float4 *g;
	const float4 *state;
	const float *gates;
	float m0, m1, m2, m3, m4, m5, m6, m7, m8;
	int h;
	struct own {
		float4 gv, back, u;
		float g1;
	};
	__device__ __forceinline__ own more(size_t i, int f) const {
		own o;
		float g2 = gates[i * 2 * h + h + f];
		o.gv = g[i * h + f], o.u = along(state[i * h + f]), o.g1 = gates[i * 2 * h + f];
		o.back = MIX_TRANSPOSED(vec4(0, o.gv.y * g2, o.gv.z * g2, o.gv.w * g2));
		return o;
	}
	__device__ __forceinline__ void done(size_t i, int f, const float sum[2], const own &o) const {
		to.put(i, h, f, gathered(o.gv.x + sum[0], o.gv, o.g1, o.back, sum[1], o.u));
	}
};

// The same of the last update, from gs after it and gp.
struct last_layer {
	place g;
	const float4 *state;
	const float *gs;
	int h;
	__device__ __forceinline__ float4 more(size_t i, int f) const {
		float4 u = along(state[i * h + f]);
		return vec4(gs[i * h + f], u.y, u.z, u.w);
	}
	__device__ __forceinline__ void done(size_t i, int f, const float sum[2], float4 o) const { g.put(i, h, f, stretched(o.x + sum[0], sum[1], o)); }
};

// The readout and its reverse: E_i, and gs = ∂E_i/∂s after the last update, where it is asked for. The ways back use the same copies of the weights, by
// their columns. reading is what it needs of shared memory: H/2·(H + 4) + H/4·(H/2 + 4) + 5·H/2 + H/4 + 4 floats, of which weights and s are copied by the caller, before a barrier.
struct reading {
	float *a, *b, *c, *s, *rest;
	int h;
	__device__ __forceinline__ reading(float *at, int h) : a(at), b(a + h / 2 * (h + PAD)), c(b + h / 4 * (h / 2 + PAD)), s(c + h / 4 + PAD), rest(s + h), h(h) {}
	__device__ __forceinline__ void first(const float *wa, int thread, int threads) const { copy(a, wa, h / 2 * (h + PAD) / 4, thread, threads); }
	__device__ __forceinline__ void second(const float *wb, int thread, int threads) const { copy(b, wb, h / 4 * (h / 2 + PAD) / 4, thread, threads); }
	__device__ __forceinline__ void third(const float *wc, int thread, int threads) const { copy(c, wc, (h / 4 + PAD) / 4, thread, threads); }
	__device__ __forceinline__ void scalars(const float *row, int thread, int threads) const { copy(s, row, h / 4, thread, threads); }

	template <class places> __device__ __forceinline__ void run(bool back, const places &out) const {
		int half = h / 2, quarter = h / 4, pitch_a = h + PAD, pitch_b = half + PAD, t = threadIdx_x;
		float *layer_a = rest, *layer_b = layer_a + half, *back_a = layer_b + quarter, *back_b = back_a + half;
		for (int f = t; f < half; f += WIDE) {
			float sum = chain(a + f * pitch_a, s, h);
			layer_a[f] = silu(sum), back_a[f] = silu_slope(sum);
		}
		sync_block();
		for (int f = t; f < quarter; f += WIDE) {
			float sum = chain(b + f * pitch_b, layer_a, half);
			layer_b[f] = silu(sum), back_b[f] = c[f] * silu_slope(sum);
		}
		sync_block();
		if (t == WIDE - 1) { // meanwhile the others are on their way back
			out.put_energy(chain(c, layer_b, quarter));
		}
		if (!back) return;
		for (int f = t; f < half; f += WIDE) {
			float x = 0;
#pragma unroll 8
			for (int k = 0; k < quarter; k++) x = fma(b[k * pitch_b + f], back_b[k], x);
			back_a[f] *= x;
		}
		sync_block();
		for (int f = t; f < h; f += WIDE) {
			float x = 0;
#pragma unroll 8
			for (int k = 0; k < half; k++) x = fma(a[k * pitch_a + f], back_a[k], x);
			out.put(f, x);
		}
	}
};
