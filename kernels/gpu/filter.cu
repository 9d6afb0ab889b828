// The filter network of every edge, evaluated: what the tables are made of, and
// the yardstick for them.
//
//   e_n(d) = exp(−(d − c_n)²/w_n²)·f(d)      f(d) = ½ (cos(π d/r_c) + 1)
//   φ = W2·silu(W1·e + b1) + b2              φ′ = W2·(silu′(W1·e + b1) ⊙ W1·e′)
//
// phi and slope are [edges, parts, H]; the parts are those of W2's columns.
//
// Launch: H threads, a block for every tile of 32 edges that there is room for:
// see dense.cuh. Shared memory: (2R + 2H)·36 floats.
#include "dense.cuh"

// cos_pi and sin_pi are cos(πx) and sin(πx) for x in [0, 1], within 2 ulp of 1:
// the Taylor series of sine and cosine about ½.
static __device__ __forceinline__ float cos_pi(float x) {
	float y = 0.5f - x, y2 = y * y;
	float p = fma(y2, -0.00737043094f, 0.0821458866f);
	p = fma(y2, p, -0.599264529f), p = fma(y2, p, 2.55016404f), p = fma(y2, p, -5.16771278f);
	return y * fma(y2, p, 3.14159265f);
}

static __device__ __forceinline__ float sin_pi(float x) {
	float y = 0.5f - x, y2 = y * y;
	float p = fma(y2, 0.00192957430f, -0.0258068914f);
	p = fma(y2, p, 0.235330630f), p = fma(y2, p, -1.33526277f), p = fma(y2, p, 4.05871213f), p = fma(y2, p, -4.93480220f);
	return fma(y2, p, 1.f);
}

KERNEL filter(float *phi, float *slope, const int4 *edge_a, const long long *total, int room, const float *centers, const float *widths, const float *w1,
	const float *b1, const float *w2, const float *b2, int h, int rbf, int parts, float cutoff) {
	float *e0 = buffer, *e1 = e0 + rbf * PITCH, *hidden0 = e1 + rbf * PITCH, *hidden1 = hidden0 + h * PITCH;
	int first = blockIdx_x * TILE, edges = *total < room ? (int)*total : room;
	if (first >= edges) return;
	spot p = my_spot(h);
	float sum[FEATURES][ROWS], tangent[FEATURES][ROWS];

	for (int k = threadIdx_x; k < TILE * rbf; k += blockDim_x) {
		int n = k / TILE, a = k % TILE;
		float d = as_float(edge_a[min_int(first + a, edges - 1)].w);
		float f = d < cutoff ? fma(0.5f, cos_pi(d / cutoff), 0.5f) : 0.f;
		float df = d < cutoff ? -1.57079633f / cutoff * sin_pi(d / cutoff) : 0.f;
		float x = (d - centers[n]) / widths[n], g = exponential(-x * x);
		e0[n * PITCH + a] = g * f;
		e1[n * PITCH + a] = g * fma(-2.f * x / widths[n], f, df);
	}
	sync_block();
	dense(sum, e0, rbf, w1, h, b1, h, p);
	dense(tangent, e1, rbf, w1, h, 0, h, p);
	EACH_QUAD {
		int at = feature(p, o, h) * PITCH + p.row + a;
		float value[QUAD], slope[QUAD];
		for (int i = 0; i < QUAD; i++) value[i] = silu(sum[o][a + i]), slope[i] = silu_slope(sum[o][a + i]) * tangent[o][a + i];
		put<QUAD>(hidden0 + at, value), put<QUAD>(hidden1 + at, slope);
	}
	sync_block();
	for (int part = 0; part < parts; part++) {
		dense(sum, hidden0, h, w2 + part * h, parts * h, b2 + part * h, h, p);
		dense(tangent, hidden1, h, w2 + part * h, parts * h, 0, h, p);
		EACH_QUAD for (int i = 0; i < QUAD; i++) {
			int e = first + p.row + a + i;
			size_t at = ((size_t)e * parts + part) * h + feature(p, o, h);
			if (e < edges) phi[at] = sum[o][a + i], slope[at] = tangent[o][a + i];
		}
	}
}
