// The update of every atom, and its reverse; the last one with the readout.
//
//   n = |v|       [a ; g1 ; g2] = W4·silu(W3·[s ; n] + b3) + b4
//   s += a        v = v ⊙ g1 + (M v) ⊙ g2
//   E_i = W_c·silu(W_b·silu(W_a·s + b_a) + b_b) + b_c
//
// State is float4 {s, vx, vy, vz} [atoms, H], H a multiple of 16. M comes as nine
// arguments: they lie in the constant bank, and are read as fast as registers.
//
// Launch: H threads, a block for every tile of 32 atoms: see dense.cuh.
#include "dense.cuh"
#include "update.cuh"

// rows_of is how many atoms the block's tile has.
static __device__ __forceinline__ int rows_of(int atoms) { return min_int(atoms - (int)blockIdx_x * TILE, TILE); }

// tile_of is where the tile's atoms begin in an array of so many numbers an atom.
template <class T> static __device__ __forceinline__ T *tile_of(T *array, int width) { return array + (size_t)blockIdx_x * TILE * width; }

// at is feature f of a tile's row; beyond the last row it is the last one's, and
// what comes of it is not stored.
template <class T> static __device__ __forceinline__ T at(const T *tile, int row, int rows, int width, int f) {
	return tile[min_int(row, rows - 1) * width + f];
}

// load_input puts [s ; n] of the tile's atoms into x.
static __device__ __forceinline__ void load_input(float *x, const float4 *state, int rows, int h) {
	int f = threadIdx_x;
#pragma unroll 1 // more loads at once take too many registers
	for (int a = 0; a < TILE; a += QUAD) {
		float4 v[QUAD];
		float s[QUAD], n[QUAD];
		for (int i = 0; i < QUAD; i++) v[i] = at(state, a + i, rows, h, f);
		for (int i = 0; i < QUAD; i++) s[i] = v[i].x, n[i] = norm(v[i]);
		put(x + f * PITCH + a, s), put(x + (h + f) * PITCH + a, n);
	}
	sync_block();
}

// put_active stores silu of a thread's part of width outputs to x.
static __device__ __forceinline__ void put_active(float *x, const float sum[FEATURES][ROWS], int width, spot p) {
	EACH_QUAD {
		float v[QUAD];
		for (int i = 0; i < QUAD; i++) v[i] = silu(sum[o][a + i]);
		put(x + feature(p, o, width) * PITCH + p.row + a, v);
	}
}

// put_through stores it to x, times silu′ of what pre has in the same place.
static __device__ __forceinline__ void put_through(float *x, const float *pre, const float sum[FEATURES][ROWS], int width, spot p) {
	EACH_QUAD {
		int at = feature(p, o, width) * PITCH + p.row + a;
		float before[QUAD], v[QUAD];
		get(before, pre + at);
		for (int i = 0; i < QUAD; i++) v[i] = sum[o][a + i] * silu_slope(before[i]);
		put(x + at, v);
	}
}

// From the state after the message to the one after the update. Kept for the
// way back: pre [atoms, H] = W3·[s ; n] + b3, and gates [atoms, 2H] = [g1 ; g2].
// Shared memory: 3H·36 floats.
KERNEL __launch_bounds__(512) update_forward(float4 *out, float *pre, float *gates, const float4 *state, const float *w3, const float *b3, const float *w4,
	const float *b4, MATRIX, int atoms, int h) {
	float *x = buffer, *hidden = buffer + 2 * h * PITCH;
	int rows = rows_of(atoms);
	out = tile_of(out, h), pre = tile_of(pre, h), gates = tile_of(gates, 2 * h), state = tile_of(state, h);
	spot p = my_spot(h);
	float sum[FEATURES][ROWS];

	load_input(x, state, rows, h);
	dense(sum, x, 2 * h, w3, h, b3, h, p);
	put_active(hidden, sum, h, p);
	EACH_QUAD for (int i = 0; i < QUAD; i++) {
		int row = p.row + a + i;
		if (row < rows) pre[row * h + feature(p, o, h)] = sum[o][a + i];
	}
	sync_block(); // from here on each thread reads and writes its own part of x
	dense(sum, hidden, h, w4, 3 * h, b4, h, p);
	add_rows(x, sum, h, p);
	dense(sum, hidden, h, w4 + h, 3 * h, b4 + h, h, p);
	put_rows(x + h * PITCH, sum, h, p);
	dense(sum, hidden, h, w4 + 2 * h, 3 * h, b4 + 2 * h, h, p);
	EACH_QUAD {
		int f = feature(p, o, h), row = p.row + a;
		float s[QUAD], g1[QUAD];
		float4 v[QUAD];
		for (int i = 0; i < QUAD; i++) v[i] = at(state, row + i, rows, h, f);
		get(s, x + f * PITCH + row), get(g1, x + (h + f) * PITCH + row);
		for (int i = 0; i < QUAD; i++) {
			float4 mv = MIX(v[i]);
			float g2 = sum[o][a + i];
			if (row + i < rows) {
				out[(row + i) * h + f] = gated(s[i], v[i], mv, g1[i], g2);
				gates[(row + i) * 2 * h + f] = g1[i], gates[(row + i) * 2 * h + h + f] = g2;
			}
		}
	}
}

