// The whole of a call in one launch, for few atoms of isolated structures: the
// search for neighbours, the network and its reverse, and the sums. What few.cu
// does in launches of their own, one after the other, is here a stage, between
// which all blocks meet: see grid.cuh. The formulas, sums and orders are those of few.cu,
// and so are the bits.
//
// A block has a group of 8 features, and a share of the atoms. Of layers whose
// outputs are exchanged, and of messages, it does its share; the layer before a
// message, whose outputs stay within the group, for all atoms, so that it need not
// wait for them. Its edges stay in shared memory. Where blocks would meet to find
// inputs of all features, their owners have left them ready, in rows.
//
// Launch: WIDE threads; grid (shares, groups); all blocks must run at the same time. Compiled with CLUSTER, for compute capability 9.0, they are one
// cluster, up to 16 of them.
#include "few.cuh"
#include "neighbors.cuh"
#include "collect.cuh"
#include "grid.cuh"

#ifdef CLUSTER
#define ONCE once_cluster
#else
#define ONCE once
#endif

// of is where an address that was read from memory leads to.
template <class T> static __device__ __forceinline__ T *of(unsigned long long address) { return (T *)(GLOBAL T *)address; }

// weights are those of one block of the network: addresses, as few.cu and message.cu have them, and its update's mixing matrix.
struct weights {
	unsigned long long hidden, out, hidden_back, out_back, low, high;
	float m[9];
	int unused[3];
};

#define MATRIX_OF(w) w.m[0], w.m[1], w.m[2], w.m[3], w.m[4], w.m[5], w.m[6], w.m[7], w.m[8]

// rooms is global memory between stages, all arrays of atoms·H, but where it says otherwise. Shares have gates of their own, as their
// blocks make those of all atoms.
struct rooms {
	unsigned long long start;
	int atoms, h, blocks, shares;
	__device__ __forceinline__ void forget() { asm volatile("" : "+l"(start), "+r"(atoms), "+r"(h)); }
	__device__ __forceinline__ float4 *states(int k) const { return of<float4>(start) + k * atoms * h; }
	__device__ __forceinline__ float *floats(int k) const { return of<float>(start) + (4 * (1 + blocks) + k) * atoms * h; }
	__device__ __forceinline__ float4 *gin() const { return states(0); }
	__device__ __forceinline__ float4 *after(int k) const { return states(1 + k); } // block k's message
	__device__ __forceinline__ float *inputs() const { return floats(0); } // [atoms, 2H] or [atoms, 3H]
	__device__ __forceinline__ float *gp() const { return floats(3); }
	__device__ __forceinline__ float *scalars() const { return floats(4); }
	__device__ __forceinline__ float *gs() const { return floats(5); }
	__device__ __forceinline__ float *pre(int k) const { return floats(6 + k); }
	__device__ __forceinline__ float *gates(int k) const { return floats(6 + blocks + 2 * (blockIdx_x * blocks + k)); } // [atoms, 2H]
	__device__ __forceinline__ float *force() const { return floats(6 + blocks + 2 * shares * blocks); }               // [groups, atoms, 12]
	__device__ __forceinline__ int2 *found() const { return (int2 *)(force() + h / GROUP * atoms * 12); }              // [atoms] edges, and whether one has no length
	__device__ __forceinline__ float *virials() const { return (float *)(found() + atoms); }                           // [atoms, 9]
	__device__ __forceinline__ float *energy() const { return virials() + 9 * atoms; }                                 // [atoms]
};

// readied puts the state after a message, and the row [s ; n] that the update's first layer reads.
struct readied {
	float4 *state;
	float *rows;
	__device__ __forceinline__ void put(int i, int h, int f, float4 v) const {
		state[i * h + f] = v;
		rows[i * 2 * h + f] = v.x, rows[i * 2 * h + h + f] = norm(v);
	}
};

// readied_back puts g = ∂E/∂(s, v) after an update, and the row that its reverse reads: see update_backward. state is the one before the update.
struct readied_back {
	float4 *g;
	float *rows;
	const float4 *state;
	const float *m;
	__device__ __forceinline__ void put(int i, int h, int f, float4 v) const {
		float4 before = state[i * h + f], mixture = mixed(m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8], before);
		float *to = rows + i * 3 * h + f;
		g[i * h + f] = v;
		to[0] = v.x, to[h] = dot(v, before), to[2 * h] = dot(v, mixture);
	}
};

