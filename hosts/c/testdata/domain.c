/* domain CHECKPOINT RANKS SLABS: RANKS models in this process are the ranks of a system that
 * is cut into SLABS, and must say together what pl_compute says of the whole. Ranks beyond
 * the slabs are empty. Two halves of it, alone in space and each with the other as ghosts that
 * are recomputed, are the whole, too. Prints the largest differences. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "painless.h"

enum { edge = 6, atoms = edge * edge * edge, most = 64 * atoms, most_ranks = 8, most_pairs = 1 << 21 };

static const double cell[3][3] = {{12.3, 0, 0}, {1.7, 12.1, 0}, {-2.2, 0.9, 12.6}}, skin = 0.5;
static const int32_t periodic[3] = {1, 1, 1};

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, pl_message());
    exit(1);
}

static double noise(void) { /* −0.5 to 0.5 */
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return state / 4294967296.0 - 0.5;
}

/* A rank: what its atoms are in the whole, own ones first. */
typedef struct rank {
    pl_model *model;
    int own, n, pairs;
    int whole[most];
    int32_t numbers[most], list[most_pairs][2];
    double x[most][3], energy, f[atoms][3], virial[3][3], energies[atoms], virials[atoms][3][3];
} rank;

static rank ranks[most_ranks];
static int count;
static int32_t numbers[atoms];
static double x[atoms][3], f[atoms][3];
static float *rows[atoms], buffer[most * 1024];

static double distance(const double *a, const double *b) { return sqrt(pow(a[0] - b[0], 2) + pow(a[1] - b[1], 2) + pow(a[2] - b[2], 2)); }

static void add(rank *r, int i, const double *at) {
    if (r->n == most)
        fail("too many ghosts");
    r->whole[r->n] = i, r->numbers[r->n] = numbers[i];
    memcpy(r->x[r->n++], at, 3 * sizeof *at);
}

/* Cuts the system: slabs along the third vector; atoms and images within reach are ghosts. */
static void cut(int slabs, double cutoff) {
    static int owner[atoms];
    int k, i, j, a, b, c, d;
    for (i = 0; i < atoms; i++) {
        int slab = (int)floor(x[i][2] / cell[2][2] * slabs);
        owner[i] = slab < 0 ? 0 : slab >= slabs ? slabs - 1 : slab;
    }
    for (k = 0; k < count; k++) {
        rank *r = ranks + k;
        r->n = r->pairs = 0;
        for (i = 0; i < atoms; i++)
            if (owner[i] == k)
                add(r, i, x[i]);
        r->own = r->n;
        for (i = 0; i < atoms; i++)
            for (a = -1; a <= 1; a++)
                for (b = -1; b <= 1; b++)
                    for (c = -1; c <= 1; c++) {
                        double at[3];
                        if (owner[i] == k && a == 0 && b == 0 && c == 0)
                            continue;
                        for (d = 0; d < 3; d++)
                            at[d] = x[i][d] + a * cell[0][d] + b * cell[1][d] + c * cell[2][d];
                        for (j = 0; j < r->own && distance(at, r->x[j]) > cutoff + skin; j++)
                            ;
                        if (j < r->own)
                            add(r, i, at);
                    }
        for (i = 0; i < r->own; i++)
            for (j = i + 1; j < r->n; j++)
                if (distance(r->x[i], r->x[j]) < cutoff + skin) {
                    if (r->pairs == most_pairs)
                        fail("too many pairs");
                    r->list[r->pairs][0] = i, r->list[r->pairs++][1] = j;
                }
    }
}

