// What a GPU can do at most, for the benchmarks to stand beside: copying and
// fused multiply-adds.
#include "cuda.cuh"

// copy is to = from, n float4. Launch: any number of threads.
KERNEL copy(float4 *to, const float4 *from, int n) {
	for (size_t i = (size_t)blockIdx_x * blockDim_x + threadIdx_x; i < n; i += (size_t)gridDim_x * blockDim_x) to[i] = from[i];
}

// multiply_add is 8·times fused multiply-adds a thread, in 8 chains.
KERNEL multiply_add(float *to, float x, int times) {
	float a[8] = {0, 1, 2, 3, 4, 5, 6, 7};
	for (int k = 0; k < times; k++)
#pragma unroll
		for (int c = 0; c < 8; c++) a[c] = fma(a[c], x, x);
	to[(size_t)blockIdx_x * blockDim_x + threadIdx_x] = a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}