// near is a state of all atoms and the block's group, in shared memory: an atom's features in turn, so that neither a feature of atoms nor the features
// of an atom lie in the same banks.
struct near {
	float4 *state;
	static __device__ __forceinline__ int where(int i, int f) { return i * GROUP + (f + 2 * i) % GROUP; }
	__device__ __forceinline__ float4 at(int i, int, int f) const { return state[where(i, f)]; }
	__device__ __forceinline__ void put(int i, int, int f, float4 v) const { state[where(i, f)] = v; }
};

// nowhere puts nothing, as nothing is before the first block.
struct nowhere {
	__device__ __forceinline__ void put(int, int, int, float4) const {}
};

// share is the block's atoms, and its shared memory: edges, those of an atom from its number in the share times atoms on; the group's states before
// messages and g = ∂E/∂state, of all atoms; where weights are; what is kept of the structures; a slice of weights; and what they are multiplied by. Numbers are opaque from meeting to
// meeting, lest addresses take registers in between.
struct share {
	int first, end, run, atoms, h, blocks;
	__device__ __forceinline__ int4 *edge_a() const { return (int4 *)buffer; }
	__device__ __forceinline__ float4 *edge_b() const { return (float4 *)buffer + run * atoms; }
	__device__ __forceinline__ int2 *own_span() const { return (int2 *)(layers() + blocks); }
	__device__ __forceinline__ const int2 *span() const { return own_span() - first; }
	__device__ __forceinline__ int *late() const { return (int *)(own_span() + run); }
	__device__ __forceinline__ int *numbers() const { return (int *)(own_span() + (run + 2) / 2 * 2); }
	__device__ __forceinline__ const int *structure_first() const { return numbers() + atoms; }
	__device__ __forceinline__ float *w() const { return (float *)numbers() + (2 * atoms + 4) / 4 * 4; }
	__device__ __forceinline__ float *x() const { return w() + 3 * GROUP * (h + PAD); }
	__device__ __forceinline__ near g() const { return near{(float4 *)buffer + 2 * run * atoms}; }
	__device__ __forceinline__ near before(int k) const { return near{g().state + k * atoms * GROUP}; } // block k's message, but the first's
	__device__ __forceinline__ weights *layers() const { return (weights *)(g().state + blocks * atoms * GROUP); }
	__device__ __forceinline__ void forget() { asm volatile("" : "+r"(first), "+r"(end), "+r"(run), "+r"(atoms), "+r"(h), "+r"(blocks)); }

	// read asks for the structures all at once, wherever they lie, so that a block waits for them once: numbers and structure_first are kept, and
	// positions and structure are where x is from the first layer on.
	__device__ __forceinline__ void read(const int *structures, int count) const {
		const int batch = 3;
		int words[batch], passing = 7 * atoms;
#pragma unroll
		for (int k = 0; k < batch; k++) words[k] = structures[min_int(threadIdx_x + k * WIDE, count - 1)];
#pragma unroll
		for (int k = 0; k < batch; k++) {
			int i = threadIdx_x + k * WIDE;
			if (i < passing) ((int *)x())[i] = words[k];
			else if (i < count) numbers()[i - passing] = words[k];
		}
	}
	__device__ __forceinline__ const double *positions() const { return (const double *)x(); }
	__device__ __forceinline__ const int *structure() const { return (const int *)x() + 6 * atoms; }

	// layer is a layer from rows [atoms, in] to the group's outputs of the share's atoms.
	template <bool active, class ending> __device__ __forceinline__ void layer(const ending &l, const float *rows, int in) const {
		int mine = end - first, tile = threadIdx_x / WARP * TILE, row = tile + own_atom();
		activate<active>(x(), rows + first * in, mine, in, threadIdx_x, WIDE);
		sync_block();
		if (tile >= mine) return;
		size_t at = (first + min_int(row, mine - 1)) * h + own_feature();
		float more = l.more(at), sum[1][1];
		products<1, 1>(sum, w(), x(), tile, mine - 1, in);
		if (row < mine) l.done(at, sum[0][0], more);
	}

	// layer_before is the layer before a message, of all atoms.
	template <int parts, bool active, class ending, class filter>
	__device__ __forceinline__ void layer_before(const ending &l, const float *rows, const filter &phi) const {
		activate<active>(x(), rows, atoms, h, threadIdx_x, WIDE);
		sync_block();
		all_atoms<parts>(l, w(), x(), atoms, h, phi, span(), edge_a(), edge_b(), first, end);
	}
};

