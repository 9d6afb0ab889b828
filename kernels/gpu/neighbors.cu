// The neighbour list: every directed edge j → i with d ≤ cutoff of a batch of
// structures, over all periodic images, by the atom that they end at.
//
// Positions, cells and displacements are float64; the displacement
//
//   x = r_j + shift·cell − r_i
//
// is rounded to float32 once, and d = |x| and d ≤ cutoff are decided on that, so
// that both directions of a pair, and the CPU, take the same decision.
//
// Where all structures are small and isolated, all pairs of atoms are looked at
// (find_all_pairs). Otherwise atoms are sorted into boxes at least a cutoff wide
// (assign, scan, scatter, arrange), and neighbours are looked for in the boxes
// around an atom's own (find_edges). A structure's boxes are counted modulo a
// power of two, its buckets: a grid, or for a sparse structure of any extent a
// hash table whose hits are told apart by the boxes themselves. From then on the
// network has the atoms in the order of the boxes, so that neighbours lie near
// each other in memory too. Edges are in the order of the boxes, and of atoms
// within a box.
#include "neighbors.cuh"

static __device__ __forceinline__ int bucket(const lattice *l, int x, int y, int z) {
	long long number = ((long long)z * l->count[1] + y) * l->count[0] + x;
	return l->first_bucket + (int)(number & l->mask);
}

// assign finds every atom's box {x, y, z, bucket} and the image that it is in,
// and counts the atoms of each bucket. Launch: a thread for each atom.
KERNEL assign(int4 *box, int4 *image, int *members, const double *positions, const int *structure, const lattice *lattices, int atoms) {
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

// scan is start[i] = Σ_{k<i} count[k], and the total in start[n].
// Launch: one block of 1024 threads.
KERNEL __launch_bounds__(1024) scan(int *start, const int *count, int n) {
	__shared__ int sums[WARP];
	int lane = threadIdx_x % WARP, warp = threadIdx_x / WARP, before = 0;
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
		if (i < n) start[i] = before + (warp > 0 ? sums[warp - 1] : 0) + sum - own;
		before += sums[WARP - 1];
		sync_block();
	}
	if (threadIdx_x == 0) start[n] = before;
}

// scatter puts the atoms of each bucket on end, in the order of their coming;
// members counts down to 0. Launch: a thread for each atom.
KERNEL scatter(int *mixed, int *members, const int *start, const int4 *box, int atoms) {
	int i = blockIdx_x * blockDim_x + threadIdx_x;
	if (i >= atoms) return;
	int b = box[i].w;
	mixed[start[b] + atomic_add(members + b, -1) - 1] = i;
}

// arrange copies the atoms in the order of the buckets, ascending within each;
// order [atoms] is which they were. Launch: a thread for each atom.
KERNEL arrange(int *order, double *positions, int *numbers, int4 *box, int4 *image, const double *from_positions, const int *from_numbers,
	const int4 *from_box, const int4 *from_image, const int *mixed, const int *start, int atoms) {
	int i = blockIdx_x * blockDim_x + threadIdx_x;
	if (i >= atoms) return;
	int4 b = from_box[i];
	int first = start[b.w], last = start[b.w + 1], at = first;
	for (int m = first; m < last; m++) at += mixed[m] < i;
	order[at] = i, numbers[at] = from_numbers[i];
	box[at] = b, image[at] = from_image[i];
	for (int c = 0; c < 3; c++) positions[3 * (size_t)at + c] = from_positions[3 * (size_t)i + c];
}

struct boxes {
	const int4 *box, *image;
	const int *start, *structure;
	const lattice *lattices, *l;

	__device__ __forceinline__ void begin(int i) { l = lattices + structure[i]; }

	// step finds box c along direction k: its number in at and its image in
	// shift; false beyond an open end.
	static __device__ __forceinline__ bool step(const lattice *l, int k, int c, int *at, int *shift) {
		*at = c, *shift = 0;
		if (!l->periodic[k]) return c >= 0 && c < l->count[k];
		int n = l->count[k], images = c / n;
		if (c % n < 0) images--;
		*at = c - images * n, *shift = images;
		return true;
	}

