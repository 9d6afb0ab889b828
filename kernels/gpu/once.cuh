// What goes from stage to stage of the one launch for few atoms (once.cu): where it is sent, what a block
// keeps, and how layers and messages end.
#pragma once
#include "few.cuh"
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

// From gp and g = ∂E/∂(s, v) after the update to that before it; of the last one, whose vectors nobody reads, g has ∂E/∂s alone.
struct way_back {
	own mine;
	published to;
	bool last;
	const float4 *g;
	const float *m;
	__device__ __forceinline__ void done(int i, int h, int f, const float sum[2]) const {
		int at = mine.at(i, f);
		float4 u = along(mine.after[at]), gv = g[at];
		if (last) {
			to.put(i, h, f, stretched(gv.x + sum[0], sum[1], u));
			return;
		}
		float g1 = mine.gates[2 * at], g2 = mine.gates[2 * at + 1];
		float4 back = mix_transposed(m, vec4(0, gv.y * g2, gv.z * g2, gv.w * g2));
		to.put(i, h, f, gathered(gv.x + sum[0], gv, g1, back, sum[1], u));
	}
};

// sum_letters adds up number k of atoms·12 in force, as sum_of does.
static __device__ __forceinline__ void sum_letters(const post &mail, float *forces, float *virials, const letter *force, int groups, int atoms, int k) {
	const int ahead = 16;
	int all = atoms * 12, i = k / 12, c = k % 12;
	float sum = 0;
#pragma unroll 1
	for (int s = 0; s < groups; s += ahead) {
		letter l[ahead];
		mail.receive_each<ahead>(l, force + s * all + k, all, (groups - 1 - s) * all);
#pragma unroll
		for (int n = 0; n < ahead; n++)
			if (s + n < groups) sum += post::opened(l[n]);
	}
	if (c < 3) forces[3 * i + c] = sum;
	else virials[9 * i + c - 3] = sum;
}
