// What the blocks and the groups of features left, summed up.
#include "cuda.cuh"

// sum_groups adds up force [groups, atoms, 12], in the order of the groups: the
// first three of an atom are its force, eV/Å, Σ ∂E/∂x over its edges, to forces
// [atoms, 3]; the others its share of the virial, to virials [atoms, 9]. Forces
// go to where the atoms were given: order, or 0 where nothing was sorted.
// Launch: a thread for each of atoms·12.
KERNEL sum_groups(float *forces, float *virials, const float *force, const int *order, int groups, int atoms) {
	size_t k = (size_t)blockIdx_x * blockDim_x + threadIdx_x, all = (size_t)atoms * 12;
	if (k >= all) return;
	float sum = 0;
	for (int s = 0; s < groups; s++) sum += force[s * all + k];
	size_t i = k / 12, c = k % 12;
	if (c < 3) forces[3 * (order ? order[i] : i) + c] = sum;
	else virials[9 * i + c - 3] = sum;
}

// reduce is, for every structure, {energy, virial} [structures, 10] in float64:
// E = Σ E_i, and W = −½ Σ over the atoms' shares, as each pair was seen from
// both its ends. atoms of structure k are first[k] up to first[k+1].
// Launch: a block of 256 threads for each structure.
KERNEL __launch_bounds__(256) reduce(double *results, const float *energy, const float *virials, const int *first) {
	__shared__ double sums[256];
	int from = first[blockIdx_x], to = first[blockIdx_x + 1];
	for (int c = 0; c < 10; c++) {
		double sum = 0;
		for (int i = from + (int)threadIdx_x; i < to; i += 256) sum += c == 0 ? energy[i] : virials[9 * (size_t)i + c - 1];
		sums[threadIdx_x] = sum;
		sync_block();
		for (int half = 128; half > 0; half /= 2) {
			if (threadIdx_x < half) sums[threadIdx_x] += sums[threadIdx_x + half];
			sync_block();
		}
		if (threadIdx_x == 0) results[10 * (size_t)blockIdx_x + c] = c == 0 ? sums[0] : -0.5 * sums[0];
		sync_block();
	}
}
