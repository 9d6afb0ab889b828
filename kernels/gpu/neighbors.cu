// The neighbour list: every directed edge j → i with d ≤ cutoff of a batch of
// structures, over all periodic images, as CSR by destination.
//
// Positions, cells and displacements are float64; the displacement
//
//   x = r_j + shift·cell − r_i
//
// is rounded to float32 once, and d = |x| and d ≤ cutoff are decided on that, so
// that both directions of a pair, and the CPU, take the same decision.
//
// Atoms are sorted into boxes at least a cutoff wide (place, scan, scatter,
// rank), and neighbours are looked for in the boxes around an atom's own
// (count_edges, scan, fill_edges). A structure's boxes are counted modulo a
// power of two, its buckets: a grid, or for a sparse structure of any extent a
// hash table whose hits are told apart by the boxes themselves. Edges are in
// the order of the boxes, and of atoms within a box.
#include "cuda.cuh"

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
	int first, last;        // atoms
};

static __device__ __forceinline__ int bucket(const lattice *l, int x, int y, int z) {
	long long number = ((long long)z * l->count[1] + y) * l->count[0] + x;
	return l->first_bucket + (int)(number & l->mask);
}

// place finds every atom's box {x, y, z, bucket} and the image that it is in,
// and counts the atoms of each bucket. Launch: a thread for each atom.
KERNEL place(int4 *box, int4 *image, int *members, const double *positions, const int *structure, const lattice *lattices, int atoms) {
	int i = blockIdx_x * blockDim_x + threadIdx_x;
	if (i >= atoms) return;
	const lattice *l = lattices + structure[i];
	const double *r = positions + 3 * (size_t)i;
	int at[3], moved[3];
#pragma unroll
	for (int k = 0; k < 3; k++) {
		const double *q = l->reciprocal + 3 * k;
		double fraction = q[0] * r[0] + q[1] * r[1] + q[2] * r[2];
		moved[k] = 0;
		if (l->periodic[k]) {
			double whole = floor_double(fraction);
			moved[k] = (int)whole;
			at[k] = min_int((int)((fraction - whole) * l->count[k]), l->count[k] - 1);
		} else {
			at[k] = (int)floor_double(fraction / l->width) - l->low[k];
			at[k] = min_int(at[k] < 0 ? 0 : at[k], l->count[k] - 1);
		}
	}
	int4 b, m;
	b.x = at[0], b.y = at[1], b.z = at[2], b.w = bucket(l, at[0], at[1], at[2]);
	m.x = moved[0], m.y = moved[1], m.z = moved[2], m.w = 0;
	box[i] = b, image[i] = m;
	atomic_add(members + b.w, 1);
}

static __device__ __forceinline__ int lesser(long long x, int most) { return x < most ? (int)x : most; }

// scan is start[i] = Σ_{k<i} count[k], and the total in start[n], or most where
// that is less. With status, it begins a new one: {total, 2³¹ − 1}.
// Launch: one block of 1024 threads.
KERNEL __launch_bounds__(1024) scan(int *start, int *status, const int *count, int n, int most) {
	__shared__ int sums[WARP];
	int lane = threadIdx_x % WARP, warp = threadIdx_x / WARP;
	long long before = 0;
	for (int base = 0; base < n; base += 1024) {
		int i = base + threadIdx_x, own = i < n ? count[i] : 0, sum = own;
		for (int by = 1; by < WARP; by *= 2) {
			int left = shuffle_up(sum, by);
			if (lane >= by) sum += left;
		}
		if (lane == WARP - 1) sums[warp] = sum;
		sync_block();
		if (warp == 0) {
			int all = sums[lane];
			for (int by = 1; by < WARP; by *= 2) {
				int left = shuffle_up(all, by);
				if (lane >= by) all += left;
			}
			sums[lane] = all;
		}
		sync_block();
		if (i < n) start[i] = lesser(before + (warp > 0 ? sums[warp - 1] : 0) + sum - own, most);
		before += sums[WARP - 1];
		sync_block();
	}
	if (threadIdx_x == 0) {
		start[n] = lesser(before, most);
		if (status) status[0] = lesser(before, 0x7fffffff), status[1] = 0x7fffffff;
	}
}

// scatter puts the atoms of each bucket on end, in the order of their coming;
// members counts down to 0. Launch: a thread for each atom.
KERNEL scatter(int *mixed, int *members, const int *start, const int4 *box, int atoms) {
	int i = blockIdx_x * blockDim_x + threadIdx_x;
	if (i >= atoms) return;
	int b = box[i].w;
	mixed[start[b] + atomic_add(members + b, -1) - 1] = i;
}

// rank puts the atoms of each bucket in ascending order. Launch: a thread for each atom.
KERNEL rank(int *order, const int *mixed, const int *start, const int4 *box, int atoms) {
	int i = blockIdx_x * blockDim_x + threadIdx_x;
	if (i >= atoms) return;
	int b = box[i].w, from = start[b], to = start[b + 1], below = 0;
	for (int m = from; m < to; m++) below += mixed[m] < i;
	order[from + below] = i;
}

