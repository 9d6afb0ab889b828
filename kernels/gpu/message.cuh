// What the messages of blocks of many atoms and of few share: see message.cu,
// where φ's table and the notation are explained.
#pragma once
#include "cuda.cuh"

#define GROUP 8 // features of a block
#define WAYS (WARP / GROUP) // edges of an atom that a warp works on at a time

// BLOCKS is how many a multiprocessor has room for in its shared memory, and must have registers for.
#ifdef LOW_ONLY
#define BLOCKS(first) ((first) ? 2 : 1)
#else
#define BLOCKS(first) ((first) ? 4 : 3)
#endif

extern __shared__ float4 table[];

struct curve { float value, slope; };

// polynomial is c0 + c1·t + … + c5·t⁵.
static __device__ __forceinline__ float polynomial(float4 a, float c4, float c5, float t) {
	return fma(fma(fma(fma(fma(c5, t, c4), t, a.w), t, a.z), t, a.y), t, a.x);
}

// tangent is it and its derivative; times intervals per length that is dφ/dd.
static __device__ __forceinline__ curve tangent(float4 a, float c4, float c5, float t) {
	float p = c5, q = c5;
	p = fma(p, t, c4), q = fma(q, t, p);
	p = fma(p, t, a.w), q = fma(q, t, p);
	p = fma(p, t, a.z), q = fma(q, t, p);
	p = fma(p, t, a.y), q = fma(q, t, p);
	curve out;
	out.value = fma(p, t, a.x), out.slope = q;
	return out;
}

// A filter is where φ comes from: values(out, a, e) is φs, φv and φu of edge e, and
// curves their slopes too. In the first block there is no φv.
struct tabulated {
	bool first;
	const float4 *low;
	const float4 *pairs; // of φs and φu
	const float2 *rest;  // of φv
	int feature;

	__device__ __forceinline__ int parts() const { return first ? 2 : 3; }
	__device__ __forceinline__ void values(float out[3], int4 a, int e) const {
		int i = a.y * GROUP + feature, last = parts() - 1, at = a.y * parts() * GROUP + feature; // last is φu's
		float t = as_float(a.z);
		float4 c = pairs[i];
		out[0] = polynomial(low[at], c.x, c.y, t), out[2] = polynomial(low[at + last * GROUP], c.z, c.w, t);
		if (!first) {
			float2 r = rest[i];
			out[1] = polynomial(low[at + GROUP], r.x, r.y, t);
		}
	}

	__device__ __forceinline__ void curves(curve out[3], int4 a, int e) const {
		int i = a.y * GROUP + feature, last = parts() - 1, at = a.y * parts() * GROUP + feature; // last is φu's
		float t = as_float(a.z);
		float4 c = pairs[i];
		out[0] = tangent(whole(low[at]), c.x, c.y, t); // of φs the first block uses the slope alone
		out[2] = tangent(low[at + last * GROUP], c.z, c.w, t);
		if (!first) {
			float2 r = rest[i];
			out[1] = tangent(low[at + GROUP], r.x, r.y, t);
		}
	}
};

template <bool first> struct evaluated {
	const float *phi, *slope;
	int h, f;

	__device__ __forceinline__ size_t at(int e, int part) const { return ((size_t)e * (first ? 2 : 3) + (first ? part / 2 : part)) * h + f; }
	__device__ __forceinline__ void values(float out[3], int4 a, int e) const {
		for (int part = 0; part < 3; part += first ? 2 : 1) out[part] = phi[at(e, part)];
	}
	__device__ __forceinline__ void curves(curve out[3], int4 a, int e) const {
		for (int part = 0; part < 3; part += first ? 2 : 1) out[part].value = phi[at(e, part)], out[part].slope = slope[at(e, part)];
	}
};

