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
#include "few.cuh"

#define THREADS 256 // of a block; half of them copy weights while the others make the layer's input
#define HALF (THREADS / 2)

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
	float more = l.more(at), sum[1][1];
	products<1, 1>(sum, w, x, 0, TILE - 1, in);
	if (i < atoms) l.done(at, sum[0][0], more);
}

// EACH_ROW goes over the rows of a tile, i being the atom, or the last one, all at once.
#define EACH_ROW _Pragma("unroll") for (int a = 0; a < TILE; a++)
#define ROW_ATOM ((size_t)min_int(first + a, last))

// W3·[s ; n] + b3.
struct hidden_layer : plain_end {
	const float4 *state;
	int h;
	__device__ __forceinline__ void fill(float *x, int pitch, int first, int last, int thread) const {
		for (int f = thread; f < h; f += HALF) {
			float4 v[TILE];
			EACH_ROW v[a] = state[ROW_ATOM * h + f];
			EACH_ROW x[a * pitch + f] = v[a].x, x[a * pitch + h + f] = norm(v[a]);
		}
	}
};

KERNEL __launch_bounds__(THREADS, 1) few_hidden(float *pre, const float4 *state, const float *w3, int atoms, int h) {
	one_tile(hidden_layer{{pre}, state, h}, w3, 2 * h, atoms);
}

// s + W4·silu(pre) + b4, of the last update.
struct scalar_layer : scalar_end {
	const float *pre;
	int h;
	__device__ __forceinline__ void fill(float *x, int pitch, int first, int last, int thread) const {
		for (int f = thread; f < h; f += HALF) {
			float v[TILE];
			EACH_ROW v[a] = pre[ROW_ATOM * h + f];
			EACH_ROW x[a * pitch + f] = silu(v[a]);
		}
	}
};

KERNEL __launch_bounds__(THREADS, 1) few_scalars(float *scalars, const float4 *state, const float *pre, const float *w4, int atoms, int h) {
	one_tile(scalar_layer{{scalars, state}, pre, h}, w4, h, atoms);
}

// (W4ᵀ·gs) ⊙ silu′(pre), of the last update.
struct turn_layer : slope_end {
	const float *gs;
	int h;
	__device__ __forceinline__ void fill(float *x, int pitch, int first, int last, int thread) const {
		for (int f = thread; f < h; f += HALF) {
			float v[TILE];
			EACH_ROW v[a] = gs[ROW_ATOM * h + f];
			EACH_ROW x[a * pitch + f] = v[a];
		}
	}
};

KERNEL __launch_bounds__(THREADS, 1) few_turn(float *gp, const float *gs, const float *pre, const float *w4_t, int atoms, int h) {
	one_tile(turn_layer{{gp, pre}, gs, h}, w4_t, h, atoms);
}

// (W4ᵀ·[gs ; Σ_c gv_c v_c ; Σ_c gv_c (M v)_c]) ⊙ silu′(pre).
struct back_layer : slope_end {
	const float4 *g, *state;
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
};

KERNEL __launch_bounds__(THREADS, 1) few_back(float *gp, const float4 *g, const float4 *state, const float *pre, const float *w4_t, MATRIX, int atoms, int h) {
	one_tile(back_layer{{gp, pre}, g, state, m0, m1, m2, m3, m4, m5, m6, m7, m8, h}, w4_t, 3 * h, atoms);
}

// read_out is an atom's energy, and ∂E/∂s.
struct read_out {
	float *energy, *gs;
	__device__ __forceinline__ void put_energy(float x) const { *energy = x; }
	__device__ __forceinline__ void put(int f, float x) const { gs[f] = x; }
};

// The readout. Launch: WIDE threads, a block for each atom. Shared memory: see reading.
KERNEL __launch_bounds__(WIDE, 1) few_readout(float *gs, float *energy, const float *scalars, const float *wa, const float *wb, const float *wc, int h) {
	reading r(buffer, h);
	int t = threadIdx_x, eighth = t / (WIDE / 8); // six eighths copy the first layer, one the second, and one the rest
	if (eighth < 6) r.first(wa, t, WIDE / 8 * 6);
	else if (eighth < 7) r.second(wb, t - WIDE / 8 * 6, WIDE / 8);
	else if (t < WIDE - WARP) r.scalars(scalars + (size_t)blockIdx_x * h, t - WIDE / 8 * 7, WARP);
	else r.third(wc, t - (WIDE - WARP), WARP);
	sync_block();
	r.run(true, read_out{energy + blockIdx_x, gs + (size_t)blockIdx_x * h});
}

