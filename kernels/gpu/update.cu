// The update of every atom, and its reverse; the last one with the readout.
//
//   n = |v|       [a ; g1 ; g2] = W4·silu(W3·[s ; n] + b3) + b4
//   s += a        v = v ⊙ g1 + (M v) ⊙ g2
//   E_i = W_c·silu(W_b·silu(W_a·s + b_a) + b_b) + b_c
//
// State is float4 {s, vx, vy, vz} [atoms, H], H a multiple of 16. M comes as nine
// arguments: they lie in the constant bank, and are read as fast as registers.
//
// Launch: H threads, a block for every tile of 32 atoms: see dense.cuh. Compiled with TF32, 2H threads for 64: see tensor.cuh.
#ifdef TF32
#include "tensor.cuh"
#else
#include "dense.cuh"
static __device__ __forceinline__ spot own_part(int h) { return my_spot(h); }
static __device__ __forceinline__ const float *columns(const float *w, int first) { return w + first; }
#define MOST_THREADS // with a bound of 512 registers are spilled
#define EACH_INPUT _Pragma("unroll 1") for (int a = 0, f = threadIdx_x; a < TILE; a += QUAD)
#endif
#include "update.cuh"

// The rows of a thread that lie side by side.
#define SIDE decltype(p)::side
#define EACH_SIDE EACH(SIDE)

// AT_ONCE goes over so many numbers of a thread's part at a time, of rows side by side and of outputs one after the other from first on: what global memory has of them is asked
// for before any of it is stored, as a load waits for stores that may be to the same place. OF_THEM goes over those of a time.
#define AT_ONCE(many) \
	_Pragma("unroll") for (int a = 0; a < ROWS; a += SIDE) _Pragma("unroll") for (int first = 0; first < FEATURES; first += many / SIDE)
#define OF_THEM(many) _Pragma("unroll") for (int n = 0; n < many / SIDE; n++) _Pragma("unroll") for (int i = 0; i < SIDE; i++)

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
	EACH_INPUT { // more loads at once take too many registers
		float4 v[QUAD];
		float s[QUAD], n[QUAD];
		for (int i = 0; i < QUAD; i++) v[i] = at(state, a + i, rows, h, f);
		for (int i = 0; i < QUAD; i++) s[i] = v[i].x, n[i] = norm(v[i]);
		put<QUAD>(x + f * PITCH + a, s), put<QUAD>(x + (h + f) * PITCH + a, n);
	}
	sync_block();
}

// add_rows adds a thread's part of width outputs to x.
template <class part> static __device__ __forceinline__ void add_rows(float *x, const float sum[FEATURES][ROWS], int width, part p) {
	EACH_SIDE {
		float *at = x + feature(p, o, width) * PITCH + row_of(p, a), v[SIDE];
		get<SIDE>(v, at);
		for (int i = 0; i < SIDE; i++) v[i] += sum[o][a + i];
		put<SIDE>(at, v);
	}
}

// put_rows stores it to x.
template <class part> static __device__ __forceinline__ void put_rows(float *x, const float sum[FEATURES][ROWS], int width, part p) {
	EACH_SIDE put<SIDE>(x + feature(p, o, width) * PITCH + row_of(p, a), sum[o] + a);
}

// put_active stores silu of it.
template <class part> static __device__ __forceinline__ void put_active(float *x, const float sum[FEATURES][ROWS], int width, part p) {
	EACH_SIDE {
		float v[SIDE];
		for (int i = 0; i < SIDE; i++) v[i] = silu(sum[o][a + i]);
		put<SIDE>(x + feature(p, o, width) * PITCH + row_of(p, a), v);
	}
}

// put_through stores it times silu′ of what pre has in the same place.
template <class part> static __device__ __forceinline__ void put_through(float *x, const float *pre, const float sum[FEATURES][ROWS], int width, part p) {
	EACH_SIDE {
		int at = feature(p, o, width) * PITCH + row_of(p, a);
		float before[SIDE], v[SIDE];
		get<SIDE>(before, pre + at);
		for (int i = 0; i < SIDE; i++) v[i] = sum[o][a + i] * silu_slope(before[i]);
		put<SIDE>(x + at, v);
	}
}

