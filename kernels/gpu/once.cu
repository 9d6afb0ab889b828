// The whole of a call in one launch, for few atoms of isolated structures: the
// search for neighbours, the network and its reverse, and the sums. What few.cu
// does in launches of their own, one after the other, is here a stage, from which to the
// next blocks send each other what they need: see letters.cuh. The formulas, sums and orders are those of few.cu,
// and so are the bits.
//
// A block has a group of 8 features, and a share of the atoms: of layers and messages it does its share. What it
// needs again stays in shared memory, edges and states among it; what others need is sent: to all blocks of its atoms the rows that a layer reads, and to those of
// its features the states that a message reads, where there are several shares.
//
// Most instructions run once or a few times, and what takes the time then is to
// fetch them: so nothing is written out that can be a loop, what differs from layer
// to layer is chosen as it runs, and all warps work on a layer, each on some of its inputs.
//
// Launch: WIDE threads; grid (shares, groups); all blocks must run at the same time.
#include "few.cuh"
#include "neighbors.cuh"
#include "collect.cuh"
#include "letters.cuh"

// of is where an address that was read from memory leads to.
template <class T> static __device__ __forceinline__ T *of(unsigned long long address) { return (T *)(GLOBAL T *)address; }

// weights are those of one block of the network: addresses, as few.cu and message.cu have them, and its update's mixing matrix.
struct weights {
	unsigned long long hidden, out, hidden_back, out_back, low, high;
	float m[9];
	int unused[3];
};

// rooms is letters, each array of atoms·H, of one number or, of states, four, but where it says otherwise.
struct rooms {
	unsigned long long start;
	int atoms, h, blocks;
	__device__ __forceinline__ void forget() { asm volatile("" : "+l"(start), "+r"(atoms), "+r"(h)); }
	__device__ __forceinline__ letter *letters(int k) const { return of<letter>(start) + k * atoms * h; }
	__device__ __forceinline__ letter *before(int k) const { return letters(4 * k); }              // block k's message: states
	__device__ __forceinline__ letter *g(int k) const { return letters(4 * (blocks + k)); }        // ∂E/∂state after it
	__device__ __forceinline__ letter *inputs(int k) const { return letters(8 * blocks + 2 * k); } // of its update, [atoms, 2H]
	__device__ __forceinline__ letter *active(int k) const { return letters(10 * blocks + k); }    // of the update's second layer
	__device__ __forceinline__ letter *gp(int k) const { return letters(11 * blocks + k); }        // of the first layer's reverse
	__device__ __forceinline__ letter *back(int k) const { return letters(12 * blocks + 3 * k); }  // of the second's, [atoms, 3H]
	__device__ __forceinline__ letter *scalars() const { return letters(15 * blocks); }
	__device__ __forceinline__ letter *gs() const { return letters(15 * blocks + 1); }
	__device__ __forceinline__ letter *force() const { return letters(15 * blocks + 2); }             // [groups, atoms, 12]
	__device__ __forceinline__ letter *found() const { return force() + h / GROUP * atoms * 12; }     // [atoms, 2] edges, and whether one has no length
	__device__ __forceinline__ letter *energy() const { return found() + 2 * atoms; }                 // [atoms]
};

// mix is M v, mix_transposed Mᵀ v.
static __device__ __forceinline__ float4 mix(const float *m, float4 v) { return mixed(m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8], v); }
static __device__ __forceinline__ float4 mix_transposed(const float *m, float4 v) { return mixed(m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8], v); }

// own is what a block keeps of a block of the network, for features of the atoms of its share: the state after the message, what the
// update's first layer gives, and its gates. at is the place of atom and feature in each.
struct own {
	float4 *after;
	float *pre, *gates;
	int first;
	__device__ __forceinline__ int at(int i, int f) const { return (i - first) * GROUP + f % GROUP; }
};

// sent keeps the state after a message, and sends the row [s ; n] that the update's first layer reads.
struct sent {
	post mail;
	own mine;
	letter *rows;
	__device__ __forceinline__ void put(int i, int h, int f, float4 v) const {
		mine.after[mine.at(i, f)] = v;
		mail.send(rows + i * 2 * h + f, v.x), mail.send(rows + i * 2 * h + h + f, norm(v));
	}
};