// tabulate copies a group's part of the table to shared memory.
static __device__ __forceinline__ tabulated tabulate(bool first, const float4 *low, const float2 *high, int intervals) {
	tabulated t;
	t.first = first, t.feature = threadIdx_x % GROUP;
	int curves = intervals * t.parts() * GROUP;
	low += (size_t)blockIdx_y * curves, high += (size_t)blockIdx_y * curves;
#pragma unroll 4 // numbers that are waited for at once
	for (int c = threadIdx_x; c < curves; c += blockDim_x) table[c] = low[c];
#ifndef LOW_ONLY
	float2 *high_table = (float2 *)(table + curves);
#pragma unroll 4
	for (int c = threadIdx_x; c < curves; c += blockDim_x) high_table[c] = high[c];
	high = high_table;
#endif
	sync_block();
	t.low = table, t.pairs = (const float4 *)high, t.rest = high + 2 * GROUP * intervals;
	return t;
}

// untouched leaves it where it is: few atoms read few rows of it.
static __device__ __forceinline__ tabulated untouched(bool first, const float4 *low, const float2 *high, int intervals) {
	tabulated t;
	t.first = first, t.feature = threadIdx_x % GROUP;
	size_t curves = intervals * t.parts() * GROUP;
	low += blockIdx_y * curves, high += blockIdx_y * curves;
	t.low = low, t.pairs = (const float4 *)high, t.rest = high + 2 * GROUP * intervals;
	return t;
}

template <bool first>
static __device__ __forceinline__ evaluated<first> evaluate(const float *phi, const float *slope, int h) {
	evaluated<first> e;
	e.phi = phi, e.slope = slope, e.h = h, e.f = blockIdx_y * GROUP + threadIdx_x % GROUP;
	return e;
}

// over_ways is the sum over the ways of a warp, the same in each.
static __device__ __forceinline__ float over_ways(float x) {
	x += shuffle_xor(x, GROUP);
	return x + shuffle_xor(x, 2 * GROUP);
}

// halve leaves a lane half of its count sums, the upper one where the lane's bit is set, and adds the other lane's of that half.
template <int count> static __device__ __forceinline__ void halve(float *sums, int lane, int bit) {
	bool upper = lane & bit;
#pragma unroll
	for (int k = 0; k < count / 2; k++) {
		float one = sums[k], other = sums[k + count / 2];
		sums[k] = (upper ? other : one) + shuffle_xor(upper ? one : other, bit);
	}
}

// transposed_sums is which of the 12 sums over a warp the lane has from now on in sums[0], or −1:
// 12 lanes have one each. The order of additions is that of a butterfly over the lanes.
static __device__ __forceinline__ int transposed_sums(float sums[12], int lane) {
	halve<12>(sums, lane, 16);
	halve<6>(sums, lane, 8);
	sums[3] = 0;
	halve<4>(sums, lane, 4);
	halve<2>(sums, lane, 2);
	sums[0] += shuffle_xor(sums[0], 1);
	int within = lane / 4 % 2 * 2 + lane / 2 % 2;
	return lane % 2 || within == 3 ? -1 : lane / 16 * 6 + lane / 8 % 2 * 3 + within;
}

// edge is what the list has of one; number e of it, or the last one.
struct edge { int4 a; float4 u; };

static __device__ __forceinline__ edge edge_at(const int4 *edge_a, const float4 *edge_b, int e, int last) {
	edge out;
	e = min_int(e, last), out.a = edge_a[e], out.u = edge_b[e];
	return out;
}

// States are where a message finds {s, vx, vy, vz} of atom i and feature f.
struct stored {
	const float4 *state;
	__device__ __forceinline__ float4 at(int i, int h, int f) const { return state[(size_t)i * h + f]; }
};

// embedded is the state before the first message, straight from the embedding.
struct embedded {
	const float *embedding;
	const int *numbers;
	__device__ __forceinline__ float4 at(int i, int h, int f) const { return vec4(embedding[numbers[i] * h + f], 0, 0, 0); }
};

// A place is where a message puts {s, vx, vy, vz} of atom i and feature f.
struct place {
	float4 *state;
	__device__ __forceinline__ void put(int i, int h, int f, float4 v) const { state[(size_t)i * h + f] = v; }
};

