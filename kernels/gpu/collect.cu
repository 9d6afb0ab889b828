// What the blocks and the groups of features left, summed up.
#include "collect.cuh"

// sum_groups adds up force [groups, atoms, 12], in the order of the groups: the
// first three of an atom are its force, eV/Å, Σ ∂E/∂x over its edges, to forces
// [atoms, 3]; the others its share of the virial, to virials [atoms, 9]. Forces
// go to where the atoms were given: order, or 0 where nothing was sorted.
// Launch: a thread for each of atoms·12.
KERNEL sum_groups(float *forces, float *virials, const float *force, const int *order, int groups, int atoms) {
	size_t k = (size_t)blockIdx_x * blockDim_x + threadIdx_x;
	if (k < (size_t)atoms * 12) sum_of(forces, virials, force, order, groups, atoms, k);
}

// reduce is, for every structure, {energy, virial} [structures, 10] in float64:
// E = Σ E_i, and W = −½ Σ over the atoms' shares, as each pair was seen from
// both its ends; without virials the energy alone. atoms of structure k are first[k] up to first[k+1].
// Launch: a block of 256 threads for each structure, of which none has more than CHUNK atoms.
KERNEL __launch_bounds__(SUMMANDS) reduce(double *results, const float *energy, const float *virials, const int *first) {
	__shared__ double sums[NUMBERS * SUMMANDS];
	sum_structure<4, true>(results + NUMBERS * (size_t)blockIdx_x, energy, virials != 0, virials, first[blockIdx_x], first[blockIdx_x + 1], sums);
}

// chunks_of is where the sums of structure k's chunks begin among all structures'. A structure has room for one chunk more than it has CHUNK
// atoms, as any may need it, and so nobody counts the chunks of those before.
static __device__ __forceinline__ int chunks_of(const int *first, int k) { return k + (unsigned)first[k] / CHUNK; }

// structure_at is the structure whose room chunk b is in: the last one whose chunks begin there or before.
static __device__ __forceinline__ int structure_at(const int *first, int structures, int b) {
	int k = 0;
#pragma unroll 1
	for (int end = structures; end - k > 1;) {
		int middle = (unsigned)(k + end) / 2;
		if (chunks_of(first, middle) <= b) k = middle;
		else end = middle;
	}
	return k;
}

// reduce_chunks is reduce where structures are of any size: of a structure of more than CHUNK atoms {energy, virial} of each CHUNK of them, as if they
// were a structure, go to chunks [structures + atoms / CHUNK, 10], see chunks_of, and add_chunks adds those up. How a structure is cut, and
// so every bit, depends on its own atoms alone. Launch: a block of 256 threads for each of chunks.
KERNEL __launch_bounds__(SUMMANDS) reduce_chunks(double *results, double *chunks, const float *energy, const float *virials, const int *first, int structures) {
	__shared__ double sums[NUMBERS * SUMMANDS];
	int b = blockIdx_x, *structure = (int *)sums;
	if (threadIdx_x == 0) *structure = structure_at(first, structures, b); // one warp in place of eight
	sync_block();
	int k = *structure;
	sync_block(); // lest sums are there before all have seen it
	int chunk = b - chunks_of(first, k), end = first[k + 1], from = first[k] + chunk * CHUNK;
	if (chunk > 0 && from >= end) return;
	double *out = end - first[k] > CHUNK ? chunks + NUMBERS * (size_t)b : results + NUMBERS * (size_t)k;
	sum_structure<4, false>(out, energy, virials != 0, virials, from, min_int(from + CHUNK, end), sums);
}

// add_chunks adds up the sums of the chunks of each structure that has several: see reduce_chunks.
// Launch: a block of 256 threads for each structure.
KERNEL __launch_bounds__(SUMMANDS) add_chunks(double *results, const double *chunks, const int *first) {
	__shared__ double sums[NUMBERS * SUMMANDS];
	int k = blockIdx_x, count = (first[k + 1] - first[k] + CHUNK - 1) / CHUNK;
	if (count <= 1) return;
	chunks += NUMBERS * (size_t)chunks_of(first, k);
	double sum[NUMBERS] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	for (int i = threadIdx_x; i < count; i += SUMMANDS) {
#pragma unroll
		for (int c = 0; c < NUMBERS; c++) sum[c] += chunks[NUMBERS * i + c];
	}
	add_halves<false>(sum, count, sums);
	int c = threadIdx_x;
	if (c < NUMBERS) results[NUMBERS * (size_t)k + c] = sums[c * SUMMANDS];
}

// sum_and_reduce is both of a few atoms, whose sums over groups are few enough for their structure's block.
// Launch: a block of 256 threads for each structure.
KERNEL __launch_bounds__(SUMMANDS) sum_and_reduce(double *results, float *forces, float *virials, const float *force, const int *order, const float *energy,
	const int *first, int groups, int atoms) {
	__shared__ double sums[NUMBERS * SUMMANDS];
	int from = first[blockIdx_x], to = first[blockIdx_x + 1];
	for (int k = 12 * from + (int)threadIdx_x; k < 12 * to; k += SUMMANDS) sum_of(forces, virials, force, order, groups, atoms, k);
	sync_block();
	sum_structure<4, true>(results + NUMBERS * (size_t)blockIdx_x, energy, virials != 0, virials, from, to, sums);
}
