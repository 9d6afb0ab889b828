// Products of a tile of 64 atoms with a matrix on tensor cores, in place of
// dense.cuh's: those with all H outputs of an update, H a multiple of 32.
//
// Each is three products of TF32: x is big + small, both of 11 bits, and of the four
// products of parts small·small is left out, 2⁻²² of the whole. A tensor core cuts its sums off,
// and so they begin from 0 every 16 inputs and are added up in float32: see multiply.
//
// 2H threads: a warp has 32 outputs of 32 rows, as mma.sync has them: a thread has outputs
// lane/4, + 8, + 16 and + 24, and rows 2·(lane%4), + 1, of every 8. [features, 72] spreads
// the banks: four inputs of eight rows lie in 32 of them, and so do
// four features of eight rows. Weights are in the order of fragments, see fragments in dense.go.
#pragma once
#define TILE 64
#define PITCH (TILE + 8)
#include "dense.cuh"
#include "split.cuh"

#define PAIR 2 // rows that are one float2 in shared memory

// fragment is a thread's part of the tile: rows from row on, features from first on.
struct fragment {
	enum { side = PAIR };
	int row, first;
};

static __device__ __forceinline__ fragment own_part(int) {
	fragment p;
	int lane = threadIdx_x % WARP, warp = threadIdx_x / WARP;
	p.row = warp % 2 * 32 + lane % 4 * PAIR;
	p.first = warp / 2 * 32 + lane / 4;
	return p;
}

static __device__ __forceinline__ int feature(fragment p, int o, int) { return p.first + 8 * o; }
static __device__ __forceinline__ int row_of(fragment p, int a) { return p.row + a / PAIR * 8; }

// columns is where the weights of outputs from first on begin.
static __device__ __forceinline__ const float *columns(const float *w, int first) { return w + 8 * first; }

static __device__ __forceinline__ void dense(float sum[FEATURES][ROWS], const float *x, int in, const float *w, int out, const float *bias, int width, fragment p) {
	for (int o = 0; o < FEATURES; o++) {
		float b = bias ? bias[feature(p, o, width)] : 0.f;
		for (int a = 0; a < ROWS; a++) sum[o][a] = b;
	}
	int lane = threadIdx_x % WARP;
	x += threadIdx_x / WARP % 2 * 32 + lane / 4 + lane % 4 * PITCH, w += threadIdx_x / WARP / 2 * 32 * 8 + lane * 4;
#pragma unroll 1
	for (int k = 0; k < in; k += SPAN, x += SPAN * PITCH, w += SPAN * out) {
		split left[FEATURES / 2][SPAN / 8][4];
#pragma unroll
		for (int i = 0; i < FEATURES / 2; i++)
#pragma unroll
			for (int s = 0; s < SPAN / 8; s++) {
				float4 q = *(const float4 *)(w + 16 * 8 * i + 8 * out * s);
				left[i][s][0] = split_of(q.x), left[i][s][1] = split_of(q.y), left[i][s][2] = split_of(q.z), left[i][s][3] = split_of(q.w);
			}
#pragma unroll
		for (int j = 0; j < ROWS / PAIR; j++) {
			split right[SPAN / 8][2];
#pragma unroll
			for (int s = 0; s < SPAN / 8; s++)
				for (int i = 0; i < 2; i++) right[s][i] = split_of(x[8 * j + (8 * s + 4 * i) * PITCH]);
#pragma unroll
			for (int i = 0; i < FEATURES / 2; i++) {
				float part[4];
				multiply(part, left[i], right);
				for (int c = 0; c < 4; c++) sum[2 * i + c / 2][PAIR * j + c % 2] += part[c];
			}
		}
	}
}

// What a thread loads: every feature is that of two threads, each of which has four rows of every eight, so that
// eight threads' four rows lie in different banks.
#define EACH_INPUT \
	_Pragma("unroll 1") for (int f = threadIdx_x / 8 * 4 + threadIdx_x % 4, a = threadIdx_x / 4 % 2 * QUAD; a < TILE; a += 2 * QUAD)

#define MOST_THREADS __launch_bounds__(512)
