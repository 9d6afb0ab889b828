/* compute CHECKPOINT <structures: what pl_compute says of them, as hexadecimal
 * floating-point numbers; pl_compute_batch must say the same.
 *
 * A structure is n, pbc[3], cell[9], and a line of number, x, y, z for each atom;
 * before them stands how many there are. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "painless.h"

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, pl_message());
    exit(1);
}

static void read(void *to, const char *format) {
    if (scanf(format, to) != 1)
        fail("input");
}

static void *make(size_t count, size_t size) {
    void *memory = calloc(count + 1, size);
    if (!memory)
        fail("memory");
    return memory;
}

static void print(const double *x, size_t count) {
    size_t i;
    for (i = 0; i < count; i++)
        printf("%a%c", x[i], i + 1 < count ? ' ' : '\n');
}

int main(int argc, char **argv) {
    enum { atoms = 1 << 14 };
    pl_options options = PL_OPTIONS_INIT;
    pl_info info = PL_INFO_INIT;
    pl_model *model;
    int s, k, i;
    size_t n = 0, first = 0;
    int64_t *counts;
    int32_t *numbers = make(atoms, sizeof *numbers), *pbc;
    double *positions = make(3 * atoms, sizeof *positions), *cells, *e, *f, *v, *t, *all[6], sums[10];
    if (argc != 2 || pl_abi() != PL_ABI)
        fail("abi");
    options.threads = 2, options.atom_shares = 1;
    if (!(model = pl_open(argv[1], &options)))
        fail("open");
    if (pl_get_info(model, &info) || info.cutoff != 5.0)
        fail("info");

    read(&s, "%d");
    counts = make(s, sizeof *counts), pbc = make(3 * s, sizeof *pbc), cells = make(9 * s, sizeof *cells);
    for (k = 0; k < s; k++) {
        int count, c;
        read(&count, "%d");
        counts[k] = count;
        for (c = 0; c < 3; c++)
            read(pbc + 3 * k + c, "%d");
        for (c = 0; c < 9; c++)
            read(cells + 9 * k + c, "%lf");
        for (i = 0; i < count; i++, n++) {
            if (n == atoms)
                fail("too many atoms");
            read(numbers + n, "%d");
            for (c = 0; c < 3; c++)
                read(positions + 3 * n + c, "%lf");
        }
    }

    e = make(s, sizeof *e), f = make(3 * n, sizeof *f), v = make(9 * s, sizeof *v), t = make(6 * s, sizeof *t);
    for (k = 0; k < s; first += counts[k++])
        if (pl_compute(model, counts[k], numbers + first, positions + 3 * first, cells + 9 * k, pbc + 3 * k, e + k,
                       f + 3 * first, v + 9 * k, t + 6 * k))
            fail("compute");
    all[0] = make(s, sizeof *e), all[1] = make(3 * n, sizeof *f), all[2] = make(9 * s, sizeof *v), all[3] = make(6 * s, sizeof *t);
    all[4] = make(n, sizeof **all), all[5] = make(9 * n, sizeof **all);
    if (pl_compute_batch(model, s, counts, numbers, positions, cells, pbc, all[0], all[1], all[2], all[3], all[4], all[5]))
        fail("batch");
    if (memcmp(e, all[0], s * sizeof *e) || memcmp(f, all[1], 3 * n * sizeof *f) || memcmp(v, all[2], 9 * s * sizeof *v) ||
        memcmp(t, all[3], 6 * s * sizeof *t))
        fail("the batch has other bits");
    for (k = 0, first = 0; k < s; first += counts[k++]) { /* the atoms' shares add up */
        memset(sums, 0, sizeof sums);
        for (i = 0; i < 10 * counts[k]; i++)
            sums[i % 10] += i % 10 < 9 ? all[5][9 * (first + i / 10) + i % 10] : all[4][first + i / 10];
        for (i = 0; i < 10; i++)
            if (!(fabs(sums[i] - (i < 9 ? v[9 * k + i] : e[k])) < 1e-9))
                fail("the atoms' shares are not the whole");
    }
    print(e, s), print(f, 3 * n), print(v, 9 * s), print(t, 6 * s);
    for (i = 0; i < 6; i++)
        free(all[i]);
    free(counts), free(numbers), free(pbc), free(positions), free(cells), free(e), free(f), free(v), free(t);
    return pl_close(model);
}
