// What the sums of a call (collect.cu) and the launch that has them in it share.
#pragma once
#include "cuda.cuh"

#define LEVELS 8
#define SUMMANDS (1 << LEVELS) // threads whose sums of a structure are added, in halves
#define NUMBERS 10   // of a structure: its energy and virial
#define CHUNK (4 * SUMMANDS) // atoms of a structure whose sums are one block's

// sum_of adds up number k of atoms·12 in force: see sum_groups.
static __device__ __forceinline__ void sum_of(float *forces, float *virials, const float *force, const int *order, int groups, int atoms, size_t k) {
	size_t all = (size_t)atoms * 12, i = k / 12, c = k % 12;
	float sum = 0;
#pragma unroll 8
	for (int s = 0; s < groups; s++) sum += force[s * all + k];
	if (c < 3) forces[3 * (order ? order[i] : i) + c] = sum;
	else virials[9 * i + c - 3] = sum;
}

// other_lanes is the x of the lane whose number differs in bit.
static __device__ __forceinline__ double other_lanes(double x, int bit) {
	float low, high;
	asm("mov.b64 {%0, %1}, %2;" : "=f"(low), "=f"(high) : "d"(x));
	low = shuffle_xor(low, bit), high = shuffle_xor(high, bit);
	asm("mov.b64 %0, {%1, %2};" : "=d"(x) : "f"(low), "f"(high));
	return x;
}

// add_halves adds the sums of count threads, of SUMMANDS at the most, in halves, those of all numbers side by side: number c's end up in sums[c·SUMMANDS].
// Threads of the block beyond SUMMANDS only wait. sums is shared memory of NUMBERS·SUMMANDS. If few, at most 32 are added by another way to the same bits.
template <bool few> static __device__ __forceinline__ void add_halves(double *sum, int count, double *sums) {
	bool takes = threadIdx_x < SUMMANDS;
	if (few && count <= WARP) { // the first warp's alone, without barriers
#pragma unroll 1
		for (int half = WARP / 2; threadIdx_x < WARP && half > 0; half /= 2) {
			if (half >= count) continue;
#pragma unroll
			for (int c = 0; c < NUMBERS; c++) sum[c] += other_lanes(sum[c], half);
		}
#pragma unroll
		for (int c = 0; c < NUMBERS; c++)
			if (threadIdx_x == 0) sums[c * SUMMANDS] = sum[c];
		sync_block();
		return;
	}
#pragma unroll
	for (int c = 0; takes && c < NUMBERS; c++) sums[c * SUMMANDS + threadIdx_x] = sum[c];
	sync_block();
#pragma unroll 1
	for (int bit = LEVELS - 1; bit >= 0; bit--) {
		int half = 1 << bit;
		if (half >= count) continue; // of that many threads none has a sum
#pragma unroll 1
		for (int k = threadIdx_x; takes && k < NUMBERS * half; k += SUMMANDS) {
			int at = (k >> bit) * SUMMANDS + (k & (half - 1));
			sums[at] += sums[at + half];
		}
		sync_block();
	}
}

// sum_structure is {energy, virial} of atoms from to to − 1: see reduce; if not both the energy alone. A thread asks for so many atoms at once. few and sums are add_halves'.
template <int ahead, bool few> static __device__ __forceinline__ void sum_structure(double *results, const float *energy, bool both, const float *virials, int from, int to, double *sums) {
	double sum[NUMBERS] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	bool takes = threadIdx_x < SUMMANDS;
#pragma unroll ahead
	for (int i = from + (int)threadIdx_x; takes && i < to; i += SUMMANDS) {
		sum[0] += energy[i];
		if (!both) continue;
#pragma unroll
		for (int c = 1; c < NUMBERS; c++) sum[c] += virials[9 * (size_t)i + c - 1];
	}
	add_halves<few>(sum, to - from, sums);
	int c = threadIdx_x;
	if (c < NUMBERS) results[c] = c == 0 ? sums[0] : -0.5 * sums[c * SUMMANDS];
}