// step finds box c along direction k: its number in at and its image in shift;
// false beyond an open end.
static __device__ __forceinline__ bool step(const lattice *l, int k, int c, int *at, int *shift) {
	*at = c, *shift = 0;
	if (!l->periodic[k]) return c >= 0 && c < l->count[k];
	int n = l->count[k], images = c / n;
	if (c % n < 0) images--;
	*at = c - images * n, *shift = images;
	return true;
}

// edges walks over the edges of atom i, one warp together, and returns their
// number; with fill it writes them from first on, as far as there is room.
template <bool fill>
static __device__ __forceinline__ int edges(int i, int first, int room, int4 *edge_a, float4 *edge_b, int *status, const double *positions,
	const int4 *box, const int4 *image, const int *order, const int *start, const lattice *l, float cutoff, double per_length, int intervals) {
	const double *ri = positions + 3 * (size_t)i;
	int4 here = box[i], mi = image[i];
	int lane = threadIdx_x % WARP, n = 0;
	for (int dz = -l->reach[2]; dz <= l->reach[2]; dz++)
		for (int dy = -l->reach[1]; dy <= l->reach[1]; dy++)
			for (int dx = -l->reach[0]; dx <= l->reach[0]; dx++) {
				int x, y, z, sx, sy, sz;
				if (!step(l, 2, here.z + dz, &z, &sz) || !step(l, 1, here.y + dy, &y, &sy) || !step(l, 0, here.x + dx, &x, &sx)) continue;
				int b = bucket(l, x, y, z), to = start[b + 1];
				for (int base = start[b]; base < to; base += WARP) {
					bool found = false;
					int j = 0;
					float rx = 0, ry = 0, rz = 0, d = 0;
					if (base + lane < to) {
						j = order[base + lane];
						int4 there = box[j], mj = image[j];
						int nx = sx + mi.x - mj.x, ny = sy + mi.y - mj.y, nz = sz + mi.z - mj.z;
						if (there.x == x && there.y == y && there.z == z && (i != j || nx || ny || nz)) {
							const double *rj = positions + 3 * (size_t)j, *v = l->vectors;
							double moved[3] = {0, 0, 0};
							if (nx || ny || nz)
#pragma unroll
								for (int c = 0; c < 3; c++) moved[c] = nx * v[c] + ny * v[3 + c] + nz * v[6 + c];
							rx = rj[0] + moved[0] - ri[0], ry = rj[1] + moved[1] - ri[1], rz = rj[2] + moved[2] - ri[2];
							d = sqrt_rn(rx * rx + ry * ry + rz * rz);
							found = d <= cutoff;
						}
					}
					unsigned hits = vote(found);
					if (fill && found) {
						int e = first + n + popcount(hits & ((1u << lane) - 1));
						if (d == 0) atomic_min(status + 1, i);
						if (e < room) {
							double at = d * per_length;
							int interval = min_int((int)at, intervals - 1);
							float by = 1.f / (d + 1e-8f);
							int4 a;
							a.x = j, a.y = interval, a.z = as_int((float)(at - interval)), a.w = as_int(d);
							edge_a[e] = a;
							edge_b[e] = vec4(rx * by, ry * by, rz * by, by);
						}
					}
					n += popcount(hits);
				}
			}
	return n;
}

// count_edges is the number of edges of every atom. Launch: a warp for each atom.
KERNEL count_edges(int *count, const double *positions, const int4 *box, const int4 *image, const int *order, const int *start,
	const int *structure, const lattice *lattices, int atoms, float cutoff) {
	int i = (blockIdx_x * blockDim_x + threadIdx_x) / WARP;
	if (i >= atoms) return;
	int n = edges<false>(i, 0, 0, 0, 0, 0, positions, box, image, order, start, lattices + structure[i], cutoff, 0, 0);
	if (threadIdx_x % WARP == 0) count[i] = n;
}

// fill_edges writes the edges of atom i from first[i] on, as far as there is
// room: edge_a {j, interval, t, d}, d lying at t in [0, 1] of an interval of the
// table, and edge_b {u, 1/(d + 1e-8)}, u = x/(d + 1e-8) pointing from i to j.
// status[1] becomes the lowest atom that has another one at d = 0.
// Launch: a warp for each atom.
KERNEL fill_edges(int4 *edge_a, float4 *edge_b, int *status, const int *first, const double *positions, const int4 *box,
	const int4 *image, const int *order, const int *start, const int *structure, const lattice *lattices, int atoms, int room, float cutoff,
	double per_length, int intervals) {
	int i = (blockIdx_x * blockDim_x + threadIdx_x) / WARP;
	if (i >= atoms) return;
	edges<true>(i, first[i], room, edge_a, edge_b, status, positions, box, image, order, start, lattices + structure[i], cutoff, per_length, intervals);
}
