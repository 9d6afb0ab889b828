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
#include "share.cuh"
#include "neighbors.cuh"
#include "collect.cuh"

#define LATE -1 // in place of where two atoms are one, where what blocks wait for did not come

// UNLESS_LATE ends the block where what it waited for has not come; all threads know of it since a barrier, and none waits for more before the next one.
#define UNLESS_LATE                                                       \
	if (*mine.late()) {                                                   \
		if (number == 0 && t == 0) mail.tell(answer + 1, as_float(LATE)); \
		return;                                                           \
	}                                                                     \
	mine.forget(), r.forget()

// RECEIVE has rows in x and weights in w, and block next's table on its way if it is to be.
#define RECEIVE(batch, rows, in, weights, outputs, fetches, next)                       \
	mine.receive<batch>(rows, in, weights, outputs, fetches, table, next, intervals); \
	UNLESS_LATE

// FETCHED has the block's table of the network's block k there, and what was put into shared memory so far.
#define FETCHED(k)                                 \
	if (!early && !far) {                          \
		sync_block();                              \
		mine.fetch(table_at, k, intervals);        \
	}                                              \
	arrived();                                     \
	sync_block()

// MESSAGE takes all that a message needs, with a table where it was fetched to or, if that is far, where it is.
#define MESSAGE(k, message, ...)                                                                                                                                   \
	if (far) message(entered{k == 0, mine.scalars(), mine.before(k)}, mine.span(), mine.edge_a(), mine.edge_b(), mine.distant(k, intervals), mine.atoms, mine.h, __VA_ARGS__); \
	else message(entered{k == 0, mine.scalars(), mine.before(k)}, mine.span(), mine.edge_a(), mine.edge_b(), mine.tables(table_at, k, intervals), mine.atoms, mine.h, __VA_ARGS__)

