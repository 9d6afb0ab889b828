// The state before the first message: s_i = embedding[Z_i], v_i = 0.
//
// State is float4 {s, vx, vy, vz} [atoms, H]; embedding is [max_z + 1, H].
// Launch: a thread for each atom and feature.
#include "cuda.cuh"

KERNEL embed(float4 *state, const float *embedding, const int *numbers, int atoms, int h) {
	size_t k = (size_t)blockIdx_x * blockDim_x + threadIdx_x;
	if (k >= (size_t)atoms * h) return;
	state[k] = vec4(embedding[(size_t)numbers[k / h] * h + k % h], 0, 0, 0);
}