// TURNS goes over an atom's edges, WAYS at a time. Those of the next time are asked for before those of this one are added; and if turns there are two places for them, as a
// copy of what is on its way would wait for it, which takes more registers, and more instructions: not where all is near. All ways go on to the end, lest what is asked for in one branch and needed in another be asked for there: beyond
// the last edge that is asked for, and not added.
#define TURNS(turns, add_one, add_other)                        \
	int times = (mine.y - mine.x + WAYS - 1) / WAYS;            \
	if (times > 0) {                                            \
		j = edge_a[min_int(e, last)].x, e -= WAYS;              \
		ask(one), e += WAYS;                                    \
		_Pragma("unroll 1") for (int single = turns ? times % 2 : times; single > 0; single--) \
			ask(other), add_one, one = other;                   \
		_Pragma("unroll 1") for (times = turns ? times / 2 : 0; times > 0; times--) { \
			ask(other), add_one;                                \
			ask(one), add_other;                                \
		}                                                       \
	}

template <bool turns, class filter, class states, class places>
static __device__ __forceinline__ void forward(bool first, places out, states in, const int2 *span, const int4 *edge_a, const float4 *edge_b,
	filter phi, int atoms, int h, int run) {
	int lane = threadIdx_x % WARP, way = lane / GROUP, feature = lane % GROUP, f = blockIdx_y * GROUP + feature;
	int end = min_int((blockIdx_x + 1) * run, atoms);
	for (int i = blockIdx_x * run + threadIdx_x / WARP; i < end; i += blockDim_x / WARP) {
		float s = 0, x = 0, y = 0, z = 0;
		int2 mine = span[i];
		int e = mine.x + way, last = mine.y - 1;
		auto add = [&](const edge &at, float4 from) __attribute__((always_inline)) {
			float c[3];
			phi.values(c, at.a, min_int(e, last));
			float counts = e <= last; // a factor, lest it become a branch
			for (int k = 0; k < 3; k++) c[k] *= counts;
			s = fma(from.x, c[0], s);
			x = fma(at.u.x, c[2], x), y = fma(at.u.y, c[2], y), z = fma(at.u.z, c[2], z);
			if (!first) x = fma(from.y, c[1], x), y = fma(from.z, c[1], y), z = fma(from.w, c[1], z);
			e += WAYS;
		};
		struct asked {
			edge at;
			float4 from;
		} one, other;
		int j = 0; // the atom of the edge after those that are asked for
		auto ask = [&](asked &next) __attribute__((always_inline)) {
			next.from = in.at(j, h, f), next.at = edge_at(edge_a, edge_b, e + WAYS, last);
			j = edge_a[min_int(e + 2 * WAYS, last)].x;
		};
		TURNS(turns, add(one.at, one.from), add(other.at, other.from));
		s = over_ways(s), x = over_ways(x), y = over_ways(y), z = over_ways(z);
		if (way == 0) {
			float4 own = in.at(i, h, f);
			out.put(i, h, f, first ? vec4(own.x + s, x, y, z) : vec4(own.x + s, own.y + x, own.z + y, own.w + z));
		}
	}
}