// The reverse of update_forward, of g = ∂E/∂(s, v) in place:
//
//   gp = (W4ᵀ [gs ; Σ_c gv_c v_c ; Σ_c gv_c (M v)_c]) ⊙ silu′(pre)        [hs ; hn] = W3ᵀ gp
//   gs += hs        gv = gv ⊙ g1 + Mᵀ(gv ⊙ g2) + hn ⊙ v/n
//
// Shared memory: 3H·36 floats.
KERNEL update_backward(float4 *g, const float4 *state, const float *pre, const float *gates, const float *w3_t, const float *w4_t,
	MATRIX, int atoms, int h) {
	float *x = buffer, *hidden = buffer + 2 * h * PITCH; // in place of what is read by then
	int rows = rows_of(atoms);
	g = tile_of(g, h), state = tile_of(state, h), pre = tile_of(pre, h), gates = tile_of(gates, 2 * h);
	spot p = my_spot(h);
	float sum[FEATURES][ROWS];

#pragma unroll 1 // as in load_input
	for (int a = 0, f = threadIdx_x; a < TILE; a += QUAD) {
		float4 gv[QUAD], v[QUAD];
		float s[QUAD], by_v[QUAD], by_mv[QUAD];
		for (int i = 0; i < QUAD; i++) gv[i] = at(g, a + i, rows, h, f), v[i] = at(state, a + i, rows, h, f);
		for (int i = 0; i < QUAD; i++) {
			float4 mv = MIX(v[i]);
			s[i] = gv[i].x, by_v[i] = dot(gv[i], v[i]), by_mv[i] = dot(gv[i], mv);
		}
		put(x + f * PITCH + a, s), put(x + (h + f) * PITCH + a, by_v), put(x + (2 * h + f) * PITCH + a, by_mv);
	}
	sync_block();
	dense(sum, x, 3 * h, w4_t, h, 0, h, p);
	sync_block();
	EACH_QUAD {
		int f = feature(p, o, h), row = p.row + a;
		float v[QUAD];
		for (int i = 0; i < QUAD; i++) v[i] = at(pre, row + i, rows, h, f);
		for (int i = 0; i < QUAD; i++) v[i] = sum[o][a + i] * silu_slope(v[i]);
		put(hidden + f * PITCH + row, v);
	}
	sync_block(); // from here on each thread reads and writes its own part of x
	dense(sum, hidden, h, w3_t, 2 * h, 0, h, p);
	add_rows(x, sum, h, p);
	dense(sum, hidden, h, w3_t + h, 2 * h, 0, h, p);
	EACH_QUAD {
		int f = feature(p, o, h), row = p.row + a;
		float s[QUAD], g1[QUAD], g2[QUAD];
		float4 gv[QUAD], v[QUAD];
		for (int i = 0; i < QUAD; i++) {
			gv[i] = at(g, row + i, rows, h, f), v[i] = at(state, row + i, rows, h, f);
			g1[i] = at(gates, row + i, rows, 2 * h, f), g2[i] = at(gates, row + i, rows, 2 * h, h + f);
		}
		get(s, x + f * PITCH + row);
		for (int i = 0; i < QUAD; i++) {
			float4 u = along(v[i]), back = MIX_TRANSPOSED(vec4(0, gv[i].y * g2[i], gv[i].z * g2[i], gv[i].w * g2[i]));
			if (row + i < rows) g[(row + i) * h + f] = gathered(s[i], gv[i], g1[i], back, sum[o][a + i], u);
		}
	}
}

