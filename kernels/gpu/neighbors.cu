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
// around an atom's own (find_edges, see boxes.cuh). A structure's boxes are counted modulo a
// power of two, its buckets: a grid, or for a sparse structure of any extent a
// hash table whose hits are told apart by the boxes themselves. From then on the
// network has the atoms in the order of the boxes, so that neighbours lie near
// each other in memory too. Edges are in the order of the boxes, and of atoms
// within a box.
#include "boxes.cuh"

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
KERNEL arrange(int *order, double *positions, float4 *home, int *numbers, int4 *box, int4 *image, const double *from_positions, const int *from_numbers,
	const int4 *from_box, const int4 *from_image, const int *mixed, const int *start, const int *structure, const lattice *lattices, int atoms) {
	int i = blockIdx_x * blockDim_x + threadIdx_x;
	if (i >= atoms) return;
	int4 b = from_box[i], m = from_image[i];
	int first = start[b.w], last = start[b.w + 1], at = first;
	for (int k = first; k < last; k++) at += mixed[k] < i;
	order[at] = i, numbers[at] = from_numbers[i];
	box[at] = b, image[at] = m;
	double r[3];
	for (int c = 0; c < 3; c++) r[c] = from_positions[3 * (size_t)i + c], positions[3 * (size_t)at + c] = r[c];
	home[at] = home_of(r, m, lattices + structure[i]);
}

// edges counts the edges of the warp's atom among all of its structure, takes room for them, and writes them.
static __device__ __forceinline__ void edges(all_pairs *where, const list *out, const double *positions, int atoms, float cutoff) {
	seeker s;
	s.i = (blockIdx_x * blockDim_x + threadIdx_x) / WARP;
	if (s.i >= atoms) return;
	s.positions = positions, s.cutoff = cutoff, s.n = 0, s.next = 0, s.same = 0;
	where->begin(s.i);
	where->each<false>(&s, out);
	s.next = take(out, s.i, s.n);
	where->each<true>(&s, out);
	if (s.same) atomic_max_long(&out->status->same, atoms - s.i);
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
	edges(&where, &out, positions, atoms, cutoff);
}

// The same of up to 16 atoms, of which one block has all: it sets status before it counts.
KERNEL __launch_bounds__(512, 1) ALL_PAIRS(find_few_pairs) {
	if (threadIdx_x == 0) status->edges = 0, status->same = 0;
	sync_block();
	LIST(out);
	all_pairs where;
	where.structure = structure, where.first = first;
	edges(&where, &out, positions, atoms, cutoff);
}

// The edges of atoms in the order of their boxes. Launch: a warp for each atom, SEARCHERS of a block.
KERNEL __launch_bounds__(SEARCHERS *WARP, 4) find_edges(int2 *span, int4 *edge_a, float4 *edge_b, findings *status, const double *positions, const float4 *home,
	const int4 *box, const int4 *image, const int *order, const int *start, const int *structure, const lattice *lattices, int atoms, int room, float cutoff,
	double per_length, int intervals) {
	__shared__ waiting rooms[SEARCHERS];
	LIST(out);
	boxes where;
	where.i = (blockIdx_x * blockDim_x + threadIdx_x) / WARP;
	if (where.i >= atoms) return;
	where.positions = positions, where.home = home, where.box = box, where.image = image, where.start = start;
	where.l = lattices + structure[where.i], where.cutoff = cutoff, where.room = rooms + threadIdx_x / WARP;
	where.edges(&out);
	if (where.same) atomic_max_long(&status->same, atoms - order[where.i]);
}