	template <bool fill> __device__ __forceinline__ void each(seeker *s, const list *out) const {
		int4 here = box[s->i], mi = image[s->i];
		for (int dz = -l->reach[2]; dz <= l->reach[2]; dz++)
			for (int dy = -l->reach[1]; dy <= l->reach[1]; dy++)
				for (int dx = -l->reach[0]; dx <= l->reach[0]; dx++) {
					int x, y, z, sx, sy, sz;
					if (!step(l, 2, here.z + dz, &z, &sz) || !step(l, 1, here.y + dy, &y, &sy) || !step(l, 0, here.x + dx, &x, &sx)) continue;
					int b = bucket(l, x, y, z), last = start[b + 1];
					for (int base = start[b]; base < last; base += WARP) {
						int j = base + threadIdx_x % WARP;
						int4 there, mj;
						there.x = -1, mj.x = 0, mj.y = 0, mj.z = 0;
						if (j < last) there = box[j], mj = image[j];
						visit<fill>(s, out, there.x == x && there.y == y && there.z == z, j, sx + mi.x - mj.x, sy + mi.y - mj.y, sz + mi.z - mj.z, l->vectors);
					}
				}
	}
};

// edges counts the edges of the warp's atom, takes room for them, and writes them.
template <class neighborhood>
static __device__ __forceinline__ void edges(neighborhood *where, const list *out, const double *positions, const int *order, int atoms, float cutoff) {
	seeker s;
	s.i = (blockIdx_x * blockDim_x + threadIdx_x) / WARP;
	if (s.i >= atoms) return;
	s.positions = positions, s.cutoff = cutoff, s.n = 0, s.next = 0, s.same = 0;
	where->begin(s.i);
	where->template each<false>(&s, out);
	int first = 0, lane = threadIdx_x % WARP;
	if (lane == 0 && s.n > 0) {
		long long free = atomic_add_long(&out->status->edges, s.n);
		first = free < out->room ? (int)free : out->room;
	}
	first = shuffle_from(first, 0);
	if (lane == 0) {
		int2 span;
		span.x = first, span.y = s.n < out->room - first ? first + s.n : out->room;
		out->span[s.i] = span;
	}
	s.next = first;
	where->template each<true>(&s, out);
	if (s.same) atomic_max_long(&out->status->same, atoms - (order ? order[s.i] : s.i));
}

#define LIST(out)                                                                                                  \
	list out;                                                                                                      \
	out.span = span, out.edge_a = edge_a, out.edge_b = edge_b, out.status = status, out.room = room;               \
	out.intervals = intervals, out.per_length = per_length

// The edges of structures whose atoms are in the order that they were given in.
// Launch: a warp for each atom.
#define ALL_PAIRS(name)                                                                                                  \
	name(int2 *span, int4 *edge_a, float4 *edge_b, findings *status, const double *positions, const int *structure, \
		const int *first, int atoms, int room, float cutoff, double per_length, int intervals)

KERNEL ALL_PAIRS(find_all_pairs) {
	LIST(out);
	all_pairs where;
	where.structure = structure, where.first = first;
	edges(&where, &out, positions, 0, atoms, cutoff);
}

// The same of up to 16 atoms, of which one block has all: it sets status before it counts.
KERNEL __launch_bounds__(512, 1) ALL_PAIRS(find_few_pairs) {
	if (threadIdx_x == 0) status->edges = 0, status->same = 0;
	sync_block();
	LIST(out);
	all_pairs where;
	where.structure = structure, where.first = first;
	edges(&where, &out, positions, 0, atoms, cutoff);
}

// The edges of atoms in the order of their boxes. Launch: a warp for each atom.
KERNEL find_edges(int2 *span, int4 *edge_a, float4 *edge_b, findings *status, const double *positions, const int4 *box, const int4 *image,
	const int *order, const int *start, const int *structure, const lattice *lattices, int atoms, int room, float cutoff,
	double per_length, int intervals) {
	LIST(out);
	boxes where;
	where.box = box, where.image = image, where.start = start, where.structure = structure, where.lattices = lattices;
	edges(&where, &out, positions, order, atoms, cutoff);
}