// answer is what the host is told, in its memory, each a letter: how many edges there are and same, as findings have it, the latter when all else was sent, or LATE where what blocks
// wait for did not come, and nothing else then; {energy, virial} of the structures, each number of 64 bits in two letters, the lower bits first, [structures, 10, 2]; and, if
// with_forces, the forces [atoms, 3]; else it is the energies alone. See collect.cu and neighbors.cu. stamp is that of this launch. input is the structures, on end: positions
// [atoms, 3] in float64, of which structure each atom is, atomic numbers, and the structures' first atoms [structures + 1], of at most as many structures as atoms. It may be memory of
// the host: each block reads it once. letters is rooms', of which none has the stamp. per_length is intervals an Å. run is the atoms of a share. Shared memory is share's; what is behind
// x: see onceRoom in once.go. table and readout are where those lie behind the beginning of x, in floats: behind x, the one behind the other, if they have room of their own, and are
// fetched as soon as can be; below 0 the table stays where it is.
KERNEL __launch_bounds__(WIDE, 1) once(letter *answer, int stamp, int with_forces, unsigned long long letters, const weights *network, int blocks,
	const int *input, int structures, const float *embedding, const float *wa, const float *wb, const float *wc, int atoms, int h, float cutoff, double per_length,
	int intervals, int run, int table, int readout, int patience) {
	int t = threadIdx_x, number = blockIdx_y * gridDim_x + blockIdx_x;
	bool early = table > 0, far = table < 0, ready = early && readout > table, alone = gridDim_x == 1;
	rooms r;
	r.start = letters, r.atoms = atoms, r.h = h, r.blocks = blocks;
	share mine;
	mine.first = blockIdx_x * run, mine.end = min_int(mine.first + run, atoms), mine.run = run, mine.atoms = atoms, mine.h = h, mine.blocks = blocks;
	post mail;
	mail.stamp = stamp, mail.patience = patience, mail.late = mine.late();
	mine.mail = mail;
	mine.read(input, 8 * atoms + structures + 1, network);
	if (t == 0) *mine.late() = 0;
	for (int k = t; k < run * 12; k += WIDE) mine.force()[k] = 0;
	sync_block();

	float *table_at = mine.x() + table;
	if (early) mine.fetch(table_at, 0, intervals);
	if (ready) mine.read_weights(reading(mine.x() + readout, h), wa, wb, wc);
	int scalars[2]; // of at most 2·WIDE/GROUP atoms, on their way meanwhile
#pragma unroll
	for (int k = 0; k < 2; k++) share::ask(scalars[k], (const int *)embedding + mine.numbers()[min_int((t + k * WIDE) / GROUP, atoms - 1)] * h + blockIdx_y * GROUP + t % GROUP);
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
#pragma unroll
	for (int k = 0; k < 2; k++)
		if (t + k * WIDE < atoms * GROUP) mine.scalars()[t + k * WIDE] = as_float(scalars[k]);

	int k = 0;
#pragma unroll 1
	for (;; k++) {
		FETCHED(k);
#define FORWARD(...) forward<true>(k == 0, sent{mail, mine.of_block(k), r.inputs(k)}, __VA_ARGS__)
		MESSAGE(k, FORWARD, run);
		sync_block();
		RECEIVE(4, r.inputs(k), 2 * mine.h, mine.layers()[k].hidden, GROUP, early && k < blocks - 1, k + 1);
		mine.layer<1>(active_end{mail, mine.of_block(k), r.active(k)}, 2 * mine.h);
		sync_block();
		RECEIVE(2, r.active(k), mine.h, mine.layers()[k].out, k < blocks - 1 ? 3 * GROUP : GROUP, false, 0);
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
		sync_block();
		UNLESS_LATE; // lest a wrong energy have the stamp
		read.run(with_forces, read_out{mail, r.energy() + i, r.gs() + i * mine.h});
	}
	sync_block();
	if (with_forces) {
#pragma unroll 1
		for (;; k--) {
			bool last = k == blocks - 1;
			int in = last ? mine.h : 3 * mine.h;
			RECEIVE(6, last ? r.gs() : r.back(k), in, mine.layers()[k].out_back, GROUP, early && !last, k); // the last one is there
			if (last) mine.keep_g();
			mine.layer<1>(back_end{mail, mine.of_block(k), r.gp(k)}, in);
			sync_block();
			RECEIVE(2, r.gp(k), mine.h, mine.layers()[k].hidden_back, 2 * GROUP, false, 0);
			mine.layer<2>(way_back{mine.of_block(k), published{mail, mine.g(), alone ? 0 : r.g(k)}, last, mine.own_g(), mine.layers()[k].m}, mine.h);
			mine.gather(mine.g(), r.g(k));
			FETCHED(k);
#define BACKWARD(...)                                                                                                             \
	backward<true, true>(k == 0, sent_back{mail, mine.of_block(k - 1), mine.own_g(), r.back(k - 1), mine.layers()[k - 1].m},         \
		mine.force() - (blockIdx_y * mine.atoms + mine.first) * 12, mine.g(), __VA_ARGS__)
			MESSAGE(k, BACKWARD, (float)per_length, run);
			sync_block();
			if (k == 0) break;
		}
	}
	UNLESS_LATE;
	for (int i = t; with_forces && i < (mine.end - mine.first) * 12; i += WIDE) mail.send(r.force() + (blockIdx_y * mine.atoms + mine.first) * 12 + i, mine.force()[i]);
	if (number > 0) return; // what is left is little
	sync_block(); // lest late change while it is looked at
	int edges = 0, same = 0;
	if (t >= WIDE - WARP) { // meanwhile the others have the sums
		for (int i = t - (WIDE - WARP); i < mine.atoms; i += WARP) {
			letter l[1][2];
			mail.receive<1>(l, r.found() + 2 * i, 0, 0);
			edges += as_int(post::opened(l[0][0])), same = as_int(post::opened(l[0][1])) && same == 0 ? mine.atoms - i : same;
		}
		for (int mask = WARP / 2; mask > 0; mask /= 2) {
			int other = as_int(shuffle_xor(as_float(same), mask));
			edges += as_int(shuffle_xor(as_float(edges), mask)), same = same > other ? same : other;
		}
	}
	letter *told = answer + 2;
	double *sums = (double *)mine.x(), *result = sums + NUMBERS * SUMMANDS;
	float *energy = (float *)(result + NUMBERS), *virials = energy + mine.atoms, *summed = virials + 9 * mine.atoms;
	for (int i = t; i < mine.atoms; i += WIDE) energy[i] = mail.receive_one(r.energy() + i);
#pragma unroll 1
	for (int u = t; with_forces && u < 12 * mine.atoms; u += WIDE) sum_letters(mail, summed, virials, r.force(), mine.h / GROUP, mine.atoms, u);
	sync_block();
	for (int i = t; with_forces && i < 3 * mine.atoms; i += WIDE) mail.tell(told + 2 * NUMBERS * structures + i, summed[i]);
#pragma unroll 1
	for (int s = 0; s < structures; s++, told += 2 * NUMBERS) {
		sum_structure<1, true>(result, energy, with_forces, virials, mine.structure_first()[s], mine.structure_first()[s + 1], sums);
		sync_block();
		if (t < 2 * NUMBERS) mail.tell(told + t, ((const float *)result)[t]);
	}
	if (t == WIDE - WARP) mail.tell(answer, as_float(edges)), mail.tell(answer + 1, as_float(*mine.late() ? LATE : same));
}