/* A step of all ranks; exchanges go by the atoms' places in the whole. */
static int step(int given) {
    int k, i, what = PL_DONE, exchanges = 0, row = pl_row(ranks[0].model);
    for (k = 0; k < count; k++) {
        rank *r = ranks + k;
        if (pl_begin(r->model, r->own, r->n, r->numbers, r->x[0], NULL, NULL, given ? r->pairs : 0, given ? r->list[0] : NULL))
            fail("begin");
    }
    for (;; exchanges++) {
        for (k = 0; k < count; k++) {
            int next = pl_step(ranks[k].model);
            if (next < 0 || (k > 0 && next != what))
                fail("step");
            what = next;
        }
        if (what == PL_DONE)
            break;
        for (k = 0; k < count; k++)
            for (i = 0; i < ranks[k].own; i++) {
                int32_t own = i;
                if (pl_pack(ranks[k].model, 1, &own, rows[ranks[k].whole[i]]))
                    fail("pack");
            }
        for (k = 0; k < count; k++) {
            rank *r = ranks + k;
            for (i = r->own; i < r->n; i++)
                memcpy(buffer + (size_t)(i - r->own) * row, rows[r->whole[i]], row * sizeof *buffer);
            if (pl_unpack(r->model, r->own, r->n - r->own, buffer))
                fail("unpack");
        }
    }
    for (k = 0; k < count; k++) {
        rank *r = ranks + k;
        if (pl_finish(r->model, &r->energy, r->f[0], r->virial[0], r->energies, r->virials[0][0]))
            fail("finish");
    }
    return exchanges;
}

static double largest(double a, double b) { return fabs(b) > a ? fabs(b) : a; }

/* The largest difference between forces on the atoms without a cell and what two halves say
 * together, which have every third atom and the others. Energies and virials must agree. */
static double recompute(pl_model *model, int given) {
    static double sum[atoms][3], forces[atoms][3], energies[atoms], virials[atoms][3][3];
    static int32_t own[atoms], list[most_pairs][2];
    double whole, energy, virial[3][3], of[3][3], total = 0, difference = 0;
    int half, i, j, a, b, pairs = 0;
    for (i = 0; i < atoms; i++)
        for (j = 0; j < i; j++, pairs++)
            list[pairs][0] = i, list[pairs][1] = j;
    if (pl_compute(model, atoms, numbers, x[0], NULL, NULL, &whole, f[0], of[0], NULL))
        fail("compute");
    memset(sum, 0, sizeof sum);
    for (half = 0; half < 2; half++) {
        double single = 0, shares[3][3] = {{0}};
        for (i = 0; i < atoms; i++)
            own[i] = (i % 3 == 0) == half;
        if (pl_recompute(model, atoms, numbers, x[0], own, given ? pairs : 0, given ? list[0] : NULL, &energy, forces[0], virial[0], energies,
                         virials[0][0]))
            fail("recompute");
        total += energy;
        for (i = 0; i < atoms; i++) {
            single += energies[i];
            if (!own[i] && energies[i] != 0)
                fail("a ghost's energy");
            for (a = 0; a < 3; a++) {
                sum[i][a] += forces[i][a];
                for (b = 0; b < 3; b++)
                    shares[a][b] += virials[i][a][b];
            }
        }
        for (a = 0; a < 3; a++)
            for (b = 0; b < 3; b++) {
                of[a][b] -= virial[a][b];
                if (!(fabs(shares[a][b] - virial[a][b]) < 1e-9 * (1 + fabs(virial[0][0]))))
                    fail("sums of virials");
            }
        if (!(fabs(single - energy) < 1e-9 * fabs(energy)))
            fail("sums of energies");
    }
    for (i = 0; i < atoms; i++)
        for (a = 0; a < 3; a++)
            difference = largest(difference, sum[i][a] - f[i][a]);
    for (a = 0; a < 3; a++)
        for (b = 0; b < 3; b++)
            if (!(fabs(of[a][b]) < 1e-4 * (1 + fabs(virial[0][0]))))
                fail("virial of two halves");
    if (!(fabs(total / whole - 1) < 1e-7))
        fail("energy of two halves");
    return difference;
}