// From the state after the message to the one after the update. Kept for the
// way back: pre [atoms, H] = W3·[s ; n] + b3, and gates [atoms, 2H] = [g1 ; g2].
// Shared memory: 3H·PITCH floats.
KERNEL __launch_bounds__(512) update_forward(float4 *out, float *pre, float *gates, const float4 *state, const float *w3, const float *b3, const float *w4,
	const float *b4, MATRIX, int atoms, int h) {
	float *x = buffer, *hidden = buffer + 2 * h * PITCH;
	int rows = rows_of(atoms);
	out = tile_of(out, h), pre = tile_of(pre, h), gates = tile_of(gates, 2 * h), state = tile_of(state, h);
	auto p = own_part(h);
	float sum[FEATURES][ROWS];

	load_input(x, state, rows, h);
	dense(sum, x, 2 * h, w3, h, b3, h, p);
	put_active(hidden, sum, h, p);
	EACH_SIDE for (int i = 0; i < SIDE; i++) {
		int row = row_of(p, a) + i;
		if (row < rows) pre[row * h + feature(p, o, h)] = sum[o][a + i];
	}
	sync_block(); // from here on each thread reads and writes its own part of x
	dense(sum, hidden, h, w4, 3 * h, b4, h, p);
	add_rows(x, sum, h, p);
	dense(sum, hidden, h, columns(w4, h), 3 * h, b4 + h, h, p);
	put_rows(x + h * PITCH, sum, h, p);
	dense(sum, hidden, h, columns(w4, 2 * h), 3 * h, b4 + 2 * h, h, p);
	const int many = 8;
	AT_ONCE(many) {
		int row = row_of(p, a);
		float4 v[many / SIDE][SIDE];
		OF_THEM(many) v[n][i] = at(state, row + i, rows, h, feature(p, first + n, h));
		OF_THEM(many) {
			int f = feature(p, first + n, h);
			float4 mv = MIX(v[n][i]);
			float g1 = x[(h + f) * PITCH + row + i], g2 = sum[first + n][a + i];
			if (row + i < rows) {
				out[(row + i) * h + f] = gated(x[f * PITCH + row + i], v[n][i], mv, g1, g2);
				gates[(row + i) * 2 * h + f] = g1, gates[(row + i) * 2 * h + h + f] = g2;
			}
		}
	}
}

// The reverse of update_forward, of g = ∂E/∂(s, v) in place:
//
//   gp = (W4ᵀ [gs ; Σ_c gv_c v_c ; Σ_c gv_c (M v)_c]) ⊙ silu′(pre)        [hs ; hn] = W3ᵀ gp
//   gs += hs        gv = gv ⊙ g1 + Mᵀ(gv ⊙ g2) + hn ⊙ v/n
//
// Shared memory: 3H·PITCH floats.
KERNEL MOST_THREADS update_backward(float4 *g, const float4 *state, const float *pre, const float *gates, const float *w3_t, const float *w4_t,
	MATRIX, int atoms, int h) {
	float *x = buffer, *hidden = buffer + 2 * h * PITCH; // in place of what is read by then
	int rows = rows_of(atoms);
	g = tile_of(g, h), state = tile_of(state, h), pre = tile_of(pre, h), gates = tile_of(gates, 2 * h);
	auto p = own_part(h);
	float sum[FEATURES][ROWS];

	EACH_INPUT {
		float4 gv[QUAD], v[QUAD];
		float s[QUAD], by_v[QUAD], by_mv[QUAD];
		for (int i = 0; i < QUAD; i++) gv[i] = at(g, a + i, rows, h, f), v[i] = at(state, a + i, rows, h, f);
		for (int i = 0; i < QUAD; i++) {
			float4 mv = MIX(v[i]);
			s[i] = gv[i].x, by_v[i] = dot(gv[i], v[i]), by_mv[i] = dot(gv[i], mv);
		}
		put<QUAD>(x + f * PITCH + a, s), put<QUAD>(x + (h + f) * PITCH + a, by_v), put<QUAD>(x + (2 * h + f) * PITCH + a, by_mv);
	}
	sync_block();
	dense(sum, x, 3 * h, w4_t, h, 0, h, p);
	sync_block();
	EACH_SIDE {
		int f = feature(p, o, h), row = row_of(p, a);
		float v[SIDE];
		for (int i = 0; i < SIDE; i++) v[i] = at(pre, row + i, rows, h, f);
		for (int i = 0; i < SIDE; i++) v[i] = sum[o][a + i] * silu_slope(v[i]);
		put<SIDE>(hidden + f * PITCH + row, v);
	}
	sync_block(); // from here on each thread reads and writes its own part of x
	dense(sum, hidden, h, w3_t, 2 * h, 0, h, p);
	add_rows(x, sum, h, p);
	dense(sum, hidden, h, columns(w3_t, h), 2 * h, 0, h, p);
	const int many = 4;
	AT_ONCE(many) {
		int row = row_of(p, a);
		float g1[many / SIDE][SIDE], g2[many / SIDE][SIDE];
		float4 gv[many / SIDE][SIDE], v[many / SIDE][SIDE];
		OF_THEM(many) {
			int f = feature(p, first + n, h);
			gv[n][i] = at(g, row + i, rows, h, f), v[n][i] = at(state, row + i, rows, h, f);
			g1[n][i] = at(gates, row + i, rows, 2 * h, f), g2[n][i] = at(gates, row + i, rows, 2 * h, h + f);
		}
		OF_THEM(many) {
			int f = feature(p, first + n, h);
			float4 u = along(v[n][i]), of = gv[n][i], back = MIX_TRANSPOSED(vec4(0, of.y * g2[n][i], of.z * g2[n][i], of.w * g2[n][i]));
			if (row + i < rows) g[(row + i) * h + f] = gathered(x[f * PITCH + row + i], of, g1[n][i], back, sum[first + n][a + i], u);
		}
	}
}

