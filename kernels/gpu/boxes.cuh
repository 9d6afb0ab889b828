// How a warp finds the edges of an atom whose neighbours are in the boxes around its own. See neighbors.cu.
//
// 32 boxes are looked at together, a lane for each: where it is, and how many
// atoms it has. All their atoms in turn are looked at 32 at a time, so that no
// lane is idle because its box has few. A test in float32 rules out nearly all
// that is too far; what it lets pass is gathered, and float64 decides when there
// is enough for a warp. The edges wait in shared memory until their number is
// known, and are written by all lanes.
#pragma once
#include "neighbors.cuh"

#define SEARCHERS 8  // warps of a block
#define KEPT 96      // edges that wait. Where an atom has more, they are counted, and found again to be written
#define WINDOWS WARP // times 32 atoms of boxes, for which marks are made together

static __device__ __forceinline__ int bucket(const lattice *l, int x, int y, int z) {
	long long number = ((long long)z * l->count[1] + y) * l->count[0] + x;
	return l->first_bucket + (int)(number & l->mask);
}

// home_of is where an atom is in the cell, at the image that its box is of, in float32, and how much it adds to the
// cutoff of a distance d in float32, lest rounding loses an edge. Of w and w', where two atoms are, and w' moved by lattice vectors,
// which is no farther from w than the cutoff, float32 rounds each and their difference, 2^-24 of it: together 2^-24·(2|w| + |w'| + 2·cutoff) along
// a direction, of which 2^-22·(|w| + |w'|) is more than the part that goes with where they are. In float64 it is less than 2^-49 of all that is added up.
static __device__ __forceinline__ float4 home_of(const double *r, int4 image, const lattice *l) {
	float w[3];
	double off = 0;
#pragma unroll
	for (int c = 0; c < 3; c++) {
		double x = image.x * l->vectors[c], y = image.y * l->vectors[3 + c], z = image.z * l->vectors[6 + c], at = r[c] - (x + y + z);
		w[c] = (float)at;
		off += 0x1p-22 * absolute_double(at) + 0x1p-49 * (absolute_double(r[c]) + absolute_double(x) + absolute_double(y) + absolute_double(z));
	}
	return vec4(w[0], w[1], w[2], (float)off);
}

// waiting is shared memory of a warp.
struct waiting {
	int4 atoms[KEPT + WARP]; // edges {x, y, z, j}, and behind them atoms {j, box} that are to be looked at in float64
	float4 boxes[WARP];      // {c, k}: the atom, as a box has it, is at c; its atoms' numbers are those in turn and k more
	int marks[WINDOWS];      // at which of 32 atoms in turn a box begins
};

struct boxes {
	const double *positions;
	const float4 *home;
	const int4 *box, *image;
	const int *start;
	const lattice *l;
	waiting *room;
	int i;
	float cutoff;

	int held, kept, n; // of atoms in room, those that are edges, and edges that were found
	bool lost;         // there was no room for some
	int next, same;    // where the next edge goes, and whether one is at d = 0
	int first, begins; // first of the boxes that are looked at, and number in turn of the first atom of the lane's; −1 if it has none
	int last, all;     // last box that began, and atoms in turn of all boxes
	int sx, sy, sz;    // image of the lane's box

	static __device__ __forceinline__ int lane() { return (unsigned)again(threadIdx_x) % WARP; }

	// step finds box c along direction k: its number in at and its image in
	// shift; false beyond an open end.
	static __device__ __forceinline__ bool step(const lattice *l, int k, int c, int *at, int *shift) {
		int n = l->count[k];
		*at = c, *shift = 0;
		if (0 <= c && c < n) return true;
		if (!l->periodic[k]) return false;
		int images = c / n;
		if (c % n < 0) images--;
		*at = c - images * n, *shift = images;
		return true;
	}

	__device__ __forceinline__ int across(int k) const { return 2 * l->reach[k] + 1; }

	// around is box number g around the atom's own, not wrapped.
	__device__ __forceinline__ int4 around(int g) const {
		int4 c = box[again(i)];
		int row = g / across(0), layer = row / across(1);
		c.x += g - row * across(0) - l->reach[0], c.y += row - layer * across(1) - l->reach[1], c.z += layer - l->reach[2];
		return c;
	}

	// open gives each lane its box. One without atoms has one that is none, number −1, so that each begins somewhere.
	__device__ __forceinline__ void open(int group, int boxes) {
		int lane = boxes::lane(), from = -1, length = 0, x, y, z;
		first = group, last = -1, sx = 0, sy = 0, sz = 0;
		if (group + lane < boxes) {
			int4 c = around(group + lane);
			length = 1;
			if (step(l, 2, c.z, &z, &sz) && step(l, 1, c.y, &y, &sy) && step(l, 0, c.x, &x, &sx)) {
				int b = bucket(l, x, y, z), begin = start[b], end = start[b + 1];
				if (begin < end) from = begin, length = end - begin;
			}
		}
		int sum = length;
		for (int by = 1; by < WARP; by *= 2) {
			int left = shuffle_up(sum, by);
			if (lane >= by) sum += left;
		}
		all = shuffle_from(sum, WARP - 1);
		float4 at = home[again(i)];
		if (sx || sy || sz) {
			const double *v = l->vectors;
			at.x = (float)(at.x - (sx * v[0] + sy * v[3] + sz * v[6]));
			at.y = (float)(at.y - (sx * v[1] + sy * v[4] + sz * v[7]));
			at.z = (float)(at.z - (sx * v[2] + sy * v[5] + sz * v[8]));
		}
		at.w = as_float(from - (sum - length));
		room->boxes[lane] = at;
		begins = length > 0 ? sum - length : -1;
	}