// sent_back keeps g = ∂E/∂(s, v) after an update, and sends the row that its reverse reads: see update_backward. mine is of that update.
struct sent_back {
	post mail;
	own mine;
	float4 *g;
	letter *rows;
	const float *m;
	__device__ __forceinline__ void put(int i, int h, int f, float4 v) const {
		float4 before = mine.after[mine.at(i, f)];
		letter *to = rows + i * 3 * h + f;
		g[mine.at(i, f)] = v;
		mail.send(to, v.x), mail.send(to + h, dot(v, before)), mail.send(to + 2 * h, dot(v, mix(m, before)));
	}
};

// An end of a layer takes the sum of atom i's feature f; sums says which layer.
struct active_end {
	post mail;
	own mine;
	letter *to;
	__device__ __forceinline__ void done(int i, int h, int f, const float sum[1]) const {
		mine.pre[mine.at(i, f)] = sum[0], mail.send(to + i * h + f, silu(sum[0]));
	}
};

struct sum_end { // added to s
	post mail;
	own mine;
	letter *to;
	__device__ __forceinline__ void done(int i, int h, int f, const float sum[1]) const { mail.send(to + i * h + f, mine.after[mine.at(i, f)].x + sum[0]); }
};

struct back_end { // times silu′(pre)
	post mail;
	own mine;
	letter *to;
	__device__ __forceinline__ void done(int i, int h, int f, const float sum[1]) const { mail.send(to + i * h + f, sum[0] * silu_slope(mine.pre[mine.at(i, f)])); }
};

// read_out is where an atom's energy goes to, and ∂E/∂s.
struct read_out {
	post mail;
	letter *energy, *gs;
	__device__ __forceinline__ void put_energy(float x) const { mail.send(energy, x); }
	__device__ __forceinline__ void put(int f, float x) const { mail.send(gs + f, x); }
};

// near is a state of all atoms and the block's group, in shared memory: an atom's features in turn, so that neither a feature of atoms nor the features
// of an atom lie in the same banks.
struct near {
	float4 *state;
	static __device__ __forceinline__ int where(int i, int f) { return i * GROUP + (f + 2 * i) % GROUP; }
	__device__ __forceinline__ float4 at(int i, int, int f) const { return state[where(i, f)]; }
	__device__ __forceinline__ void put(int i, int, int f, float4 v) const { state[where(i, f)] = v; }
};

// entered is the state before a message: of the first, whose vectors are 0, what the embedding has.
struct entered {
	bool first;
	const float *scalars;
	near state;
	__device__ __forceinline__ float4 at(int i, int h, int f) const { return first ? vec4(scalars[i * GROUP + f % GROUP], 0, 0, 0) : state.at(i, h, f); }
};

// published puts a state where the block has it, and sends it to other shares' blocks if there are any.
struct published {
	post mail;
	near state;
	letter *others;
	__device__ __forceinline__ void put(int i, int h, int f, float4 v) const {
		state.put(i, h, f, v);
		if (others) mail.send_four(others + 4 * (i * h + f), v);
	}
};

// From the state before the update to out, after it.
struct way_there {
	own mine;
	published out;
	const float *m;
	__device__ __forceinline__ void done(int i, int h, int f, const float sum[3]) const {
		int at = mine.at(i, f);
		float4 v = mine.after[at];
		out.put(i, h, f, gated(v.x + sum[0], v, mix(m, v), sum[1], sum[2]));
		mine.gates[2 * at] = sum[1], mine.gates[2 * at + 1] = sum[2];
	}
};

// From gp and g = ∂E/∂(s, v) after the update to that before it; of the last one, whose vectors nobody reads, gs is what there is of g.
struct way_back {
	post mail;
	own mine;
	published to;
	bool last;
	const letter *gs;
	const float4 *g;
	const float *m;
	__device__ __forceinline__ void done(int i, int h, int f, const float sum[2]) const {
		int at = mine.at(i, f);
		float4 u = along(mine.after[at]);
		if (last) {
			to.put(i, h, f, stretched(mail.receive_one(gs + i * h + f) + sum[0], sum[1], u));
			return;
		}
		float4 gv = g[at];
		float g1 = mine.gates[2 * at], g2 = mine.gates[2 * at + 1];
		float4 back = mix_transposed(m, vec4(0, gv.y * g2, gv.z * g2, gv.w * g2));
		to.put(i, h, f, gathered(gv.x + sum[0], gv, g1, back, sum[1], u));
	}
};

