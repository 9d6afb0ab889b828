// The message between atoms, and its reverse.
//
//   s_i += Σ_j s_j ⊙ φs(d)        v_i += Σ_j v_j ⊙ φv(d) + u ⊗ φu(d)
//
// over the edges j → i of every atom i, u pointing from i to j.
//
// State is float4 {s, vx, vy, vz} [atoms, H]. The edges of atom i are
// span[i].x up to span[i].y; edge_a is {j, interval, t, d}, where d lies in the
// table, and edge_b {ux, uy, uz, 1/(d + 1e-8)}.
//
// φ is a table of polynomials, c0 + c1·t + … + c5·t⁵ on every interval, t in
// [0, 1]; dφ/dd is its own derivative. It is stored by groups of 8 features:
// low [groups, intervals, parts, 8] float4 {c0 … c3}, high the same of float2
// {c4, c5}. The parts are φs, φv, φu; in the first block, where v = 0, φs, φu.
//
// Launch: 256 threads; grid (runs of atoms, groups); 24·8·parts·intervals bytes
// of shared memory, where a block keeps its group's part of the table. A warp works
// on an atom, and 8 lanes, a way, on every fourth of its edges, a lane
// being a feature. Compiled with LOW_ONLY, for GPUs whose blocks have not as
// much shared memory, c4 and c5 stay in global memory: 16·8·parts·intervals bytes.
//
// The same kernels run on φ and φ′ of every edge, [edges, parts, H], as filter.cu
// leaves them: low and high are then these, and no shared memory is used.
#include "cuda.cuh"

#define GROUP 8 // features of a block
#define WAYS (WARP / GROUP) // edges of an atom that a warp works on at a time

extern __shared__ float4 table[];

struct curve { float value, slope; };

// A filter is where φ comes from; at(a, e) is the first curve of edge e, whose
// parts are a step apart.
struct tabulated {
	const float2 *high;
	int parts, feature;

	__device__ __forceinline__ int at(int4 a, int e) const { return a.y * parts * GROUP + feature; }
	__device__ __forceinline__ int step() const { return GROUP; }

	__device__ __forceinline__ float value(size_t c, float t) const {
		float4 a = table[c];
		float2 b = high[c];
		return fma(fma(fma(fma(fma(b.y, t, b.x), t, a.w), t, a.z), t, a.y), t, a.x);
	}

	// The slope is dφ/dt; times per_length it is dφ/dd.
	__device__ __forceinline__ curve both(size_t c, float t) const {
		float4 a = table[c];
		float2 b = high[c];
		float p = b.y, q = b.y;
		p = fma(p, t, b.x), q = fma(q, t, p);
		p = fma(p, t, a.w), q = fma(q, t, p);
		p = fma(p, t, a.z), q = fma(q, t, p);
		p = fma(p, t, a.y), q = fma(q, t, p);
		curve out;
		out.value = fma(p, t, a.x), out.slope = q;
		return out;
	}
};

struct evaluated {
	const float *phi, *slope;
	int parts, h, f;

	__device__ __forceinline__ size_t at(int4 a, int e) const { return (size_t)e * parts * h + f; }
	__device__ __forceinline__ int step() const { return h; }
	__device__ __forceinline__ float value(size_t c, float t) const { return phi[c]; }
	__device__ __forceinline__ curve both(size_t c, float t) const {
		curve out;
		out.value = phi[c], out.slope = slope[c];
		return out;
	}
};

// load_table copies a group's part of the table to shared memory, and is where the
// group's {c4, c5} are.
static __device__ __forceinline__ const float2 *load_table(const float4 *low, const float2 *high, int curves) {
	low += (size_t)blockIdx_y * curves, high += (size_t)blockIdx_y * curves;
	for (int c = threadIdx_x; c < curves; c += blockDim_x) table[c] = low[c];
#ifndef LOW_ONLY
	float2 *high_table = (float2 *)(table + curves);
	for (int c = threadIdx_x; c < curves; c += blockDim_x) high_table[c] = high[c];
	high = high_table;
#endif
	sync_block();
	return high;
}

