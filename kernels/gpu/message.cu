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
// low [groups, intervals, parts, 8] float4 {c0 … c3}, and high, for each group
// {c4, c5 of φs; c4, c5 of φu} [intervals, 8] float4 and behind them {c4, c5 of φv}
// [intervals, 8] float2. The parts are φs, φv, φu; in the first block, where v = 0, φs, φu.
//
// Launch: 256 threads; grid (runs of atoms, groups); 24·8·parts·intervals bytes
// of shared memory, where a block keeps its group's part of the table. A warp works
// on an atom, and 8 lanes, a way, on every fourth of its edges, a lane
// being a feature. Compiled with LOW_ONLY, for GPUs whose blocks have not as
// much shared memory, c4 and c5 stay in global memory: 16·8·parts·intervals bytes.
//
// The same kernels run on φ and φ′ of every edge, [edges, parts, H], as filter.cu
// leaves them: low and high are then these, and no shared memory is used.
#include "message.cuh"

// The state before the first message is straight from the embedding, [max_z + 1, H]: nothing is stored of it.
#define EMBEDDED const float *embedding, const int *numbers
#define STORED const float4 *in

#define FORWARD(name, first, before, states)                                                                                              \
	KERNEL __launch_bounds__(256, BLOCKS(first)) name(float4 *out, before, const int2 *span, const int4 *edge_a, const float4 *edge_b,         \
		const float4 *low, const float2 *high, int atoms, int h, int intervals, int run) {                                               \
		forward<true>(first, place{out}, states, span, edge_a, edge_b, tabulate(first, low, high, intervals), atoms, h, run);                                \
	}                                                                                                                                    \
	KERNEL __launch_bounds__(256, BLOCKS(first)) name##_exact(float4 *out, before, const int2 *span, const int4 *edge_a, const float4 *edge_b, \
		const float *phi, const float *slope, int atoms, int h, int intervals, int run) {                                                \
		forward<true>(first, place{out}, states, span, edge_a, edge_b, evaluate<first>(phi, slope, h), atoms, h, run);                                       \
	}

FORWARD(message_forward_first, true, EMBEDDED, (embedded{embedding, numbers}))
FORWARD(message_forward, false, STORED, stored{in})

#define BACKWARD(name, first, add, before, states)                                                                                         \
	KERNEL __launch_bounds__(256, BLOCKS(first)) name(float4 *gin, float *force, const float4 *g, before, const int2 *span, const int4 *edge_a, \
		const float4 *edge_b, const float4 *low, const float2 *high, int atoms, int h, int intervals, float per_length, int run) {         \
		backward<true, add>(first, place{gin}, force, stored{g}, states, span, edge_a, edge_b, tabulate(first, low, high, intervals), atoms, h, per_length, run);      \
	}                                                                                                                                      \
	KERNEL __launch_bounds__(256) name##_exact(float4 *gin, float *force, const float4 *g, before, const int2 *span,                       \
		const int4 *edge_a, const float4 *edge_b, const float *phi, const float *slope, int atoms, int h, int intervals, float per_length, \
		int run) {                                                                                                                         \
		backward<true, add>(first, place{gin}, force, stored{g}, states, span, edge_a, edge_b, evaluate<first>(phi, slope, h), atoms, h, 1.f, run);                    \
	}

BACKWARD(message_backward_only, true, false, EMBEDDED, (embedded{embedding, numbers})) // the one block of a network of one
BACKWARD(message_backward_first, true, true, EMBEDDED, (embedded{embedding, numbers})) // block 0, the last one to come to
BACKWARD(message_backward_last, false, false, STORED, stored{in})                      // block K−1
BACKWARD(message_backward, false, true, STORED, stored{in})
