// What the blocks and the groups of features left, summed up.
#include "cuda.cuh"

#define THREADS 256
#define NUMBERS 10 // of a structure: its energy and virial

// sum_of adds up number k of atoms·12 in force: see sum_groups.
static __device__ __forceinline__ void sum_of(float *forces, float *virials, const float *force, const int *order, int groups, int atoms, size_t k) {
	size_t all = (size_t)atoms * 12, i = k / 12, c = k % 12;
	float sum = 0;
	for (int s = 0; s < groups; s++) sum += force[s * all + k];
	if (c < 3) forces[3 * (order ? order[i] : i) + c] = sum;
	else virials[9 * i + c - 3] = sum;
}

// sum_groups adds up force [groups, atoms, 12], in the order of the groups: the
// first three of an atom are its force, eV/Å, Σ ∂E/∂x over its edges, to forces
// [atoms, 3]; the others its share of the virial, to virials [atoms, 9]. Forces
// go to where the atoms were given: order, or 0 where nothing was sorted.
// Launch: a thread for each of atoms·12.
KERNEL sum_groups(float *forces, float *virials, const float *force, const int *order, int groups, int atoms) {
	size_t k = (size_t)blockIdx_x * blockDim_x + threadIdx_x;
	if (k < (size_t)atoms * 12) sum_of(forces, virials, force, order, groups, atoms, k);
}

// sum_structure is the block's structure: see reduce. Its threads' sums are added in halves, those of all numbers side by side.
static __device__ __forceinline__ void sum_structure(double *results, const float *energy, const float *virials, int from, int to) {
	__shared__ double sums[NUMBERS * THREADS];
	double sum[NUMBERS] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	for (int i = from + (int)threadIdx_x; i < to; i += THREADS) {
		sum[0] += energy[i];
#pragma unroll
		for (int c = 1; c < NUMBERS; c++) sum[c] += virials[9 * (size_t)i + c - 1];
	}
#pragma unroll
	for (int c = 0; c < NUMBERS; c++) sums[c * THREADS + threadIdx_x] = sum[c];
	sync_block();
#pragma unroll
	for (int half = THREADS / 2; half > 0; half /= 2) {
		if (half >= to - from) continue; // of that many threads none has an atom
		for (int k = threadIdx_x; k < NUMBERS * half; k += THREADS) {
			int at = k / half * THREADS + k % half;
			sums[at] += sums[at + half];
		}
		sync_block();
	}
	int c = threadIdx_x;
	if (c < NUMBERS) results[NUMBERS * (size_t)blockIdx_x + c] = c == 0 ? sums[0] : -0.5 * sums[c * THREADS];
}

// reduce is, for every structure, {energy, virial} [structures, 10] in float64:
// E = Σ E_i, and W = −½ Σ over the atoms' shares, as each pair was seen from
// both its ends. atoms of structure k are first[k] up to first[k+1].
// Launch: a block of 256 threads for each structure.
KERNEL __launch_bounds__(THREADS) reduce(double *results, const float *energy, const float *virials, const int *first) {
	sum_structure(results, energy, virials, first[blockIdx_x], first[blockIdx_x + 1]);
}

// sum_and_reduce is both of a few atoms, whose sums over groups are few enough for their structure's block.
// Launch: a block of 256 threads for each structure.
KERNEL __launch_bounds__(THREADS) sum_and_reduce(double *results, float *forces, float *virials, const float *force, const int *order, const float *energy,
	const int *first, int groups, int atoms) {
	int from = first[blockIdx_x], to = first[blockIdx_x + 1];
	for (int k = 12 * from + (int)threadIdx_x; k < 12 * to; k += THREADS) sum_of(forces, virials, force, order, groups, atoms, k);
	sync_block();
	sum_structure(results, energy, virials, from, to);
}