// The last update, the readout and the last update's reverse: energy [atoms],
// and g = ∂E/∂(s, v) after the last message. v after the last update is not
// used, so that W4 is its rows of a alone. The weights with _t are those of the
// way back. Shared memory: 3H·36 floats, whose parts are named by what they hold.
KERNEL __launch_bounds__(512) turn(float4 *g, float *energy, const float4 *state, const float *w3, const float *b3, const float *w4, const float *b4, const float *wa,
	const float *ba, const float *wb, const float *bb, const float *wc, const float *bc, const float *wb_t, const float *wa_t, const float *w4_t,
	const float *w3_t, int atoms, int h) {
	float *s = buffer, *hidden = buffer + h * PITCH, *pre = buffer + 2 * h * PITCH;
	float *pre_a = s, *pre_b = s + h / 2 * PITCH, *layer_a = hidden, *layer_b = hidden + h / 2 * PITCH;
	int rows = rows_of(atoms), half = h / 2, quarter = h / 4;
	g = tile_of(g, h), state = tile_of(state, h), energy = tile_of(energy, 1);
	spot p = my_spot(h);
	float sum[FEATURES][ROWS];

	load_input(s, state, rows, h);
	dense(sum, s, 2 * h, w3, h, b3, h, p); // of [s ; n]
	sync_block();
	put_rows(pre, sum, h, p);
	put_active(hidden, sum, h, p);
	sync_block();
	dense(sum, hidden, h, w4, h, b4, h, p);
	add_rows(s, sum, h, p);
	sync_block();
	if (within(p, half)) dense(sum, s, h, wa, half, ba, half, p);
	sync_block();
	if (within(p, half)) {
		put_rows(pre_a, sum, half, p);
		put_active(layer_a, sum, half, p);
	}
	sync_block();
	if (within(p, quarter)) {
		dense(sum, layer_a, half, wb, quarter, bb, quarter, p);
		put_rows(pre_b, sum, quarter, p);
		put_active(layer_b, sum, quarter, p);
	}
	sync_block();
	for (int a = threadIdx_x; a < TILE; a += blockDim_x) {
		float e = *bc;
		for (int f = 0; f < quarter; f++) e = fma(wc[f], layer_b[f * PITCH + a], e);
		if (a < rows) energy[a] = e;
	}

	sync_block();
	if (within(p, quarter)) {
		for (int o = 0; o < FEATURES; o++)
			for (int a = 0; a < ROWS; a++) sum[o][a] = wc[feature(p, o, quarter)];
		put_through(layer_b, pre_b, sum, quarter, p);
	}
	sync_block();
	if (within(p, half)) {
		dense(sum, layer_b, quarter, wb_t, half, 0, half, p);
		put_through(layer_a, pre_a, sum, half, p);
	}
	sync_block();
	dense(sum, layer_a, half, wa_t, h, 0, h, p);
	put_rows(s, sum, h, p);
	sync_block();
	dense(sum, s, h, w4_t, h, 0, h, p);
	put_through(hidden, pre, sum, h, p);
	sync_block();
	dense(sum, hidden, h, w3_t, 2 * h, 0, h, p);
	add_rows(s, sum, h, p);
	dense(sum, hidden, h, w3_t + h, 2 * h, 0, h, p);
	EACH_QUAD {
		int f = feature(p, o, h), row = p.row + a;
		float gs[QUAD];
		float4 v[QUAD];
		for (int i = 0; i < QUAD; i++) v[i] = at(state, row + i, rows, h, f);
		get(gs, s + f * PITCH + row);
		for (int i = 0; i < QUAD; i++) {
			float4 u = along(v[i]);
			if (row + i < rows) g[(row + i) * h + f] = stretched(gs[i], sum[o][a + i], u);
		}
	}
}
