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
// Launch: a block of 256 threads for each structure.
KERNEL __launch_bounds__(SUMMANDS) reduce(double *results, const float *energy, const float *virials, const int *first) {
	__shared__ double sums[NUMBERS * SUMMANDS];
	sum_structure<4>(results + NUMBERS * (size_t)blockIdx_x, energy, virials != 0, virials, first[blockIdx_x], first[blockIdx_x + 1], sums);
}

// sum_and_reduce is both of a few atoms, whose sums over groups are few enough for their structure's block.
// Launch: a block of 256 threads for each structure.
KERNEL __launch_bounds__(SUMMANDS) sum_and_reduce(double *results, float *forces, float *virials, const float *force, const int *order, const float *energy,
	const int *first, int groups, int atoms) {
	__shared__ double sums[NUMBERS * SUMMANDS];
	int from = first[blockIdx_x], to = first[blockIdx_x + 1];
	for (int k = 12 * from + (int)threadIdx_x; k < 12 * to; k += SUMMANDS) sum_of(forces, virials, force, order, groups, atoms, k);
	sync_block();
	sum_structure<4>(results + NUMBERS * (size_t)blockIdx_x, energy, virials != 0, virials, from, to, sums);
}
