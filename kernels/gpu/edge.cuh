// An edge as the list has it: see list in neighbors.cuh.
#pragma once
#include "cuda.cuh"

// put_edge writes one from atom j, which lies by x, y, z from the atom that the edge ends at, at distance d.
static __device__ __forceinline__ void put_edge(int4 *edge_a, float4 *edge_b, int j, float x, float y, float z, float d, double per_length, int intervals) {
	double at = d * per_length;
	int interval = min_int((int)at, intervals - 1);
	float by = 1.f / (d + 1e-8f);
	int4 a;
	a.x = j, a.y = interval, a.z = as_int((float)(at - interval)), a.w = as_int(d);
	*edge_a = a;
	*edge_b = vec4(x * by, y * by, z * by, by);
}
