// What the search for neighbours and the launch that has it in it share: how a
// warp looks at the atoms around one, and writes edges. See neighbors.cu.
#pragma once
#include "edge.cuh"

// lattice is what the search needs to know of a structure.
struct lattice {
	double vectors[9];    // rows, Å; unit vectors along open directions
	double reciprocal[9]; // rows: fraction k of r is reciprocal[k]·r
	double width;         // of a box along open directions, Å
	int count[3];         // boxes along each direction
	int reach[3];         // how many boxes away a neighbour may be
	int low[3];           // number of the lowest box along open directions
	int periodic[3];
	int first_bucket, mask; // buckets are first_bucket + (number & mask)
};

// findings is how many edges there are, also where there was no room for them, and
// atoms − i for the lowest atom i that has another one at d = 0, or 0.
struct findings { long long edges, same; };

// list is where edges go: edge_a {j, interval, t, d}, d lying at t in [0, 1] of an
// interval of the table, and edge_b {u, 1/(d + 1e-8)}, u = x/(d + 1e-8) pointing
// from i to j. Those of atom i are span[i].x up to span[i].y, as far as there is room.
struct list {
	int2 *span;
	int4 *edge_a;
	float4 *edge_b;
	findings *status;
	int room, intervals;
	double per_length; // intervals an Å
};

// seeker is atom i, whose neighbours a warp looks for.
struct seeker {
	int i;
	const double *positions;
	float cutoff;
	int n, next; // edges found, and where the next one goes
	int same;    // whether one of them is at d = 0
};

// visit looks at atom j on each lane, moved by nx, ny and nz lattice vectors v, where it is a candidate;
// with fill it writes the edges.
template <bool fill>
static __device__ __forceinline__ void visit(seeker *s, const list *out, bool candidate, int j, int nx, int ny, int nz, const double *v) {
	bool near = false;
	float rx = 0, ry = 0, rz = 0, d = 0;
	if (candidate && (s->i != j || nx || ny || nz)) {
		const double *ri = s->positions + 3 * (size_t)s->i, *rj = s->positions + 3 * (size_t)j;
		double moved[3] = {0, 0, 0};
		if (nx || ny || nz)
#pragma unroll
			for (int c = 0; c < 3; c++) moved[c] = nx * v[c] + ny * v[3 + c] + nz * v[6 + c];
		rx = rj[0] + moved[0] - ri[0], ry = rj[1] + moved[1] - ri[1], rz = rj[2] + moved[2] - ri[2];
		d = sqrt_rn(rx * rx + ry * ry + rz * rz);
		near = d <= s->cutoff;
	}
	unsigned hits = vote(near);
	if (fill && near) {
		int e = s->next + popcount(hits & ((1u << threadIdx_x % WARP) - 1));
		if (d == 0) s->same = 1;
		if (e < out->room) put_edge(out->edge_a + e, out->edge_b + e, j, rx, ry, rz, d, out->per_length, out->intervals);
	}
	s->n += popcount(hits), s->next += popcount(hits);
}

// A neighbourhood is where a seeker looks: begin(i) is for atom i, and each(s, out) visits all of it.
struct all_pairs {
	const int *structure, *first; // of each atom, and the atoms of structure k are first[k] up to first[k + 1]
	int from, to;

	__device__ __forceinline__ void begin(int i) {
		int k = structure[i];
		from = first[k], to = first[k + 1];
	}

	template <bool fill> __device__ __forceinline__ void each(seeker *s, const list *out) const {
		for (int base = from; base < to; base += WARP) {
			int j = base + threadIdx_x % WARP;
			visit<fill>(s, out, j < to, j, 0, 0, 0, 0);
		}
	}
};