// The last update, the readout and the last update's reverse: energy [atoms],
// and g = ∂E/∂(s, v) after the last message. v after the last update is not
// used, so that W4 is its rows of a alone. The weights with _t are those of the
// way back. Shared memory: 3H·PITCH floats, whose parts are named by what they hold.
KERNEL __launch_bounds__(512) turn(float4 *g, float *energy, const float4 *state, const float *w3, const float *b3, const float *w4, const float *b4, const float *wa,
	const float *ba, const float *wb, const float *bb, const float *wc, const float *bc, const float *wb_t, const float *wa_t, const float *w4_t,
	const float *w3_t, int atoms, int h) {
	float *s = buffer, *hidden = buffer + h * PITCH, *pre = buffer + 2 * h * PITCH;
	float *pre_a = s, *pre_b = s + h / 2 * PITCH, *layer_a = hidden, *layer_b = hidden + h / 2 * PITCH;
	int rows = rows_of(atoms), half = h / 2, quarter = h / 4;
	g = tile_of(g, h), state = tile_of(state, h), energy = tile_of(energy, 1);
	auto p = own_part(h);
	spot of_half = my_spot(half), of_quarter = my_spot(quarter), of_all = my_spot(h); // of the readout
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
	if (within(of_half)) dense(sum, s, h, wa, half, ba, half, of_half);
	sync_block();
	if (within(of_half)) {
		put_rows(pre_a, sum, half, of_half);
		put_active(layer_a, sum, half, of_half);
	}
	sync_block();
	if (within(of_quarter)) {
		dense(sum, layer_a, half, wb, quarter, bb, quarter, of_quarter);
		put_rows(pre_b, sum, quarter, of_quarter);
		put_active(layer_b, sum, quarter, of_quarter);
	}
	sync_block();
	for (int a = threadIdx_x; a < TILE; a += blockDim_x) {
		float e = *bc;
		for (int f = 0; f < quarter; f++) e = fma(wc[f], layer_b[f * PITCH + a], e);
		if (a < rows) energy[a] = e;
	}

	sync_block();
	if (within(of_quarter)) {
		for (int o = 0; o < FEATURES; o++)
			for (int a = 0; a < ROWS; a++) sum[o][a] = wc[feature(of_quarter, o, quarter)];
		put_through(layer_b, pre_b, sum, quarter, of_quarter);
	}
	sync_block();
	if (within(of_half)) {
		dense(sum, layer_b, quarter, wb_t, half, 0, half, of_half);
		put_through(layer_a, pre_a, sum, half, of_half);
	}
	sync_block();
	dense(sum, layer_a, half, wa_t, h, 0, h, of_all);
	put_rows(s, sum, h, of_all);
	sync_block();
	dense(sum, s, h, w4_t, h, 0, h, p);
	put_through(hidden, pre, sum, h, p);
	sync_block();
	dense(sum, hidden, h, w3_t, 2 * h, 0, h, p);
	add_rows(s, sum, h, p);
	dense(sum, hidden, h, columns(w3_t, h), 2 * h, 0, h, p);
	const int many = 8;
	AT_ONCE(many) {
		int row = row_of(p, a);
		float4 v[many / SIDE][SIDE];
		OF_THEM(many) v[n][i] = at(state, row + i, rows, h, feature(p, first + n, h));
		OF_THEM(many) {
			int f = feature(p, first + n, h);
			float4 u = along(v[n][i]);
			if (row + i < rows) g[(row + i) * h + f] = stretched(s[f * PITCH + row + i], sum[first + n][a + i], u);
		}
	}
}
