// A block's share of the atoms in the one launch for few of them (once.cu): its shared memory, what comes
// to it, and its layers.
#pragma once
#include "once.cuh"

#ifdef TF32
#define COLUMN (16 + PAD) // 16 outputs of a row, in other banks than the next row's
#define UNIT (8 * COLUMN)
#endif

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

	// read asks for the structures and where the weights are, all at once, wherever they lie, so that a block waits for them once: numbers and
	// structure_first are kept, and positions and structure are where x is from the first layer on.
	__device__ __forceinline__ void read(const int *structures, int count, const weights *network) const {
		const int batch = 3, each = sizeof(weights) / sizeof(int);
		int words[batch], layers[batch], passing = 7 * atoms;
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

	__device__ __forceinline__ tabulated distant(int k, int intervals) const {
		return untouched(k == 0, of<const float4>(layers()[k].low), of<const float2>(layers()[k].high), intervals);
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

	// receive waits for the share's rows of [atoms, in] and puts them into x; meanwhile weights, those of so many outputs of the group, come to w, and block next's table
	// sets out for table behind x, if it is fetched: it may come later. A thread has so many pairs on their way at once.
	template <int batch> __device__ __forceinline__ void receive(const letter *rows, int in, unsigned long long weights, int outputs, bool fetches, int table, int next, int intervals) const {
		int size = outputs * (in + PAD) / 4, t = threadIdx_x, pairs = (end - first) * in / 2;
		const float *from = of<const float>(weights) + (size_t)blockIdx_y * size * 4;
#ifdef TF32
		copy_ahead(w(), from, size, t, WIDE);
		together();
		if (fetches) fetch(x() + table, next, intervals);
		together();
#else // a copy would be waited for before the letters are
		if (fetches) fetch(x() + table, next, intervals);
		float4 some[2];
#pragma unroll
		for (int i = 0; i < 2; i++) some[i] = ((const float4 *)from)[min_int(t + i * WIDE, size - 1)];
#endif
		unsigned by = 0xffffffffu / (in / 2) + 1; // so that multiply_high divides by in / 2
		rows += first * in;
#pragma unroll 1
		for (int k = t; k < pairs; k += batch * WIDE) {
			letter l[batch][2];
			mail.receive<batch>(l, rows + 2 * k, 2 * WIDE, 2 * (pairs - 1 - k));
#pragma unroll
			for (int i = 0; i < batch; i++) {
				int at = k + i * WIDE;
				float2 two;
				two.x = post::opened(l[i][0]), two.y = post::opened(l[i][1]);
				if (at < pairs) *(float2 *)(x() + 2 * at + multiply_high(at, by) * PAD) = two;
			}
		}
#ifdef TF32
		arrived_but_last();
#else
#pragma unroll
		for (int i = 0; i < 2; i++)
			if (t + i * WIDE < size) ((float4 *)w())[t + i * WIDE] = some[i];
#pragma unroll 1
		for (int i = t + 2 * WIDE; i < size; i += WIDE) ((float4 *)w())[i] = ((const float4 *)from)[i];
#endif
		sync_block();
	}

	// sums is bias + w·x of the thread's output of every part, of row own_row() of so many in x. On tensor cores warps
	// do spans of 16 inputs each, whose weights they keep from tile to tile, and leave the products for all to add up, in order as everywhere.
	template <int parts> __device__ __forceinline__ void sums(float sum[parts], const float *x, int rows, int in, float *products) const {
		int pitch = in + PAD, output = threadIdx_x % GROUP, row = own_row();
		const float *weights = w() + output * pitch;
#ifdef TF32
		const int pairs = (parts + 1) / 2;
		int spans = in / SPAN, units = pairs * spans, lane = threadIdx_x % WARP, tiles = (rows + 7) / 8;
#pragma unroll 1
		for (int u = threadIdx_x / WARP; u < units; u += WIDE / WARP) {
			int pair = u >= spans, span = u - pair * spans;
			const float *one = w() + (pair * 2 * GROUP + lane / 4) * pitch + span * SPAN + lane % 4, *other = one + GROUP * pitch;
			bool two = pair * 2 + 1 < parts;
			split a[SPAN / 8][4];
#pragma unroll
			for (int s = 0; s < SPAN / 8; s++) {
				a[s][0] = split_of(one[8 * s]), a[s][2] = split_of(one[8 * s + 4]);
				a[s][1] = split_of(two ? other[8 * s] : 0.f), a[s][3] = split_of(two ? other[8 * s + 4] : 0.f);
			}
#pragma unroll 1
			for (int tile = 0; tile < tiles; tile += 2) { // two at a time, as each is a chain of products; of one tile both are the same
				split b[2][SPAN / 8][2];
				float part[2][4];
#pragma unroll
				for (int t = 0; t < 2; t++) {
					const float *from = x + min_int(min_int(tile + t, tiles - 1) * 8 + lane / 4, rows - 1) * pitch + span * SPAN + lane % 4;
#pragma unroll
					for (int s = 0; s < SPAN / 8; s++) b[t][s][0] = split_of(from[8 * s]), b[t][s][1] = split_of(from[8 * s + 4]);
				}
#pragma unroll
				for (int t = 0; t < 2; t++) multiply(part[t], a, b[t]);
#pragma unroll
				for (int t = 0; t < 2; t++) {
					float *to = products + (min_int(tile + t, tiles - 1) * units + u) * UNIT + lane % 4 * 2 * COLUMN + lane / 4;
					to[0] = part[t][0], to[COLUMN] = part[t][1];
					if (two) to[GROUP] = part[t][2], to[COLUMN + GROUP] = part[t][3];
				}
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

	// keep_g keeps the group's part of rows of ∂E/∂s in x, as own_g.
	__device__ __forceinline__ void keep_g() const {
		int row = own_row(), f = threadIdx_x % GROUP;
		if (row < end - first) own_g()[row * GROUP + f] = vec4(x()[row * (h + PAD) + blockIdx_y * GROUP + f], 0, 0, 0);
	}

	// layer is a layer of rows in x to the group's outputs of every part, of the share's atoms.
	template <int parts, class ending> __device__ __forceinline__ void layer(const ending &l, int in) const {
		int mine = end - first, row = own_row();
		float sum[parts];
		sums<parts>(sum, x(), mine, in, x() + mine * (in + PAD));
		if (row < mine) l.done(first + row, h, blockIdx_y * GROUP + threadIdx_x % GROUP, sum);
	}
};