#ifdef TF32
#define COLUMN (16 + PAD) // 16 outputs of a row, in other banks than the next row's
#define UNIT (8 * COLUMN)
#endif

// sum_letters adds up numbers 2k and 2k + 1 of atoms·12 in force, as sum_of does.
static __device__ __forceinline__ void sum_letters(const post &mail, float *forces, float *virials, const letter *force, int groups, int atoms, int k) {
	const int ahead = 8;
	int all = atoms * 12, i = k / 6, c = k % 6 * 2;
	float sum[2] = {0, 0};
#pragma unroll 1
	for (int s = 0; s < groups; s += ahead) {
		letter l[ahead][2];
		mail.receive<ahead>(l, force + s * all + 2 * k, all, (groups - 1 - s) * all);
#pragma unroll
		for (int n = 0; n < ahead; n++)
			if (s + n < groups) sum[0] += post::opened(l[n][0]), sum[1] += post::opened(l[n][1]);
	}
#pragma unroll
	for (int n = 0; n < 2; n++)
		if (c + n < 3) forces[3 * i + c + n] = sum[n];
		else virials[9 * i + c + n - 3] = sum[n];
}

// own_row is a thread's row of a layer: the four of a warp lie so that they are in different banks where their products are added up.
static __device__ __forceinline__ int own_row() { return threadIdx_x / (2 * WARP) * 8 + threadIdx_x / GROUP % 4 * 2 + threadIdx_x / WARP % 2; }

// share is the block's atoms, and its shared memory: edges, those of an atom from its number in the share times atoms on; the group's states before
// messages and g = ∂E/∂state, of all atoms; where weights are; what is kept of the structures; the group's scalars before the first message; of its own atoms what own has,
// g and the sums of forces; a slice of weights; and what they are multiplied by, and other things between layers. Numbers are opaque from stage to stage, lest addresses take registers in between.
struct share {
	int first, end, run, atoms, h, blocks;
	post mail;
	__device__ __forceinline__ int4 *edge_a() const { return (int4 *)buffer; }
	__device__ __forceinline__ float4 *edge_b() const { return (float4 *)buffer + run * atoms; }
	__device__ __forceinline__ int2 *own_span() const { return (int2 *)(layers() + blocks); }
	__device__ __forceinline__ const int2 *span() const { return own_span() - first; }
	__device__ __forceinline__ int *late() const { return (int *)(own_span() + run); }
	__device__ __forceinline__ int *numbers() const { return (int *)(own_span() + (run + 2) / 2 * 2); }
	__device__ __forceinline__ const int *structure_first() const { return numbers() + atoms; }
	__device__ __forceinline__ float *scalars() const { return (float *)numbers() + (2 * atoms + 4) / 4 * 4; }
	__device__ __forceinline__ float4 *own_g() const { return (float4 *)(scalars() + GROUP * atoms); }
	__device__ __forceinline__ float *force() const { return (float *)(own_g() + run * GROUP); } // [run, 12]
	__device__ __forceinline__ float *kept() const { return force() + 12 * run; }
	__device__ __forceinline__ float *w() const { return kept() + 7 * GROUP * run * blocks; }
	__device__ __forceinline__ float *x() const { return w() + 3 * GROUP * (h + PAD); }
	__device__ __forceinline__ near g() const { return near{(float4 *)buffer + 2 * run * atoms}; }
	__device__ __forceinline__ near before(int k) const { return near{g().state + k * atoms * GROUP}; } // block k's message, but the first's
	__device__ __forceinline__ weights *layers() const { return (weights *)(g().state + blocks * atoms * GROUP); }
	__device__ __forceinline__ void forget() { asm volatile("" : "+r"(first), "+r"(end), "+r"(run), "+r"(atoms), "+r"(h), "+r"(blocks)); }

	__device__ __forceinline__ own of_block(int k) const {
		own o;
		int each = run * GROUP;
		o.after = (float4 *)kept() + k * each, o.pre = kept() + (4 * blocks + k) * each, o.gates = kept() + (5 * blocks + 2 * k) * each, o.first = first;
		return o;
	}

