// The network for few atoms: so few that the time of a launch is that of its chains of results, not of its work. What message.cu and
// update.cu do in blocks of many atoms, for one group of features or for all, is cut into launches of as many blocks as there is work
// for, between which every block waits for all: a layer of an update whose inputs are all features, or the layer whose outputs
// are a block's own group of features, and with it the message, which stays within the group.
//
// Every number is the same sum in the same order as there, so that the same bits come out.
//
// Weights are cut into slices, those of 8 outputs each, or of 8 outputs of every part: [H/8, parts·8, in + 4], which a block copies to
// shared memory as they lie; behind the in weights of an output stand its bias and three zeros. See sliced in dense.go. A lane has
// one output, feature lane / 4, of the atoms lane % 4, + 4, and so on: what lanes read side by side is in different banks or the same.
#include "message.cuh"
#include "update.cuh"

#define FEW 64      // atoms at most
#define TILE 4      // atoms side by side in a warp
#define PAD 4       // floats behind the inputs of an output, and behind the features of an atom
#define THREADS 256 // of a block; half of them copy weights while the others make the layer's input
#define HALF (THREADS / 2)
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

// A lane's output of a group and its first atom of a tile.
static __device__ __forceinline__ int output() { return threadIdx_x % WARP / TILE; }
static __device__ __forceinline__ int own_feature() { return blockIdx_y * GROUP + output(); }
static __device__ __forceinline__ int own_atom() { return threadIdx_x % TILE; }

// A layer whose inputs are in features of every atom, to those of a group of outputs: a tile of 4 atoms and a group a block, of which
// one warp has the sums. fill makes the input, by HALF threads, more is what else an output needs, asked for before its sum begins, and done
// takes both to where atom and feature lie. Shared memory: 12·(in + 4) floats.
template <class layer> static __device__ __forceinline__ void one_tile(const layer &l, const float *weights, int in, int atoms) {
	int pitch = in + PAD, first = blockIdx_x * TILE;
	float *w = buffer, *x = buffer + GROUP * pitch;
	if (threadIdx_x < HALF) slice(w, weights, GROUP, in, threadIdx_x, HALF);
	else l.fill(x, pitch, first, atoms - 1, threadIdx_x - HALF);
	sync_block();
	if (threadIdx_x >= WARP) return;
	int i = first + own_atom();
	size_t at = (size_t)min_int(i, atoms - 1) * l.h + own_feature();
	float sum[1][1], more = l.more(at);
	chains<1, 1>(sum, w + output() * pitch, x + own_atom() * pitch, in, 0, 0);
	if (i < atoms) l.done(at, sum[0][0], more);
}

// EACH_ROW goes over the rows of a tile, i being the atom, or the last one, all at once.
#define EACH_ROW _Pragma("unroll") for (int a = 0; a < TILE; a++)
#define ROW_ATOM ((size_t)min_int(first + a, last))

// W3·[s ; n] + b3.
struct hidden_layer {
	float *pre;
	const float4 *state;
	int h;
	__device__ __forceinline__ void fill(float *x, int pitch, int first, int last, int thread) const {
		for (int f = thread; f < h; f += HALF) {
			float4 v[TILE];
			EACH_ROW v[a] = state[ROW_ATOM * h + f];
			EACH_ROW x[a * pitch + f] = v[a].x, x[a * pitch + h + f] = norm(v[a]);
		}
	}
	__device__ __forceinline__ float more(size_t at) const { return 0; }
	__device__ __forceinline__ void done(size_t at, float sum, float) const { pre[at] = sum; }
};

KERNEL __launch_bounds__(THREADS, 1) few_hidden(float *pre, const float4 *state, const float *w3, int atoms, int h) {
	one_tile(hidden_layer{pre, state, h}, w3, 2 * h, atoms);
}

// s + W4·silu(pre) + b4, of the last update.
struct scalar_layer {
	float *scalars;
	const float4 *state;
	const float *pre;
	int h;
	__device__ __forceinline__ void fill(float *x, int pitch, int first, int last, int thread) const {
		for (int f = thread; f < h; f += HALF) {
			float v[TILE];
			EACH_ROW v[a] = pre[ROW_ATOM * h + f];
			EACH_ROW x[a * pitch + f] = silu(v[a]);
		}
	}
	__device__ __forceinline__ float more(size_t at) const { return state[at].x; }
	__device__ __forceinline__ void done(size_t at, float sum, float s) const { scalars[at] = s + sum; }
};

