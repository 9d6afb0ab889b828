// Products of a tile of 32 rows (atoms, or edges) with a matrix, x·W + b.
//
// A block of H threads keeps what it works on in shared memory, feature by
// feature, [features, 36]: 32 rows and 4 numbers that spread the banks. A thread
// computes 8 rows × 4 features. Weights are read through the first-level cache,
// [in, out], 4 of them at once.
#pragma once
#include "cuda.cuh"

#define TILE 32
#define PITCH (TILE + 4)
#define ROWS 8     // of a thread
#define FEATURES 4 // of a thread

// Read as float4 too.
extern __shared__ __attribute__((aligned(16))) float buffer[];

// spot is a thread's part of the tile: 8 rows from row on, 4 features from f on.
struct spot { int row, f; };

static __device__ __forceinline__ spot my_spot(int h) {
	spot p;
	p.f = threadIdx_x % (h / FEATURES) * FEATURES;
	p.row = threadIdx_x / (h / FEATURES) * ROWS;
	return p;
}

// dense is sum[o][a] = bias + Σ_k x[k][a]·w[k][o], features p.f on and rows
// p.row on; those of w are out apart. bias may be 0.
static __device__ __forceinline__ void dense(float sum[FEATURES][ROWS], const float *x, int in, const float *w, int out, const float *bias, spot p) {
	for (int o = 0; o < FEATURES; o++) {
		float b = bias ? bias[p.f + o] : 0.f;
		for (int a = 0; a < ROWS; a++) sum[o][a] = b;
	}
	x += p.row, w += p.f;
	for (int k = 0; k < in; k++, x += PITCH, w += out) {
		float4 row = *(const float4 *)w, low = *(const float4 *)x, high = *(const float4 *)(x + 4);
		float weight[FEATURES] = {row.x, row.y, row.z, row.w};
		float from[ROWS] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
		for (int o = 0; o < FEATURES; o++)
#pragma unroll
			for (int a = 0; a < ROWS; a++) sum[o][a] = fma(weight[o], from[a], sum[o][a]);
	}
}

// EACH goes over a thread's part: feature p.f + o, row p.row + a of the tile.
#define EACH(p) \
	_Pragma("unroll") for (int o = 0; o < FEATURES; o++) _Pragma("unroll") for (int a = 0; a < ROWS; a++)