	// read asks for the structures, where the weights are and how many launches there were, all at once, wherever they lie, so that a block waits for them once: numbers and
	// structure_first are kept, and positions and structure are where x is from the first layer on.
	__device__ __forceinline__ unsigned read(const int *structures, int count, const weights *network, const letter *launches) const {
		const int batch = 3, each = sizeof(weights) / sizeof(int);
		int words[batch], layers[batch], passing = 7 * atoms;
		letter so_far = post::look(launches);
#pragma unroll
		for (int k = 0; k < batch; k++) ask(layers[k], (const int *)network + min_int(threadIdx_x + k * WIDE, blocks * each - 1));
#pragma unroll
		for (int k = 0; k < batch; k++) ask(words[k], structures + min_int(threadIdx_x + k * WIDE, count - 1));
#pragma unroll
		for (int k = 0; k < batch; k++)
			if (threadIdx_x + k * WIDE < blocks * each) ((int *)this->layers())[threadIdx_x + k * WIDE] = layers[k];
#pragma unroll
		for (int k = 0; k < batch; k++) {
			int i = threadIdx_x + k * WIDE;
			if (i < passing) ((int *)x())[i] = words[k];
			else if (i < count) numbers()[i - passing] = words[k];
		}
		return so_far;
	}
	static __device__ __forceinline__ void ask(int &to, const int *from) { asm volatile("ld.global.u32 %0, [%1];" : "=r"(to) : "l"((const GLOBAL int *)from)); }
	__device__ __forceinline__ const double *positions() const { return (const double *)x(); }
	__device__ __forceinline__ const int *structure() const { return (const int *)x() + 6 * atoms; }

	// fetch has the group's part of block k's table on its way to where tables finds it; arrived waits for it, until the next barrier.
	__device__ __forceinline__ void fetch(float *to, int k, int intervals) const {
		int curves = intervals * (k == 0 ? 2 : 3) * GROUP;
		copy_ahead(to, of<const float>(layers()[k].low) + (size_t)blockIdx_y * curves * 4, curves, threadIdx_x, WIDE);
		copy_ahead(to + 4 * curves, of<const float>(layers()[k].high) + (size_t)blockIdx_y * curves * 2, curves / 2, threadIdx_x, WIDE);
	}
	__device__ __forceinline__ tabulated tables(const float *at, int k, int intervals) const {
		tabulated t;
		t.first = k == 0, t.feature = threadIdx_x % GROUP;
		t.low = (const float4 *)at, t.pairs = t.low + intervals * t.parts() * GROUP, t.rest = (const float2 *)t.pairs + 2 * GROUP * intervals;
		return t;
	}

	__device__ __forceinline__ void read_weights(const reading &r, const float *wa, const float *wb, const float *wc) const {
		copy_ahead(r.a, wa, h / 2 * (h + PAD) / 4, threadIdx_x, WIDE), copy_ahead(r.b, wb, h / 4 * (h / 2 + PAD) / 4, threadIdx_x, WIDE);
		copy_ahead(r.c, wc, (h / 4 + PAD) / 4, threadIdx_x, WIDE);
	}

	// gather waits for the states of other shares' atoms.
	__device__ __forceinline__ void gather(const near &to, const letter *from) const {
		int mine = end - first;
		for (int k = threadIdx_x; k < (atoms - mine) * GROUP; k += WIDE) {
			int i = k / GROUP, f = blockIdx_y * GROUP + k % GROUP;
			if (i >= first) i += mine;
			to.put(i, h, f, mail.receive_four(from + 4 * (i * h + f)));
		}
	}

	// receive waits for the share's rows of [atoms, in] and puts them into x, and for weights, those of so many outputs of the group, beside them. A thread has so many pairs on their way at once.
	template <int batch> __device__ __forceinline__ void receive(const letter *rows, int in, unsigned long long weights, int outputs) const {
		const int ahead = 2;
		int size = outputs * (in + PAD) / 4, t = threadIdx_x, pairs = (end - first) * in / 2;
		unsigned by = 0xffffffffu / (in / 2) + 1; // so that multiply_high divides by in / 2
		rows += first * in;
		const float4 *from = of<const float4>(weights) + (size_t)blockIdx_y * size;
		float4 some[ahead];
#pragma unroll
		for (int i = 0; i < ahead; i++) some[i] = from[min_int(t + i * WIDE, size - 1)];
#pragma unroll 1
		for (int k = t; k < pairs; k += batch * WIDE) {
			letter l[batch][2];
			mail.receive<batch>(l, rows + 2 * k, 2 * WIDE, 2 * (pairs - 1 - k));
#pragma unroll
			for (int i = 0; i < batch; i++) {
				int at = k + i * WIDE;
				if (at >= pairs) break;
				float2 two;
				two.x = post::opened(l[i][0]), two.y = post::opened(l[i][1]);
				*(float2 *)(x() + 2 * at + multiply_high(at, by) * PAD) = two;
			}
		}
#pragma unroll
		for (int i = 0; i < ahead; i++)
			if (t + i * WIDE < size) ((float4 *)w())[t + i * WIDE] = some[i];
		for (int i = t + ahead * WIDE; i < size; i += WIDE) ((float4 *)w())[i] = from[i];
		sync_block();
	}