KERNEL __launch_bounds__(THREADS, 1) few_scalars(float *scalars, const float4 *state, const float *pre, const float *w4, int atoms, int h) {
	one_tile(scalar_layer{scalars, state, pre, h}, w4, h, atoms);
}

// (W4ᵀ·gs) ⊙ silu′(pre), of the last update.
struct turn_layer {
	float *gp;
	const float *gs, *pre;
	int h;
	__device__ __forceinline__ void fill(float *x, int pitch, int first, int last, int thread) const {
		for (int f = thread; f < h; f += HALF) {
			float v[TILE];
			EACH_ROW v[a] = gs[ROW_ATOM * h + f];
			EACH_ROW x[a * pitch + f] = v[a];
		}
	}
	__device__ __forceinline__ float more(size_t at) const { return silu_slope(pre[at]); }
	__device__ __forceinline__ void done(size_t at, float sum, float slope) const { gp[at] = sum * slope; }
};

KERNEL __launch_bounds__(THREADS, 1) few_turn(float *gp, const float *gs, const float *pre, const float *w4_t, int atoms, int h) {
	one_tile(turn_layer{gp, gs, pre, h}, w4_t, h, atoms);
}

// (W4ᵀ·[gs ; Σ_c gv_c v_c ; Σ_c gv_c (M v)_c]) ⊙ silu′(pre).
struct back_layer {
	float *gp;
	const float4 *g, *state;
	const float *pre;
	float m0, m1, m2, m3, m4, m5, m6, m7, m8;
	int h;
	__device__ __forceinline__ void fill(float *x, int pitch, int first, int last, int thread) const {
		for (int f = thread; f < h; f += HALF) {
			float4 gv[TILE], v[TILE];
			EACH_ROW gv[a] = g[ROW_ATOM * h + f], v[a] = state[ROW_ATOM * h + f];
			EACH_ROW {
				float *to = x + a * pitch + f;
				to[0] = gv[a].x, to[h] = dot(gv[a], v[a]), to[2 * h] = dot(gv[a], MIX(v[a]));
			}
		}
	}
	__device__ __forceinline__ float more(size_t at) const { return silu_slope(pre[at]); }
	__device__ __forceinline__ void done(size_t at, float sum, float slope) const { gp[at] = sum * slope; }
};

KERNEL __launch_bounds__(THREADS, 1) few_back(float *gp, const float4 *g, const float4 *state, const float *pre, const float *w4_t, MATRIX, int atoms, int h) {
	one_tile(back_layer{gp, g, state, pre, m0, m1, m2, m3, m4, m5, m6, m7, m8, h}, w4_t, 3 * h, atoms);
}

// The readout and its reverse: E_i, and gs = ∂E_i/∂s after the last update. The ways back use the same copies of the weights, by
// their columns. Launch: WIDE threads, a block for each atom. Shared memory: H/2·(H + 4) + H/4·(H/2 + 4) + 3·H/4 + H + 4 floats or more.
KERNEL __launch_bounds__(WIDE, 1) few_readout(float *gs, float *energy, const float *scalars, const float *wa, const float *wb, const float *wc, int h) {
	int half = h / 2, quarter = h / 4, pitch_a = h + PAD, pitch_b = half + PAD, t = threadIdx_x;
	float *a = buffer, *b = a + half * pitch_a, *c = b + quarter * pitch_b, *s = c + quarter + PAD, *layer_a = s + h, *layer_b = layer_a + half;
	float *back_a = layer_b + quarter, *back_b = back_a + half;
	float sum[1][1];
	int eighth = t / (WIDE / 8); // six eighths copy the first layer, one the second, and one the rest
	if (eighth < 6) copy(a, wa, half * pitch_a / 4, t, WIDE / 8 * 6);
	else if (eighth < 7) copy(b, wb, quarter * pitch_b / 4, t - WIDE / 8 * 6, WIDE / 8);
	else if (t < WIDE - WARP) copy(s, scalars + (size_t)blockIdx_x * h, h / 4, t - WIDE / 8 * 7, WARP);
	else copy(c, wc, (quarter + PAD) / 4, t - (WIDE - WARP), WARP);
	sync_block();
	for (int f = t; f < half; f += WIDE) {
		chains<1, 1>(sum, a + f * pitch_a, s, h, 0, 0);
		layer_a[f] = silu(sum[0][0]), back_a[f] = silu_slope(sum[0][0]);
	}
	sync_block();
	for (int f = t; f < quarter; f += WIDE) {
		chains<1, 1>(sum, b + f * pitch_b, layer_a, half, 0, 0);
		layer_b[f] = silu(sum[0][0]), back_b[f] = c[f] * silu_slope(sum[0][0]);
	}
	sync_block();
	if (t == WIDE - 1) { // meanwhile the others are on their way back
		chains<1, 1>(sum, c, layer_b, quarter, 0, 0);
		energy[blockIdx_x] = sum[0][0];
	}
	for (int f = t; f < half; f += WIDE) {
		float x = 0;
#pragma unroll 8
		for (int k = 0; k < quarter; k++) x = fma(b[k * pitch_b + f], back_b[k], x);
		back_a[f] *= x;
	}
	sync_block();
	for (int f = t; f < h; f += WIDE) {
		float x = 0;
#pragma unroll 16
		for (int k = 0; k < half; k++) x = fma(a[k * pitch_a + f], back_a[k], x);
		gs[(size_t)blockIdx_x * h + f] = x;
	}
}