template <bool first>
static __device__ __forceinline__ tabulated tabulate(const float4 *low, const float2 *high, int intervals) {
	tabulated t;
	t.parts = first ? 2 : 3, t.feature = threadIdx_x % GROUP;
	t.high = load_table(low, high, intervals * t.parts * GROUP);
	return t;
}

template <bool first>
static __device__ __forceinline__ evaluated evaluate(const float *phi, const float *slope, int h) {
	evaluated e;
	e.phi = phi, e.slope = slope, e.parts = first ? 2 : 3, e.h = h, e.f = blockIdx_y * GROUP + threadIdx_x % GROUP;
	return e;
}

// over_ways is the sum over the ways of a warp, the same in each.
static __device__ __forceinline__ float over_ways(float x) {
	x += shuffle_xor(x, GROUP);
	return x + shuffle_xor(x, 2 * GROUP);
}

template <bool first, class filter>
static __device__ __forceinline__ void forward(float4 *out, const float4 *in, const int2 *span, const int4 *edge_a, const float4 *edge_b,
	filter phi, int atoms, int h, int run) {
	int lane = threadIdx_x % WARP, way = lane / GROUP, feature = lane % GROUP, f = blockIdx_y * GROUP + feature;
	int end = min_int((blockIdx_x + 1) * run, atoms);
	for (int i = blockIdx_x * run + threadIdx_x / WARP; i < end; i += blockDim_x / WARP) {
		float s = 0, x = 0, y = 0, z = 0;
		int2 mine = span[i];
		for (int e = mine.x + way; e < mine.y; e += WAYS) {
			int4 a = edge_a[e];
			float4 u = edge_b[e];
			float t = as_float(a.z);
			auto c = phi.at(a, e);
			float4 from = in[(size_t)a.x * h + f];
			s = fma(from.x, phi.value(c, t), s);
			float push = phi.value(c + (first ? 1 : 2) * phi.step(), t);
			x = fma(u.x, push, x), y = fma(u.y, push, y), z = fma(u.z, push, z);
			if (!first) {
				float keep = phi.value(c + phi.step(), t);
				x = fma(from.y, keep, x), y = fma(from.z, keep, y), z = fma(from.w, keep, z);
			}
		}
		s = over_ways(s), x = over_ways(x), y = over_ways(y), z = over_ways(z);
		if (way == 0) {
			float4 own = in[(size_t)i * h + f];
			out[(size_t)i * h + f] = first ? vec4(own.x + s, x, y, z) : vec4(own.x + s, own.y + x, own.z + y, own.w + z);
		}
	}
}

#define FORWARD(name, first)                                                                                                              \
	KERNEL __launch_bounds__(256) name(float4 *out, const float4 *in, const int2 *span, const int4 *edge_a, const float4 *edge_b,         \
		const float4 *low, const float2 *high, int atoms, int h, int intervals, int run) {                                               \
		forward<first>(out, in, span, edge_a, edge_b, tabulate<first>(low, high, intervals), atoms, h, run);                            \
	}                                                                                                                                    \
	KERNEL __launch_bounds__(256) name##_exact(float4 *out, const float4 *in, const int2 *span, const int4 *edge_a, const float4 *edge_b, \
		const float *phi, const float *slope, int atoms, int h, int intervals, int run) {                                                \
		forward<first>(out, in, span, edge_a, edge_b, evaluate<first>(phi, slope, h), atoms, h, run);                                   \
	}

