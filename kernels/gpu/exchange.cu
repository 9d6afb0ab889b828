// What a part of a system needs that is spread over devices: edges of displacements that the host has found, and the
// states of atoms that are ghosts elsewhere. Those of ghosts lie on end and are copied to where they are.
#include "edge.cuh"

// place_edges makes the edges of so many {x, y, z, bits of j}: see put_edge. Launch: a thread for each.
KERNEL place_edges(int4 *edge_a, float4 *edge_b, const float4 *displacement, int edges, double per_length, int intervals) {
	int e = blockIdx_x * blockDim_x + threadIdx_x;
	if (e >= edges) return;
	float4 x = displacement[e];
	put_edge(edge_a + e, edge_b + e, as_int(x.w), x.x, x.y, x.z, sqrt_rn(x.x * x.x + x.y * x.y + x.z * x.z), per_length, intervals);
}

// pack_rows copies the states [atoms, H] of a list of atoms to rows [n, H]. Launch: a thread for each of n·H.
KERNEL pack_rows(float4 *rows, const float4 *state, const int *list, int n, int h) {
	size_t k = (size_t)blockIdx_x * blockDim_x + threadIdx_x;
	if (k < (size_t)n * h) rows[k] = state[(size_t)list[k / h] * h + k % h];
}