	// mark notes where boxes begin among the atoms in turn from base on.
	__device__ __forceinline__ void mark(int base) const {
		int at = begins - base;
		sync_warp();
		room->marks[lane()] = 0;
		sync_warp();
		if (at >= 0 && at < WARP * WINDOWS) atomic_or(room->marks + at / WARP, 1 << at % WARP);
		sync_warp();
	}

	// look gathers those of 32 atoms in turn, from base on, that are near in float32.
	__device__ __forceinline__ void look(int base, int marks, float most) {
		int lane = threadIdx_x % WARP, box = last + popcount(marks & ((2u << lane) - 1));
		last += popcount(marks);
		float4 here = room->boxes[box];
		int j = base + lane + as_int(here.w);
		bool pass = base + lane < all && j >= 0;
		float4 there = home[pass ? j : i];
		float x = there.x - here.x, y = there.y - here.y, z = there.z - here.z, within = most + there.w;
		pass = pass && !(fma(x, x, fma(y, y, z * z)) > within * within); // what is no number float64 is to see
		unsigned hits = vote(pass);
		if (pass) {
			int2 atom;
			atom.x = j, atom.y = box;
			*(int2 *)(room->atoms + held + popcount(hits & ((1u << lane) - 1))) = atom;
		}
		held += popcount(hits);
	}

	// settle finds the edges among the atoms that were gathered.
	__device__ __forceinline__ void settle(bool hashed) {
		int lane = boxes::lane(), before = kept;
		sync_warp();
		for (int from = kept; from < held; from += WARP) {
			int2 atom;
			atom.x = 0, atom.y = 0;
			if (from + lane < held) atom = *(const int2 *)(room->atoms + from + lane);
			int tx = shuffle_from(sx, atom.y), ty = shuffle_from(sy, atom.y), tz = shuffle_from(sz, atom.y), j = atom.x;
			bool near = from + lane < held;
			if (near && hashed) {
				int4 c = around(first + atom.y), b = box[j];
				near = c.x - tx * l->count[0] == b.x && c.y - ty * l->count[1] == b.y && c.z - tz * l->count[2] == b.z;
			}
			float x = 0, y = 0, z = 0, d = 0;
			int i = again(this->i);
			if (near) {
				int4 mi = image[i], mj = image[j];
				tx += mi.x - mj.x, ty += mi.y - mj.y, tz += mi.z - mj.z;
				between(&x, &y, &z, &d, positions + 3 * (size_t)i, positions + 3 * (size_t)j, tx, ty, tz, l->vectors);
				near = d <= cutoff && (i != j || tx || ty || tz);
			}
			unsigned hits = vote(near);
			sync_warp();
			if (near) {
				int4 edge;
				edge.x = as_int(x), edge.y = as_int(y), edge.z = as_int(z), edge.w = j;
				room->atoms[kept + popcount(hits & ((1u << lane) - 1))] = edge;
			}
			kept += popcount(hits);
		}
		n += kept - before, held = kept;
	}

	// write writes the edges that wait.
	__device__ __forceinline__ void write(const list *out) {
		sync_warp();
		for (int k = lane(); k < kept; k += WARP) {
			int4 edge = room->atoms[k];
			float x = as_float(edge.x), y = as_float(edge.y), z = as_float(edge.z), d = norm(x, y, z);
			if (d == 0) same = 1;
			if (next + k < out->room) put_edge(out->edge_a + next + k, out->edge_b + next + k, edge.w, x, y, z, d, out->per_length, out->intervals);
		}
		sync_warp();
		next += kept, kept = 0, held = 0;
	}

	// forget makes room for those that are still to be counted.
	__device__ __forceinline__ void forget() {
		lost = true, kept = 0, held = 0;
		sync_warp();
	}

	// search finds all edges; it keeps those for which there is room, or writes them. By 2^-16 the cutoff is larger in float32 than the rounding that goes with it.
	__device__ __forceinline__ void search(const list *out, bool writes) {
		int boxes = across(0) * across(1) * across(2);
		bool hashed = vote((double)l->count[0] * l->count[1] * l->count[2] > l->mask + 1.) != 0; // else a bucket is one box
		float most = cutoff * (1 + 0x1p-16f) + home[i].w;
		n = 0, held = 0, kept = 0, lost = false;
		for (int group = 0; group < boxes; group += WARP) {
			open(group, boxes);
			for (int begin = 0; begin < all; begin += WARP * WINDOWS) {
				mark(begin);
				int end = min_int(all, begin + WARP * WINDOWS);
				const int *marks = room->marks;
				for (int base = begin; base < end; base += WARP) {
					look(base, *marks++, most);
					if (held <= KEPT && base + WARP < all) continue;
					settle(hashed);
					if (writes) write(out);
					else if (kept > KEPT) forget();
				}
			}
		}
	}

	// edges counts the edges of the warp's atom, takes room for them, and writes them.
	__device__ __forceinline__ void edges(const list *out) {
		same = 0, next = 0;
		for (bool writes = false;; writes = true) {
			search(out, writes);
			if (writes) return;
			next = take(out, i, n);
			if (!lost) return write(out);
		}
	}
};
