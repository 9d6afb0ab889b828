// The update of every atom, and its reverse; the last one with the readout.
//
//   n = |v|       [a ; g1 ; g2] = W4·silu(W3·[s ; n] + b3) + b4
//   s += a        v = v ⊙ g1 + (M v) ⊙ g2
//   E_i = W_c·silu(W_b·silu(W_a·s + b_a) + b_b) + b_c
//
// State is float4 {s, vx, vy, vz} [atoms, H], H a multiple of 16.
//
// Launch: H threads, a block for every tile of 32 atoms: see dense.cuh.
#include "dense.cuh"

static __device__ __forceinline__ float norm(float4 v) { return sqrt_rn(fma(v.w, v.w, fma(v.z, v.z, v.y * v.y))); }

static __device__ __forceinline__ float4 mixed(const float *m, float4 v) {
	return vec4(0, fma(m[2], v.w, fma(m[1], v.z, m[0] * v.y)), fma(m[5], v.w, fma(m[4], v.z, m[3] * v.y)),
		fma(m[8], v.w, fma(m[7], v.z, m[6] * v.y)));
}

static __device__ __forceinline__ float4 mixed_transposed(const float *m, float4 v) {
	return vec4(0, fma(m[6], v.w, fma(m[3], v.z, m[0] * v.y)), fma(m[7], v.w, fma(m[4], v.z, m[1] * v.y)),
		fma(m[8], v.w, fma(m[5], v.z, m[2] * v.y)));
}

// load_input puts [s ; n] of the tile's atoms into x; those beyond the last are 0.
static __device__ __forceinline__ void load_input(float *x, const float4 *state, int first, int atoms, int h) {
	for (int k = threadIdx_x; k < TILE * h; k += blockDim_x) {
		int a = k / h, f = k % h;
		float4 v = first + a < atoms ? state[(size_t)(first + a) * h + f] : vec4(0, 0, 0, 0);
		x[f * PITCH + a] = v.x, x[(h + f) * PITCH + a] = norm(v);
	}
	sync_block();
}

// From the state after the message to the one after the update. Kept for the
// way back: pre [atoms, H] = W3·[s ; n] + b3, and gates [atoms, 2H] = [g1 ; g2].
// Shared memory: 3H·36 floats.
KERNEL update_forward(float4 *out, float *pre, float *gates, const float4 *state, const float *w3, const float *b3, const float *w4,
	const float *b4, const float *m, int atoms, int h) {
	float *x = buffer, *hidden = buffer + 2 * h * PITCH;
	int first = blockIdx_x * TILE;
	spot p = my_spot(h);
	float sum[FEATURES][ROWS];

	load_input(x, state, first, atoms, h);
	dense(sum, x, 2 * h, w3, h, b3, p);
	EACH(p) {
		int atom = first + p.row + a;
		if (atom < atoms) pre[(size_t)atom * h + p.f + o] = sum[o][a];
		hidden[(p.f + o) * PITCH + p.row + a] = silu(sum[o][a]);
	}
	sync_block(); // from here on each thread reads and writes its own part of x
	dense(sum, hidden, h, w4, 3 * h, b4, p);
	EACH(p) x[(p.f + o) * PITCH + p.row + a] += sum[o][a];
	dense(sum, hidden, h, w4 + h, 3 * h, b4 + h, p);
	EACH(p) x[(h + p.f + o) * PITCH + p.row + a] = sum[o][a];
	dense(sum, hidden, h, w4 + 2 * h, 3 * h, b4 + 2 * h, p);
	EACH(p) {
		int atom = first + p.row + a, f = p.f + o;
		if (atom < atoms) {
			float4 v = state[(size_t)atom * h + f], mv = mixed(m, v);
			float s = x[f * PITCH + p.row + a], g1 = x[(h + f) * PITCH + p.row + a], g2 = sum[o][a];
			out[(size_t)atom * h + f] = vec4(s, fma(mv.y, g2, v.y * g1), fma(mv.z, g2, v.z * g1), fma(mv.w, g2, v.w * g1));
			gates[(size_t)atom * 2 * h + f] = g1, gates[(size_t)atom * 2 * h + h + f] = g2;
		}
	}
}

// along is v/n, and 0 where n = 0.
static __device__ __forceinline__ float4 along(float4 v) {
	float n = norm(v), by = n > 0 ? 1.f / n : 0.f;
	return vec4(0, v.y * by, v.z * by, v.w * by);
}