// From g = ∂E/∂(s, v) after the message to gin = ∂E/∂(s, v) before it:
//
//   gin.s_i = g.s_i + Σ_j g.s_j ⊙ φs        gin.v_i = g.v_i + Σ_j g.v_j ⊙ φv
//
// and the derivative along every edge's displacement x, of both its directions:
//
//   gd = φs′(g.s_i s_j + g.s_j s_i) + φv′(g.v_i·v_j + g.v_j·v_i) + φu′ u·D,  D = g.v_i − g.v_j
//   ∂E/∂x = u·(gd − φu (u·D)/d) + φu D/d
//
// (u for x/d costs 1e-8/d.) An atom's edges are summed feature by feature:
// force [groups, atoms, 12] is, for every group of features, Σ ∂E/∂x and the
// nine Σ ∂E/∂x_a x_b. Blocks of the network add to it, the last one first.
template <bool turns, bool adds, class filter, class states, class gradients, class places>
static __device__ __forceinline__ void backward(bool first, places gin, float *force, gradients g, states in, const int2 *span, const int4 *edge_a,
	const float4 *edge_b, filter phi, int atoms, int h, float per_length, int run) {
	int lane = threadIdx_x % WARP, way = lane / GROUP, feature = lane % GROUP, f = blockIdx_y * GROUP + feature;
	int end = min_int((blockIdx_x + 1) * run, atoms);
	for (int i = blockIdx_x * run + threadIdx_x / WARP; i < end; i += blockDim_x / WARP) {
		float4 own = in.at(i, h, f), gi = g.at(i, h, f);
		float s = 0, x = 0, y = 0, z = 0;
		float sums[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
		int2 mine = span[i];
		int e = mine.x + way, last = mine.y - 1, j = 0;
		auto add = [&](const edge &at, float4 from, float4 gj) __attribute__((always_inline)) {
			float4 u = at.u;
			float d = as_float(at.a.w);
			curve c[3];
			phi.curves(c, at.a, min_int(e, last));
			float counts = e <= last;
			for (int k = 0; k < 3; k++) c[k].value *= counts, c[k].slope *= counts;
			float gd = c[0].slope * fma(gi.x, from.x, gj.x * own.x);
			float dx = gi.y - gj.y, dy = gi.z - gj.z, dz = gi.w - gj.w;
			float along = fma(u.x, dx, fma(u.y, dy, u.z * dz));
			gd = fma(c[2].slope, along, gd);
			if (!first) {
				float both = fma(gi.y, from.y, fma(gi.z, from.z, gi.w * from.w));
				both = fma(gj.y, own.y, fma(gj.z, own.z, fma(gj.w, own.w, both)));
				gd = fma(c[1].slope, both, gd);
				s = fma(gj.x, c[0].value, s);
				x = fma(gj.y, c[1].value, x), y = fma(gj.z, c[1].value, y), z = fma(gj.w, c[1].value, z);
			}
			float across = c[2].value * u.w;
			float stretch = fma(gd, per_length, -across * along);
			float fx = fma(u.x, stretch, across * dx), fy = fma(u.y, stretch, across * dy), fz = fma(u.z, stretch, across * dz);
			float rx = u.x * d, ry = u.y * d, rz = u.z * d;
			sums[0] += fx, sums[1] += fy, sums[2] += fz;
			sums[3] = fma(fx, rx, sums[3]), sums[4] = fma(fx, ry, sums[4]), sums[5] = fma(fx, rz, sums[5]);
			sums[6] = fma(fy, rx, sums[6]), sums[7] = fma(fy, ry, sums[7]), sums[8] = fma(fy, rz, sums[8]);
			sums[9] = fma(fz, rx, sums[9]), sums[10] = fma(fz, ry, sums[10]), sums[11] = fma(fz, rz, sums[11]);
			e += WAYS;
		};
		struct asked {
			edge at;
			float4 from, g;
		} one, other;
		auto ask = [&](asked &next) __attribute__((always_inline)) {
			next.from = in.at(j, h, f), next.g = g.at(j, h, f), next.at = edge_at(edge_a, edge_b, e + WAYS, last);
			j = edge_a[min_int(e + 2 * WAYS, last)].x; // its whole record would take too many registers
		};
		TURNS(turns && !first, add(one.at, one.from, one.g), add(other.at, other.from, other.g)); // of the first block more run side by side
		if (!first) {
			s = over_ways(s), x = over_ways(x), y = over_ways(y), z = over_ways(z);
			if (way == 0) gin.put(i, h, f, vec4(gi.x + s, gi.y + x, gi.z + y, gi.w + z));
		}
		float *to = force + ((size_t)blockIdx_y * atoms + i) * 12;
		int k = transposed_sums(sums, lane);
		if (__builtin_expect(k >= 0, 1)) to[k] = adds ? to[k] + sums[0] : sums[0];
	}
}