// either is the table of the first block or of another, to be asked for.
struct either {
	bool first;
	const float4 *low;
	const float2 *high;
	int intervals;
	__device__ __forceinline__ void values(float out[3], int4 a, int e) const {
		if (first) untouched<true>(low, high, intervals).values(out, a, e);
		else untouched<false>(low, high, intervals).values(out, a, e);
	}
};

#define LATE -1 // status.same, where the blocks did not meet

// MEET lets all blocks meet; meanwhile is done between arriving and waiting.
#define MEET(meanwhile)                                 \
	meet.arrive();                                      \
	meanwhile;                                          \
	if (!meet.wait(mine.late())) {                      \
		if (number == 0 && t == 0) status->same = LATE; \
		return;                                         \
	}                                                   \
	mine.forget(), r.forget()

#define NEXT(from, outputs, in) slice(mine.w(), of<const float>(from), outputs, in, threadIdx_x, WIDE)
#define ATOMS_EDGES mine.span(), mine.edge_a(), mine.edge_b()
#define TABLE(first, k) untouched<first>(of<const float4>(mine.layers()[k].low), of<const float2>(mine.layers()[k].high), intervals)
#define SIZES mine.atoms, mine.h

// results [structures, 10], forces [atoms, 3] and status are what comes back: see collect.cu and neighbors.cu; status.same is LATE where blocks did
// not meet. Without forces it is the energies alone. input is the structures, on end: positions [atoms, 3] in float64, of which structure each atom is, atomic
// numbers, and the structures' first atoms [structures + 1], of at most as many structures as atoms. input and what comes back may be memory of the host: input is
// read once by each block, the others are written once. room is rooms', arrivals the meetings'. per_length is intervals an Å. run is the atoms of a share. Shared
// memory, in floats: 8·run·atoms + (32·atoms + 24)·blocks + 2·run + 2 and 2·atoms + 1, each rounded up to 4, 24·(H + 4) for weights, and the most of atoms·(H + 4),
// run·(3H + 4), the readout's (see reading) and 5,120.
KERNEL __launch_bounds__(WIDE, 1) ONCE(double *results, float *forces, findings *status, unsigned long long room, unsigned *arrivals, const weights *network, int blocks,
	const int *input, int structures, const float *embedding, const float *wa, const float *wb, const float *wc, int atoms, int h, float cutoff, double per_length,
	int intervals, int run, int patience) {
	int t = threadIdx_x, number = blockIdx_y * gridDim_x + blockIdx_x;
	rooms r;
	r.start = room, r.atoms = atoms, r.h = h, r.blocks = blocks, r.shares = gridDim_x;
	share mine;
	mine.first = blockIdx_x * run, mine.end = min_int(mine.first + run, atoms), mine.run = run, mine.atoms = atoms, mine.h = h, mine.blocks = blocks;
	meeting meet;
	meet.arrivals = arrivals, meet.patience = patience;
	mine.read(input, 8 * atoms + structures + 1);
	if (t == 0) *mine.late() = 0;
	for (int i = t; i < blocks * (int)(sizeof(weights) / sizeof(int2)); i += WIDE) ((int2 *)mine.layers())[i] = ((const int2 *)network)[i];
	sync_block();

	list out;
	out.edge_a = mine.edge_a(), out.edge_b = mine.edge_b(), out.room = run * atoms, out.intervals = intervals, out.per_length = per_length;
	for (int i = mine.first + t / WARP; i < mine.end; i += WIDE / WARP) {
		seeker s;
		s.i = i, s.positions = mine.positions(), s.cutoff = cutoff, s.n = 0, s.next = (i - mine.first) * atoms, s.same = 0;
		all_pairs where;
		where.structure = mine.structure(), where.first = mine.structure_first(), where.begin(i);
		where.each<true>(&s, &out);
		int same = vote(s.same) != 0;
		if (t % WARP > 0) continue;
		int2 span, found;
		span.x = (i - mine.first) * atoms, span.y = s.next, mine.own_span()[i - mine.first] = span;
		found.x = s.n, found.y = same;
		if (blockIdx_y == 0) r.found()[i] = found;
	}
	float *force = r.force() + (blockIdx_y * atoms + mine.first) * 12;
	for (int k = t; k < (mine.end - mine.first) * 12; k += WIDE) force[k] = 0;
	sync_block();

	forward<true>(readied{r.after(0), r.inputs()}, embedded{embedding, mine.numbers()}, ATOMS_EDGES, TABLE(true, 0), SIZES, run);
	MEET(NEXT(mine.layers()[0].hidden, GROUP, 2 * h));
	int k = 0;
#pragma unroll 1
	for (;; k++) {
		mine.layer<false>(plain_end{r.pre(k)}, r.inputs(), 2 * mine.h);
		if (k == blocks - 1) break;
		MEET(NEXT(mine.layers()[k].out, 3 * GROUP, mine.h));
		tabulated<false> phi = TABLE(false, k + 1);
		mine.layer_before<3, true>(output_layer<near>{mine.before(k + 1), r.gates(k), r.after(k), MATRIX_OF(mine.layers()[k]), mine.h}, r.pre(k), phi);
		mine.forget(), r.forget();
		forward<false>(readied{r.after(k + 1), r.inputs()}, mine.before(k + 1), ATOMS_EDGES, phi, SIZES, run);
		MEET(NEXT(mine.layers()[k + 1].hidden, GROUP, 2 * mine.h));
	}
	MEET(NEXT(mine.layers()[k].out, GROUP, mine.h));
	mine.layer<true>(scalar_end{r.scalars(), r.after(k)}, r.pre(k), mine.h);
	MEET(reading(mine.x(), mine.h).weights(wa, wb, wc));
	for (int i = number; i < mine.atoms; i += gridDim_x * gridDim_y) {
		reading read(mine.x(), mine.h);
		sync_block();
		read.scalars(r.scalars() + i * mine.h, t, WIDE);
		read.run(forces ? r.gs() + i * mine.h : 0, r.energy() + i);
	}
	if (forces) {
		MEET(NEXT(mine.layers()[k].out_back, GROUP, mine.h));
		mine.layer<false>(slope_end{r.gp(), r.pre(k)}, r.gs(), mine.h);
#pragma unroll 1
		for (;; k--) {
			MEET(NEXT(mine.layers()[k].hidden_back, 2 * GROUP, mine.h));
			either phi;
			phi.first = k == 0, phi.low = of<const float4>(mine.layers()[k].low), phi.high = of<const float2>(mine.layers()[k].high), phi.intervals = intervals;
			if (k == blocks - 1)
				mine.layer_before<2, false>(last_layer<near>{mine.g(), r.after(k), r.gs(), mine.h}, r.gp(), phi);
			else
				mine.layer_before<2, false>(gradient_layer<near>{mine.g(), r.gin(), r.after(k), r.gates(k), MATRIX_OF(mine.layers()[k]), mine.h}, r.gp(), phi);
			mine.forget(), r.forget();
			if (k == 0) break;
			backward<false, true>(readied_back{r.gin(), r.inputs(), r.after(k - 1), mine.layers()[k - 1].m}, r.force(), mine.g(), mine.before(k), ATOMS_EDGES,
				TABLE(false, k), SIZES, (float)per_length, run);
			MEET(NEXT(mine.layers()[k - 1].out_back, GROUP, 3 * mine.h));
			mine.layer<false>(slope_end{r.gp(), r.pre(k - 1)}, r.inputs(), 3 * mine.h);
		}
		backward<true, true>(nowhere{}, r.force(), mine.g(), embedded{embedding, mine.numbers()}, ATOMS_EDGES, TABLE(true, 0), SIZES, (float)per_length, run);
	}
	meet.arrive();
	if (number > 0) return; // what is left is little; and so the first block knows whether all have come everywhere
	if (!meet.wait(mine.late())) {
		if (t == 0) status->same = LATE;
		return;
	}
	mine.forget(), r.forget();
	for (int s = 0; s < structures; s++) {
		int from = mine.structure_first()[s], to = mine.structure_first()[s + 1];
		for (int i = 12 * from + t; forces && i < 12 * to; i += WIDE) sum_of(forces, r.virials(), r.force(), 0, mine.h / GROUP, mine.atoms, i);
		sync_block();
		sum_structure(results + NUMBERS * s, r.energy(), forces ? r.virials() : 0, from, to, (double *)mine.x());
		sync_block();
	}
	if (t < WIDE - 1) return;
	findings total;
	total.edges = 0, total.same = 0;
	for (int i = mine.atoms - 1; i >= 0; i--) {
		int2 found = r.found()[i];
		total.edges += found.x;
		if (found.y) total.same = mine.atoms - i;
	}
	*status = total;
}