// The reverse of update_forward, of g = ∂E/∂(s, v) in place:
//
//   gp = (W4ᵀ [gs ; Σ_c gv_c v_c ; Σ_c gv_c (M v)_c]) ⊙ silu′(pre)        [hs ; hn] = W3ᵀ gp
//   gs += hs        gv = gv ⊙ g1 + Mᵀ(gv ⊙ g2) + hn ⊙ v/n
//
// Shared memory: 3H·36 floats.
KERNEL update_backward(float4 *g, const float4 *state, const float *pre, const float *gates, const float *w3_t, const float *w4_t,
	const float *m, int atoms, int h) {
	float *x = buffer, *hidden = buffer + 2 * h * PITCH; // in place of what is read by then
	int first = blockIdx_x * TILE;
	spot p = my_spot(h);
	float sum[FEATURES][ROWS];

	for (int k = threadIdx_x; k < TILE * h; k += blockDim_x) {
		int a = k / h, f = k % h;
		float4 gv = vec4(0, 0, 0, 0), v = gv;
		if (first + a < atoms) gv = g[(size_t)(first + a) * h + f], v = state[(size_t)(first + a) * h + f];
		float4 mv = mixed(m, v);
		x[f * PITCH + a] = gv.x;
		x[(h + f) * PITCH + a] = fma(gv.w, v.w, fma(gv.z, v.z, gv.y * v.y));
		x[(2 * h + f) * PITCH + a] = fma(gv.w, mv.w, fma(gv.z, mv.z, gv.y * mv.y));
	}
	sync_block();
	dense(sum, x, 3 * h, w4_t, h, 0, p);
	sync_block();
	EACH(p) {
		int atom = first + p.row + a;
		float before = atom < atoms ? pre[(size_t)atom * h + p.f + o] : 0.f;
		hidden[(p.f + o) * PITCH + p.row + a] = sum[o][a] * silu_slope(before);
	}
	sync_block(); // from here on each thread reads and writes its own part of x
	dense(sum, hidden, h, w3_t, 2 * h, 0, p);
	EACH(p) x[(p.f + o) * PITCH + p.row + a] += sum[o][a];
	dense(sum, hidden, h, w3_t + h, 2 * h, 0, p);
	EACH(p) {
		int atom = first + p.row + a, f = p.f + o;
		if (atom < atoms) {
			float4 gv = g[(size_t)atom * h + f], v = state[(size_t)atom * h + f], u = along(v);
			float g1 = gates[(size_t)atom * 2 * h + f], g2 = gates[(size_t)atom * 2 * h + h + f], hn = sum[o][a];
			float4 back = mixed_transposed(m, vec4(0, gv.y * g2, gv.z * g2, gv.w * g2));
			g[(size_t)atom * h + f] = vec4(x[f * PITCH + p.row + a], fma(hn, u.y, fma(gv.y, g1, back.y)), fma(hn, u.z, fma(gv.z, g1, back.z)),
				fma(hn, u.w, fma(gv.w, g1, back.w)));
		}
	}
}

// The last update, the readout and the last update's reverse: energy [atoms],
// and g = ∂E/∂(s, v) after the last message. v after the last update is not
// used, so that W4 is its rows of a alone. The weights with _t are those of the
// way back. Shared memory: 3H·36 floats, whose parts are named by what they hold.
KERNEL turn(float4 *g, float *energy, const float4 *state, const float *w3, const float *b3, const float *w4, const float *b4, const float *wa,
	const float *ba, const float *wb, const float *bb, const float *wc, const float *bc, const float *wb_t, const float *wa_t, const float *w4_t,
	const float *w3_t, int atoms, int h) {
	float *s = buffer, *hidden = buffer + h * PITCH, *pre = buffer + 2 * h * PITCH;
	float *pre_a = s, *pre_b = s + h / 2 * PITCH, *layer_a = hidden, *layer_b = hidden + h / 2 * PITCH;
	int first = blockIdx_x * TILE, half = h / 2, quarter = h / 4;
	spot p = my_spot(h);
	float sum[FEATURES][ROWS];

	load_input(s, state, first, atoms, h);
	dense(sum, s, 2 * h, w3, h, b3, p); // of [s ; n]
	sync_block();
	EACH(p) {
		int at = (p.f + o) * PITCH + p.row + a;
		pre[at] = sum[o][a], hidden[at] = silu(sum[o][a]);
	}
	sync_block();
	dense(sum, hidden, h, w4, h, b4, p);
	EACH(p) s[(p.f + o) * PITCH + p.row + a] += sum[o][a];
	sync_block();
	if (p.f < half) dense(sum, s, h, wa, half, ba, p);
	sync_block();
	if (p.f < half) EACH(p) {
		int at = (p.f + o) * PITCH + p.row + a;
		pre_a[at] = sum[o][a], layer_a[at] = silu(sum[o][a]);
	}
	sync_block();
	if (p.f < quarter) {
		dense(sum, layer_a, half, wb, quarter, bb, p);
		EACH(p) {
			int at = (p.f + o) * PITCH + p.row + a;
			pre_b[at] = sum[o][a], layer_b[at] = silu(sum[o][a]);
		}
	}
	sync_block();
	for (int a = threadIdx_x; a < TILE; a += blockDim_x) {
		float e = *bc;
		for (int f = 0; f < quarter; f++) e = fma(wc[f], layer_b[f * PITCH + a], e);
		if (first + a < atoms) energy[first + a] = e;
	}

	sync_block();
	if (p.f < quarter) EACH(p) {
		int at = (p.f + o) * PITCH + p.row + a;
		layer_b[at] = wc[p.f + o] * silu_slope(pre_b[at]);
	}
	sync_block();
	if (p.f < half) {
		dense(sum, layer_b, quarter, wb_t, half, 0, p);
		EACH(p) {
			int at = (p.f + o) * PITCH + p.row + a;
			layer_a[at] = sum[o][a] * silu_slope(pre_a[at]);
		}
	}
	sync_block();
	dense(sum, layer_a, half, wa_t, h, 0, p);
	EACH(p) s[(p.f + o) * PITCH + p.row + a] = sum[o][a];
	sync_block();
	dense(sum, s, h, w4_t, h, 0, p);
	EACH(p) {
		int at = (p.f + o) * PITCH + p.row + a;
		hidden[at] = sum[o][a] * silu_slope(pre[at]);
	}
	sync_block();
	dense(sum, hidden, h, w3_t, 2 * h, 0, p);
	EACH(p) s[(p.f + o) * PITCH + p.row + a] += sum[o][a];
	dense(sum, hidden, h, w3_t + h, 2 * h, 0, p);
	EACH(p) {
		int atom = first + p.row + a, f = p.f + o;
		if (atom < atoms) {
			float4 u = along(state[(size_t)atom * h + f]);
			float hn = sum[o][a];
			g[(size_t)atom * h + f] = vec4(s[f * PITCH + p.row + a], hn * u.y, hn * u.z, hn * u.w);
		}
	}
}
