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

static __device__ __forceinline__ float norm(float x, float y, float z) { return sqrt_rn(x * x + y * y + z * z); }

// between is r_j + n·v − r_i, of lattice vectors v, rounded to float32 once, and its length d.
static __device__ __forceinline__ void between(float *x, float *y, float *z, float *d, const double *ri, const double *rj, int nx, int ny, int nz, const double *v) {
	double moved[3] = {0, 0, 0};
	if (nx || ny || nz)
#pragma unroll
		for (int c = 0; c < 3; c++) moved[c] = nx * v[c] + ny * v[3 + c] + nz * v[6 + c];
	*x = rj[0] + moved[0] - ri[0], *y = rj[1] + moved[1] - ri[1], *z = rj[2] + moved[2] - ri[2];
	*d = norm(*x, *y, *z);
}

// visit looks at atom j on each lane, where it is a candidate; with fill it writes the edges.
template <bool fill> static __device__ __forceinline__ void visit(seeker *s, const list *out, bool candidate, int j) {
	bool near = false;
	float rx = 0, ry = 0, rz = 0, d = 0;
	if (candidate && s->i != j) {
		between(&rx, &ry, &rz, &d, s->positions + 3 * (size_t)s->i, s->positions + 3 * (size_t)j, 0, 0, 0, 0);
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

// take takes room for n edges of the warp's atom i, and is where they begin.
static __device__ __forceinline__ int take(const list *out, int i, int n) {
	int first = 0, lane = threadIdx_x % WARP;
	if (lane == 0 && n > 0) {
		long long free = atomic_add_long(&out->status->edges, n);
		first = free < out->room ? (int)free : out->room;
	}
	first = shuffle_from(first, 0);
	if (lane == 0) {
		int2 span;
		span.x = first, span.y = n < out->room - first ? first + n : out->room;
		out->span[i] = span;
	}
	return first;
}

// all_pairs is where a seeker looks: begin(i) is for atom i, and each(s, out) visits all atoms of its structure.
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
			visit<fill>(s, out, j < to, j);
		}
	}
};