// layer_of is a layer of all atoms, of whose threads half copy weights. Shared memory: (8·parts + 64)·(H + 4) floats.
template <int parts, bool active, class layer>
static __device__ __forceinline__ void layer_of(const layer &l, const float *rows, const float *weights, int atoms, int h) {
	float *w = buffer, *x = buffer + parts * GROUP * (h + PAD);
	if (threadIdx_x < WIDE / 2) slice(w, weights, parts * GROUP, h, threadIdx_x, WIDE / 2);
	else activate<active>(x, rows, atoms, h, threadIdx_x - WIDE / 2, WIDE / 2);
	sync_block();
	all_atoms<parts>(l, w, x, atoms, h);
}

#define MESSAGE const int2 *span, const int4 *edge_a, const float4 *edge_b, const float4 *low, const float2 *high, int atoms, int h, int intervals

// The first message. Launch, here and below: WIDE threads; grid (1, groups).
KERNEL __launch_bounds__(WIDE, 1) few_message(float4 *after, const float *embedding, const int *numbers, MESSAGE) {
	forward<true>(true, place{after}, embedded{embedding, numbers}, span, edge_a, edge_b, untouched(true, low, high, intervals), atoms, h, atoms);
}

// From pre to the state after the update, and the next block's message: from state to out, and from there to after.
KERNEL __launch_bounds__(WIDE, 1) few_update(float4 *after, float4 *out, float *gates, const float4 *state, const float *pre, const float *w4, MATRIX, MESSAGE) {
	tabulated phi = untouched(false, low, high, intervals);
	layer_of<3, true>(output_layer{{out}, gates, state, m0, m1, m2, m3, m4, m5, m6, m7, m8, h}, pre, w4, atoms, h);
	forward<true>(false, place{after}, stored{out}, span, edge_a, edge_b, phi, atoms, h, atoms);
}

// From gp to g = ∂E/∂(s, v) before the update, in place, and the reverse of the message before it.
#define MESSAGE_BACK(first, add, in)                                                                                                        \
	backward<true, add>(first, place{gin}, force, stored{g}, in, span, edge_a, edge_b, phi, atoms, h, per_length, atoms)

KERNEL __launch_bounds__(WIDE, 1) few_update_back(float4 *gin, float *force, float4 *g, const float4 *state, const float *gates, const float *gp, const float *w3_t,
	MATRIX, const float4 *in, MESSAGE, float per_length) {
	tabulated phi = untouched(false, low, high, intervals);
	layer_of<2, false>(gradient_layer{{g}, g, state, gates, m0, m1, m2, m3, m4, m5, m6, m7, m8, h}, gp, w3_t, atoms, h);
	MESSAGE_BACK(false, true, stored{in});
}

KERNEL __launch_bounds__(WIDE, 1) few_update_back_first(float4 *gin, float *force, float4 *g, const float4 *state, const float *gates, const float *gp, const float *w3_t,
	MATRIX, const float *embedding, const int *numbers, MESSAGE, float per_length) {
	tabulated phi = untouched(true, low, high, intervals);
	layer_of<2, false>(gradient_layer{{g}, g, state, gates, m0, m1, m2, m3, m4, m5, m6, m7, m8, h}, gp, w3_t, atoms, h);
	MESSAGE_BACK(true, true, (embedded{embedding, numbers}));
}

KERNEL __launch_bounds__(WIDE, 1) few_turn_back(float4 *gin, float *force, float4 *g, const float4 *state, const float *gs, const float *gp, const float *w3_t,
	const float4 *in, MESSAGE, float per_length) {
	tabulated phi = untouched(false, low, high, intervals);
	layer_of<2, false>(last_layer{{g}, state, gs, h}, gp, w3_t, atoms, h);
	MESSAGE_BACK(false, false, stored{in});
}

KERNEL __launch_bounds__(WIDE, 1) few_turn_back_only(float4 *gin, float *force, float4 *g, const float4 *state, const float *gs, const float *gp, const float *w3_t,
	const float *embedding, const int *numbers, MESSAGE, float per_length) {
	tabulated phi = untouched(true, low, high, intervals);
	layer_of<2, false>(last_layer{{g}, state, gs, h}, gp, w3_t, atoms, h);
	MESSAGE_BACK(true, false, (embedded{embedding, numbers}));
}