int main(int argc, char **argv) {
    pl_options options = PL_OPTIONS_INIT;
    pl_info info = PL_INFO_INIT;
    double energy, virial[3][3], scale = 1, of_forces = 0, of_virial = 0, of_sums = 0, of_energy;
    int k, i, a, b, again;
    if (argc != 4 || (count = atoi(argv[2])) < 1 || count > most_ranks || atoi(argv[3]) < 1 || atoi(argv[3]) > count)
        fail("arguments");
    options.threads = 1;
    for (k = 0; k < count; k++)
        if (!(ranks[k].model = pl_open(argv[1], &options)))
            fail("open");
    if (pl_get_info(ranks[0].model, &info) || pl_row(ranks[0].model) != 4 * info.features)
        fail("info");
    for (i = 0; i < atoms; i++) {
        double u[3];
        numbers[i] = i % 3 ? 1 : 6 + i % 2 * 2;
        u[0] = i % edge + 0.5 + 0.2 * noise(), u[1] = i / edge % edge + 0.5 + 0.2 * noise(), u[2] = i / edge / edge + 0.5 + 0.2 * noise();
        for (a = 0; a < 3; a++)
            x[i][a] = (u[0] * cell[0][a] + u[1] * cell[1][a] + u[2] * cell[2][a]) / edge;
        if (!(rows[i] = malloc(4 * info.features * sizeof *buffer)))
            fail("memory");
    }

    for (again = 0; again < 3; again++) { /* atoms move, and cross borders */
        double sum = 0, sums[3][3] = {{0}}, shares[3][3] = {{0}}, single = 0;
        cut(atoi(argv[3]), info.cutoff);
        if (step(again != 1) != 2 * info.blocks - 1)
            fail("number of exchanges");
        if (pl_compute(ranks[0].model, atoms, numbers, x[0], cell[0], periodic, &energy, f[0], virial[0], NULL))
            fail("compute");
        for (i = 0; i < atoms; i++)
            for (a = 0; a < 3; a++)
                scale = largest(scale, f[i][a]);
        for (k = 0; k < count; k++) {
            rank *r = ranks + k;
            sum += r->energy;
            for (i = 0; i < r->own; i++) {
                single += r->energies[i];
                for (a = 0; a < 3; a++) {
                    of_forces = largest(of_forces, r->f[i][a] - f[r->whole[i]][a]);
                    for (b = 0; b < 3; b++)
                        shares[a][b] += r->virials[i][a][b];
                }
            }
            for (a = 0; a < 3; a++)
                for (b = 0; b < 3; b++)
                    sums[a][b] += r->virial[a][b];
        }
        of_energy = fabs(sum / energy - 1);
        of_sums = largest(of_sums, single / sum - 1);
        for (a = 0; a < 3; a++)
            for (b = 0; b < 3; b++) {
                of_virial = largest(of_virial, (sums[a][b] - virial[a][b]) / virial[0][0]);
                of_sums = largest(of_sums, (shares[a][b] - sums[a][b]) / virial[0][0]);
            }
        if (!(of_energy < 1e-7 && of_forces < 1e-5 * scale && of_virial < 1e-5 && of_sums < 1e-12)) {
            fprintf(stderr, "energy %g, forces %g of %g, virial %g, sums %g\n", of_energy, of_forces, scale, of_virial, of_sums);
            return 1;
        }
        for (i = 0; i < atoms; i++)
            for (a = 0; a < 3; a++)
                x[i][a] += 0.3 * noise();
    }
    of_sums = largest(recompute(ranks[0].model, 0), recompute(ranks[0].model, 1));
    if (!(of_sums < 1e-5 * scale)) {
        fprintf(stderr, "recomputed forces %g of %g\n", of_sums, scale);
        return 1;
    }
    printf("%d ranks of %d to %d atoms: energy %.1e, forces %.1e eV/Å, virial %.1e\n", count, ranks[count - 1].own, ranks[0].own, of_energy, of_forces, of_virial);
    for (k = 0; k < count; k++)
        if (pl_close(ranks[k].model))
            fail("close");
    for (i = 0; i < atoms; i++)
        free(rows[i]);
    return 0;
}
