// Products of a tile of 32 rows (atoms, or edges) with a matrix, x·W + b.
//
// A block of H threads keeps what it works on in shared memory, feature by
// feature, [features, 36]: 32 rows and 4 numbers that spread the banks. A thread
// computes 8 rows of 4 of the outputs, one of each quarter of them: then threads
// side by side own features side by side, as global memory has them, and four rows at a
// time of shared memory are eight threads' 128 bytes of different banks. Weights
// are read through the first-level cache, [in, out], 4 of them at once: their
// columns stand in the order in which threads own them, see interleaved in dense.go.
#pragma once
#include "cuda.cuh"

#ifndef TILE
#define TILE 32
#define PITCH (TILE + 4)
#endif
#define ROWS 8     // of a thread
#define FEATURES 4 // of a thread
#define QUAD 4     // rows that are one float4 in shared memory

// Read as float4 too.
extern __shared__ __attribute__((aligned(16))) float buffer[];

// spot is a thread's part of the tile: 8 rows from row on, and which column of every quarter.
struct spot {
	enum { side = QUAD }; // rows side by side
	int row, column;
};

static __device__ __forceinline__ spot my_spot(int outputs) {
	spot p;
	p.column = threadIdx_x % (outputs / FEATURES);
	p.row = threadIdx_x / (outputs / FEATURES) * ROWS;
	return p;
}

// within is whether a thread has a part: there may be more threads than an eighth of the tile's rows times a quarter of the outputs.
static __device__ __forceinline__ bool within(spot p) { return p.row < TILE; }

// feature is the thread's output number o of width.
static __device__ __forceinline__ int feature(spot p, int o, int width) { return p.column + o * (width / FEATURES); }

// row_of is the thread's row number a.
static __device__ __forceinline__ int row_of(spot p, int a) { return p.row + a; }

// dense is sum[o][a] = bias + Σ_k x[k][a]·w[k][o], the thread's part of width
// outputs; the rows of w are out apart. bias may be 0.
static __device__ __forceinline__ void dense(float sum[FEATURES][ROWS], const float *x, int in, const float *w, int out, const float *bias, int width, spot p) {
	for (int o = 0; o < FEATURES; o++) {
		float b = bias ? bias[feature(p, o, width)] : 0.f;
		for (int a = 0; a < ROWS; a++) sum[o][a] = b;
	}
	x += p.row, w += p.column * FEATURES;
#pragma unroll 4 // rows of weights that are waited for at once
	for (int k = 0; k < in; k++, x += PITCH, w += out) {
		float4 row = *(const float4 *)w, low = *(const float4 *)x, high = *(const float4 *)(x + QUAD);
		float weight[FEATURES] = {row.x, row.y, row.z, row.w};
		float from[ROWS] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
		for (int o = 0; o < FEATURES; o++)
#pragma unroll
			for (int a = 0; a < ROWS; a++) sum[o][a] = fma(weight[o], from[a], sum[o][a]);
	}
}

// get and put move so many rows that lie side by side.
template <int side> static __device__ __forceinline__ void get(float *v, const float *x) {
	if (side == QUAD) {
		float4 q = *(const float4 *)x;
		v[0] = q.x, v[1] = q.y, v[2] = q.z, v[3] = q.w;
	} else {
		float2 q = *(const float2 *)x;
		v[0] = q.x, v[1] = q.y;
	}
}

template <int side> static __device__ __forceinline__ void put(float *x, const float *v) {
	if (side == QUAD) {
		*(float4 *)x = vec4(v[0], v[1], v[2], v[3]);
	} else {
		float2 q;
		q.x = v[0], q.y = v[1];
		*(float2 *)x = q;
	}
}

// EACH goes over a thread's part, so many rows from a on of output o at a time.
#define EACH(side) \
	_Pragma("unroll") for (int a = 0; a < ROWS; a += side) _Pragma("unroll") for (int o = 0; o < FEATURES; o++)
#define EACH_QUAD EACH(QUAD)