	// sums is bias + w·x of the thread's output of every part, of row own_row() of so many in x. On tensor cores warps
	// do spans of 16 inputs each, whose weights they keep from tile to tile, and leave the products for all to add up, in order as everywhere.
	template <int parts> __device__ __forceinline__ void sums(float sum[parts], const float *x, int rows, int in, float *products) const {
		int pitch = in + PAD, output = threadIdx_x % GROUP, row = own_row();
		const float *weights = w() + output * pitch;
#ifdef TF32
		const int pairs = (parts + 1) / 2;
		int spans = in / SPAN, units = pairs * spans, lane = threadIdx_x % WARP, tiles = (rows + 7) / 8, apart = units > WIDE / WARP / 2 ? 1 : 2;
#pragma unroll 1
		for (int k = threadIdx_x / WARP; k < units * apart; k += WIDE / WARP) { // where warps are twice the units, each does every other tile
			int tile = k >= units, u = k - tile * units, pair = u >= spans, span = u - pair * spans;
			const float *one = w() + (pair * 2 * GROUP + lane / 4) * pitch + span * SPAN + lane % 4, *other = one + GROUP * pitch;
			bool two = pair * 2 + 1 < parts;
			split a[SPAN / 8][4], b[SPAN / 8][2];
#pragma unroll
			for (int s = 0; s < SPAN / 8; s++) {
				a[s][0] = split_of(one[8 * s]), a[s][2] = split_of(one[8 * s + 4]);
				a[s][1] = split_of(two ? other[8 * s] : 0.f), a[s][3] = split_of(two ? other[8 * s + 4] : 0.f);
			}
#pragma unroll 1
			for (; tile < tiles; tile += apart) {
				const float *from = x + min_int(tile * 8 + lane / 4, rows - 1) * pitch + span * SPAN + lane % 4;
#pragma unroll
				for (int s = 0; s < SPAN / 8; s++) b[s][0] = split_of(from[8 * s]), b[s][1] = split_of(from[8 * s + 4]);
				float part[4], *to = products + (tile * units + u) * UNIT + lane % 4 * 2 * COLUMN + lane / 4;
				multiply(part, a, b);
				to[0] = part[0], to[COLUMN] = part[1];
				if (two) to[GROUP] = part[2], to[COLUMN + GROUP] = part[3];
			}
		}
		sync_block();
		if (row >= rows) return;
		for (int p = 0; p < parts; p++) sum[p] = weights[p * GROUP * pitch + in];
		products += row / 8 * units * UNIT + row % 8 * COLUMN + output;
#pragma unroll 4
		for (int s = 0; s < spans; s++)
			for (int p = 0; p < parts; p++) sum[p] += products[(p / 2 * spans + s) * UNIT + p % 2 * GROUP];
#else
		sync_block(); // lest late change, by those who go on to wait, while it is looked at
		if (row >= rows) return;
		float all[parts][1];
		chains<parts, 1>(all, weights, x + row * pitch, in, GROUP * pitch, 0);
		for (int p = 0; p < parts; p++) sum[p] = all[p][0];
#endif
	}

	// layer is a layer of rows in x to the group's outputs of every part, of the share's atoms.
	template <int parts, class ending> __device__ __forceinline__ void layer(const ending &l, int in) const {
		int mine = end - first, row = own_row();
		float sum[parts];
		sums<parts>(sum, x(), mine, in, x() + mine * (in + PAD));
		if (row < mine) l.done(first + row, h, blockIdx_y * GROUP + threadIdx_x % GROUP, sum);
	}
};

#define LATE -1 // status.same, where what blocks wait for did not come