// activate puts rows of all atoms, silu of them or as they are, into x, by so many threads.
template <bool active> static __device__ __forceinline__ void activate(float *x, const float *rows, int atoms, int h, int thread, int threads) {
	const int batch = 4;
	int quads = h / 4, count = atoms * quads;
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

// warm asks for an atom's edges and their rows of the table, by every warp that has nothing else to do, so that the message
// finds them in the first-level cache.
template <class filter> static __device__ __forceinline__ void warm(const filter &phi, const int2 *span, const int4 *edge_a, const float4 *edge_b, int atoms) {
	const int batch = 4;
	int i = WIDE / WARP - 1 - (int)(threadIdx_x / WARP); // the last warps are idle
	if (i >= atoms) return;
	int2 mine = span[i];
	for (int e = mine.x + threadIdx_x % WARP / GROUP; e < mine.y; e += batch * WAYS) {
		edge at[batch];
#pragma unroll
		for (int k = 0; k < batch; k++) at[k] = edge_at(edge_a, edge_b, e + k * WAYS, mine.y - 1);
#pragma unroll
		for (int k = 0; k < batch; k++) {
			float c[3] = {0, 0, 0};
			phi.values(c, at[k].a, e);
			asm volatile("" ::"f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(at[k].u.x));
		}
	}
}

// A layer from rows [atoms, H] of input to a group's outputs of every part, of all atoms. A lane has the sums of two atoms, each of
// which done takes. Shared memory: (8·parts + 64)·(H + 4) floats.
template <int parts, bool active, class layer, class filter>
static __device__ __forceinline__ void all_atoms(const layer &l, const float *rows, const float *weights, int atoms, int h, const filter &phi,
	const int2 *span, const int4 *edge_a, const float4 *edge_b) {
	int pitch = h + PAD, i = threadIdx_x / WARP * 2 * TILE + own_atom(), one = min_int(i, atoms - 1), other = min_int(i + TILE, atoms - 1);
	float *w = buffer, *x = buffer + parts * GROUP * pitch;
	if (threadIdx_x < WIDE / 2) slice(w, weights, parts * GROUP, h, threadIdx_x, WIDE / 2);
	else activate<active>(x, rows, atoms, h, threadIdx_x - WIDE / 2, WIDE / 2);
	sync_block();
	if (threadIdx_x / WARP * 2 * TILE < atoms) {
		float sum[parts][2];
		auto more = l.more(one, own_feature()), more_of_other = l.more(other, own_feature());
		chains<parts, 2>(sum, w + output() * pitch, x + one * pitch, h, GROUP * pitch, (other - one) * pitch);
#pragma unroll
		for (int r = 0; r < 2; r++)
			if (i + r * TILE < atoms) {
				float mine[parts];
#pragma unroll
				for (int p = 0; p < parts; p++) mine[p] = sum[p][r];
				l.done(i + r * TILE, own_feature(), mine, r ? more_of_other : more);
			}
	} else {
		warm(phi, span, edge_a, edge_b, atoms);
	}
	sync_block();
}

#define MESSAGE const int2 *span, const int4 *edge_a, const float4 *edge_b, const float4 *low, const float2 *high, int atoms, int h, int intervals

// The first message. Launch, here and below: WIDE threads; grid (1, groups).
KERNEL __launch_bounds__(WIDE, 1) few_message(float4 *after, const float *embedding, const int *numbers, MESSAGE) {
	forward<true>(after, embedded{embedding, numbers}, span, edge_a, edge_b, untouched<true>(low, high, intervals), atoms, h, atoms);
}

// From pre to the state after the update, and the next block's message: from state to out, and from there to after.
struct output_layer {
	float4 *out;
	float *gates;
	const float4 *state;
	float m0, m1, m2, m3, m4, m5, m6, m7, m8;
	int h;
	__device__ __forceinline__ float4 more(size_t i, int f) const { return state[i * h + f]; }
	__device__ __forceinline__ void done(size_t i, int f, const float sum[3], float4 v) const {
		out[i * h + f] = gated(v.x + sum[0], v, MIX(v), sum[1], sum[2]);
		gates[i * 2 * h + f] = sum[1], gates[i * 2 * h + h + f] = sum[2];
	}
};

KERNEL __launch_bounds__(WIDE, 1) few_update(float4 *after, float4 *out, float *gates, const float4 *state, const float *pre, const float *w4, MATRIX, MESSAGE) {
	tabulated<false> phi = untouched<false>(low, high, intervals);
	all_atoms<3, true>(output_layer{out, gates, state, m0, m1, m2, m3, m4, m5, m6, m7, m8, h}, pre, w4, atoms, h, phi, span, edge_a, edge_b);
	forward<false>(after, stored{out}, span, edge_a, edge_b, phi, atoms, h, atoms);
}

// From gp to g = ∂E/∂(s, v) before the update, in place, and the reverse of the message before it.
struct gradient_layer {
	float4 *g;
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
		g[i * h + f] = gathered(o.gv.x + sum[0], o.gv, o.g1, o.back, sum[1], o.u);
	}
};

// The same of the last update, from gs after it and gp.
struct last_layer {
	float4 *g;
	const float4 *state;
	const float *gs;
	int h;
	__device__ __forceinline__ float4 more(size_t i, int f) const {
		float4 u = along(state[i * h + f]);
		return vec4(gs[i * h + f], u.y, u.z, u.w);
	}
	__device__ __forceinline__ void done(size_t i, int f, const float sum[2], float4 o) const { g[i * h + f] = stretched(o.x + sum[0], sum[1], o); }
};

#define MESSAGE_BACK(first, add, in)                                                                                                        \
	backward<first, add>(gin, force, g, in, span, edge_a, edge_b, phi, atoms, h, per_length, atoms)

KERNEL __launch_bounds__(WIDE, 1) few_update_back(float4 *gin, float *force, float4 *g, const float4 *state, const float *gates, const float *gp, const float *w3_t,
	MATRIX, const float4 *in, MESSAGE, float per_length) {
	tabulated<false> phi = untouched<false>(low, high, intervals);
	all_atoms<2, false>(gradient_layer{g, state, gates, m0, m1, m2, m3, m4, m5, m6, m7, m8, h}, gp, w3_t, atoms, h, phi, span, edge_a, edge_b);
	MESSAGE_BACK(false, true, stored{in});
}

KERNEL __launch_bounds__(WIDE, 1) few_update_back_first(float4 *gin, float *force, float4 *g, const float4 *state, const float *gates, const float *gp, const float *w3_t,
	MATRIX, const float *embedding, const int *numbers, MESSAGE, float per_length) {
	tabulated<true> phi = untouched<true>(low, high, intervals);
	all_atoms<2, false>(gradient_layer{g, state, gates, m0, m1, m2, m3, m4, m5, m6, m7, m8, h}, gp, w3_t, atoms, h, phi, span, edge_a, edge_b);
	MESSAGE_BACK(true, true, (embedded{embedding, numbers}));
}

KERNEL __launch_bounds__(WIDE, 1) few_turn_back(float4 *gin, float *force, float4 *g, const float4 *state, const float *gs, const float *gp, const float *w3_t,
	const float4 *in, MESSAGE, float per_length) {
	tabulated<false> phi = untouched<false>(low, high, intervals);
	all_atoms<2, false>(last_layer{g, state, gs, h}, gp, w3_t, atoms, h, phi, span, edge_a, edge_b);
	MESSAGE_BACK(false, false, stored{in});
}

KERNEL __launch_bounds__(WIDE, 1) few_turn_back_only(float4 *gin, float *force, float4 *g, const float4 *state, const float *gs, const float *gp, const float *w3_t,
	const float *embedding, const int *numbers, MESSAGE, float per_length) {
	tabulated<true> phi = untouched<true>(low, high, intervals);
	all_atoms<2, false>(last_layer{g, state, gs, h}, gp, w3_t, atoms, h, phi, span, edge_a, edge_b);
	MESSAGE_BACK(true, false, (embedded{embedding, numbers}));
}