FORWARD(message_forward_first, true)
FORWARD(message_forward, false)

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
template <bool first, bool add, class filter>
static __device__ __forceinline__ void backward(float4 *gin, float *force, const float4 *g, const float4 *in, const int2 *span, const int4 *edge_a,
	const float4 *edge_b, filter phi, int atoms, int h, float per_length, int run) {
	int lane = threadIdx_x % WARP, way = lane / GROUP, feature = lane % GROUP, f = blockIdx_y * GROUP + feature;
	int end = min_int((blockIdx_x + 1) * run, atoms);
	for (int i = blockIdx_x * run + threadIdx_x / WARP; i < end; i += blockDim_x / WARP) {
		float4 own = in[(size_t)i * h + f], gi = g[(size_t)i * h + f];
		float s = 0, x = 0, y = 0, z = 0;
		float sums[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
		int2 mine = span[i];
		for (int e = mine.x + way; e < mine.y; e += WAYS) {
			int4 a = edge_a[e];
			float4 u = edge_b[e];
			float t = as_float(a.z), d = as_float(a.w);
			auto c = phi.at(a, e);
			float4 from = in[(size_t)a.x * h + f], gj = g[(size_t)a.x * h + f];
			curve keep_s = phi.both(c, t), push = phi.both(c + (first ? 1 : 2) * phi.step(), t);
			float gd = keep_s.slope * fma(gi.x, from.x, gj.x * own.x);
			float dx = gi.y - gj.y, dy = gi.z - gj.z, dz = gi.w - gj.w;
			float along = fma(u.x, dx, fma(u.y, dy, u.z * dz));
			gd = fma(push.slope, along, gd);
			if (!first) {
				curve keep = phi.both(c + phi.step(), t);
				float both = fma(gi.y, from.y, fma(gi.z, from.z, gi.w * from.w));
				both = fma(gj.y, own.y, fma(gj.z, own.z, fma(gj.w, own.w, both)));
				gd = fma(keep.slope, both, gd);
				s = fma(gj.x, keep_s.value, s);
				x = fma(gj.y, keep.value, x), y = fma(gj.z, keep.value, y), z = fma(gj.w, keep.value, z);
			}
			float across = push.value * u.w;
			float stretch = fma(gd, per_length, -across * along);
			float fx = fma(u.x, stretch, across * dx), fy = fma(u.y, stretch, across * dy), fz = fma(u.z, stretch, across * dz);
			float rx = u.x * d, ry = u.y * d, rz = u.z * d;
			sums[0] += fx, sums[1] += fy, sums[2] += fz;
			sums[3] = fma(fx, rx, sums[3]), sums[4] = fma(fx, ry, sums[4]), sums[5] = fma(fx, rz, sums[5]);
			sums[6] = fma(fy, rx, sums[6]), sums[7] = fma(fy, ry, sums[7]), sums[8] = fma(fy, rz, sums[8]);
			sums[9] = fma(fz, rx, sums[9]), sums[10] = fma(fz, ry, sums[10]), sums[11] = fma(fz, rz, sums[11]);
		}
		if (!first) {
			s = over_ways(s), x = over_ways(x), y = over_ways(y), z = over_ways(z);
			if (way == 0) gin[(size_t)i * h + f] = vec4(gi.x + s, gi.y + x, gi.z + y, gi.w + z);
		}
		float *to = force + ((size_t)blockIdx_y * atoms + i) * 12;
		for (int k = 0; k < 12; k++) {
			float sum = warp_sum(sums[k]);
			if (lane == k) to[k] = add ? to[k] + sum : sum;
		}
	}
}

#define BACKWARD(name, first, add)                                                                                                         \
	KERNEL __launch_bounds__(256) name(float4 *gin, float *force, const float4 *g, const float4 *in, const int2 *span, const int4 *edge_a, \
		const float4 *edge_b, const float4 *low, const float2 *high, int atoms, int h, int intervals, float per_length, int run) {         \
		backward<first, add>(gin, force, g, in, span, edge_a, edge_b, tabulate<first>(low, high, intervals), atoms, h, per_length, run);  \
	}                                                                                                                                      \
	KERNEL __launch_bounds__(256) name##_exact(float4 *gin, float *force, const float4 *g, const float4 *in, const int2 *span,             \
		const int4 *edge_a, const float4 *edge_b, const float *phi, const float *slope, int atoms, int h, int intervals, float per_length, \
		int run) {                                                                                                                         \
		backward<first, add>(gin, force, g, in, span, edge_a, edge_b, evaluate<first>(phi, slope, h), atoms, h, 1.f, run);                \
	}

BACKWARD(message_backward_only, true, false)  // the one block of a network of one
BACKWARD(message_backward_first, true, true)  // block 0, the last one to come to
BACKWARD(message_backward_last, false, false) // block K−1
BACKWARD(message_backward, false, true)