// UNLESS_LATE ends the block where what it waited for has not come; all threads know of it since a barrier.
#define UNLESS_LATE                                     \
	if (*mine.late()) {                                 \
		if (number == 0 && t == 0) status->same = LATE; \
		return;                                         \
	}                                                   \
	mine.forget(), r.forget()

#define RECEIVE(batch, rows, in, weights, outputs)   \
	mine.receive<batch>(rows, in, weights, outputs); \
	UNLESS_LATE

// FETCHED has the block's table of the network's block k there, and what was put into shared memory so far.
#define FETCHED(k)                                 \
	if (!early) {                                  \
		sync_block();                              \
		mine.fetch(table_at, k, intervals);        \
	}                                              \
	arrived();                                     \
	sync_block()

#define MESSAGE(k) entered{k == 0, mine.scalars(), mine.before(k)}, mine.span(), mine.edge_a(), mine.edge_b(), mine.tables(table_at, k, intervals), mine.atoms, mine.h

// results [structures, 10], forces [atoms, 3] and status are what comes back: see collect.cu and neighbors.cu; status.same is LATE where what blocks wait for
// did not come. Without forces it is the energies alone. input is the structures, on end: positions [atoms, 3] in float64, of which structure each atom is, atomic
// numbers, and the structures' first atoms [structures + 1], of at most as many structures as atoms. input and what comes back may be memory of the host: input is
// read once by each block, the others are written once. letters is rooms', of which none has a stamp beyond launches, how many there were so far. per_length is
// intervals an Å. run is the atoms of a share. Shared memory is share's; what is behind x: see onceRoom in once.go. table and readout are where those lie behind the beginning
// of x, in floats: behind x, the one behind the other, if they have room of their own, and are fetched as soon as can be.
KERNEL __launch_bounds__(WIDE, 1) once(double *results, float *forces, findings *status, unsigned long long letters, letter *launches, const weights *network, int blocks,
	const int *input, int structures, const float *embedding, const float *wa, const float *wb, const float *wc, int atoms, int h, float cutoff, double per_length,
	int intervals, int run, int table, int readout, int patience) {
	int t = threadIdx_x, number = blockIdx_y * gridDim_x + blockIdx_x;
	bool early = table > 0, ready = early && readout > table, alone = gridDim_x == 1;
	rooms r;
	r.start = letters, r.atoms = atoms, r.h = h, r.blocks = blocks;
	share mine;
	mine.first = blockIdx_x * run, mine.end = min_int(mine.first + run, atoms), mine.run = run, mine.atoms = atoms, mine.h = h, mine.blocks = blocks;
	post mail;
	mail.stamp = mine.read(input, 8 * atoms + structures + 1, network, launches) + 1, mail.patience = patience, mail.late = mine.late();
	mine.mail = mail;
	if (t == 0) *mine.late() = 0;
	for (int k = t; k < run * 12; k += WIDE) mine.force()[k] = 0;
	sync_block();

	float *table_at = mine.x() + table;
	if (early) mine.fetch(table_at, 0, intervals);
	if (ready) mine.read_weights(reading(mine.x() + readout, h), wa, wb, wc);
	for (int k = t; k < atoms * GROUP; k += WIDE) mine.scalars()[k] = embedding[mine.numbers()[k / GROUP] * h + blockIdx_y * GROUP + k % GROUP];
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
		int2 span;
		span.x = (i - mine.first) * atoms, span.y = s.next, mine.own_span()[i - mine.first] = span;
		if (blockIdx_y == 0) mail.send_two(r.found() + 2 * i, as_float(s.n), as_float(same));
	}

	int k = 0;
#pragma unroll 1
	for (;; k++) {
		FETCHED(k);
		forward<false>(k == 0, sent{mail, mine.of_block(k), r.inputs(k)}, MESSAGE(k), run);
		sync_block();
		if (early && k < blocks - 1) mine.fetch(table_at, k + 1, intervals);
		RECEIVE(4, r.inputs(k), 2 * mine.h, mine.layers()[k].hidden, GROUP);
		mine.layer<1>(active_end{mail, mine.of_block(k), r.active(k)}, 2 * mine.h);
		sync_block();
		RECEIVE(2, r.active(k), mine.h, mine.layers()[k].out, k < blocks - 1 ? 3 * GROUP : GROUP);
		if (k == blocks - 1) break;
		mine.layer<3>(way_there{mine.of_block(k), published{mail, mine.before(k + 1), alone ? 0 : r.before(k + 1)}, mine.layers()[k].m}, mine.h);
		mine.gather(mine.before(k + 1), r.before(k + 1));
	}
	mine.layer<1>(sum_end{mail, mine.of_block(k), r.scalars()}, mine.h);
	sync_block();
	reading read(mine.x() + readout, mine.h);
	if (!ready) mine.read_weights(read, wa, wb, wc), arrived();
	for (int i = number; i < mine.atoms; i += gridDim_x * gridDim_y) {
		sync_block();
		for (int f = 2 * t; f < mine.h; f += 2 * WIDE) {
			letter l[1][2];
			mail.receive<1>(l, r.scalars() + i * mine.h + f, 0, 0);
			read.s[f] = post::opened(l[0][0]), read.s[f + 1] = post::opened(l[0][1]);
		}
		read.run(forces != 0, read_out{mail, r.energy() + i, r.gs() + i * mine.h});
	}
	sync_block();
	UNLESS_LATE;
	if (forces) {
#pragma unroll 1
		for (;; k--) {
			bool last = k == blocks - 1;
			int in = last ? mine.h : 3 * mine.h;
			if (early && !last) mine.fetch(table_at, k, intervals); // the last one is there
			RECEIVE(6, last ? r.gs() : r.back(k), in, mine.layers()[k].out_back, GROUP);
			mine.layer<1>(back_end{mail, mine.of_block(k), r.gp(k)}, in);
			sync_block();
			RECEIVE(2, r.gp(k), mine.h, mine.layers()[k].hidden_back, 2 * GROUP);
			mine.layer<2>(way_back{mail, mine.of_block(k), published{mail, mine.g(), alone ? 0 : r.g(k)}, last, r.gs(), mine.own_g(), mine.layers()[k].m}, mine.h);
			mine.gather(mine.g(), r.g(k));
			FETCHED(k);
			backward<false, true>(k == 0, sent_back{mail, mine.of_block(k - 1), mine.own_g(), r.back(k - 1), mine.layers()[k - 1].m},
				mine.force() - (blockIdx_y * mine.atoms + mine.first) * 12, mine.g(), MESSAGE(k), (float)per_length, run);
			sync_block();
			if (k == 0) break;
		}
	}
	UNLESS_LATE;
	for (int i = t; forces && i < (mine.end - mine.first) * 12; i += WIDE) mail.send(r.force() + (blockIdx_y * mine.atoms + mine.first) * 12 + i, mine.force()[i]);
	if (number > 0) return; // what is left is little
	sync_block(); // lest late change while it is looked at
	if (t >= WIDE - WARP) { // meanwhile the others have the sums
		int edges = 0, same = 0;
		for (int i = t - (WIDE - WARP); i < mine.atoms; i += WARP) {
			letter l[1][2];
			mail.receive<1>(l, r.found() + 2 * i, 0, 0);
			edges += as_int(post::opened(l[0][0])), same = as_int(post::opened(l[0][1])) && same == 0 ? mine.atoms - i : same;
		}
		for (int mask = WARP / 2; mask > 0; mask /= 2) {
			int other = as_int(shuffle_xor(as_float(same), mask));
			edges += as_int(shuffle_xor(as_float(edges), mask)), same = same > other ? same : other;
		}
		findings total;
		total.edges = edges, total.same = same;
		if (t == WIDE - WARP) *status = total;
	}
	double *sums = (double *)mine.x();
	float *energy = (float *)(sums + NUMBERS * SUMMANDS), *virials = energy + mine.atoms, *summed = virials + 9 * mine.atoms;
	for (int i = t; i < mine.atoms; i += WIDE) energy[i] = mail.receive_one(r.energy() + i);
#pragma unroll 1
	for (int u = t; forces && u < 6 * mine.atoms; u += WIDE) sum_letters(mail, summed, virials, r.force(), mine.h / GROUP, mine.atoms, u);
	sync_block();
	for (int i = t; forces && i < 3 * mine.atoms; i += WIDE) forces[i] = summed[i];
#pragma unroll 1
	for (int s = 0; s < structures; s++) {
		sum_structure<1>(results + NUMBERS * s, energy, forces != 0, virials, mine.structure_first()[s], mine.structure_first()[s + 1], sums);
		sync_block();
	}
	if (t > 0) return;
	if (*mine.late()) status->same = LATE;
	else post::leave(launches, mail.stamp);
}
