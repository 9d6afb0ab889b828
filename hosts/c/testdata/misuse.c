/* misuse CHECKPOINT: what a host must not do is an error, and the host goes on. */
#define _GNU_SOURCE
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "painless.h"

#define CHECK(ok)                                                                        \
    do                                                                                   \
        if (!(ok)) {                                                                     \
            fprintf(stderr, "line %d: not " #ok "; message: %s\n", __LINE__, pl_message()); \
            exit(1);                                                                     \
        }                                                                                \
    while (0)
#define FAILS(call, code, text) CHECK((call) == (code) && strstr(pl_message(), text))

static const int32_t water[3] = {8, 1, 1};
static double r[9] = {0, 0, 0, 0.96, 0.02, 0.01, -0.24, 0.93, 0};

static void *other_thread(void *model) {
    double energy, forces[9];
    CHECK(strcmp(pl_message(), "") == 0); /* a message is a thread's own */
    CHECK(pl_compute(model, 3, water, r, NULL, NULL, &energy, forces, NULL, NULL) == PL_OK);
    FAILS(pl_compute(model, 0, water, r, NULL, NULL, &energy, forces, NULL, NULL), PL_EARGUMENT, "has 0 atoms");
    return NULL;
}

int main(int argc, char **argv) {
    pl_options options = PL_OPTIONS_INIT;
    pl_info info = PL_INFO_INIT;
    pl_model *model, *stale;
    double energy, forces[9], stress[6], nan = NAN;
    char notes[16];
    const size_t half = 4 << 20; /* bytes */
    int32_t *pairs;
    int status, i;
    size_t used;
    int64_t three = 3;
    pthread_t thread;
    pid_t child;
    (void)argc;

    CHECK(strcmp(pl_message(), "") == 0 && pl_version()[0]);
    FAILS(pl_open(NULL, NULL), NULL, "path is NULL");
    FAILS(pl_open("none.pt", NULL), NULL, "none.pt: no such file");
    options.size = 8;
    FAILS(pl_open(argv[1], &options), NULL, "size");
    options.size = sizeof options, options.device = "abacus";
    FAILS(pl_open(argv[1], &options), NULL, "device \"abacus\": expected cpu");
    options.device = NULL, options.precision = 7;
    FAILS(pl_open(argv[1], &options), NULL, "precision 7");
    options.precision = PL_FLOAT32, options.threads = -3;
    FAILS(pl_open(argv[1], &options), NULL, "-3 threads");
    options.threads = 0, options.key = "ema";
    FAILS(pl_open(argv[1], &options), NULL, "key \"ema\"");
    options.key = NULL, options.cutoff = -1;
    FAILS(pl_open(argv[1], &options), NULL, "cutoff");
    options.cutoff = 0;

    setenv("PMI_SIZE", "2", 1); /* after the library was loaded */
    stale = pl_open(argv[1], &options);
    CHECK(stale && pl_get_info(stale, &info) == PL_OK && info.threads == 1 && info.cutoff > 0);
    CHECK(pl_close(stale) == PL_OK && pl_close(NULL) == PL_OK);
    FAILS(pl_close(stale), PL_EHANDLE, "model 1 is closed");
    FAILS(pl_compute(stale, 3, water, r, NULL, NULL, &energy, forces, NULL, NULL), PL_EHANDLE, "model 1 is closed");
    FAILS(pl_compute((pl_model *)&energy, 3, water, r, NULL, NULL, &energy, forces, NULL, NULL), PL_EHANDLE, "is no model");
    FAILS(pl_compute(NULL, 3, water, r, NULL, NULL, &energy, forces, NULL, NULL), PL_EHANDLE, "NULL");

    unsetenv("PMI_SIZE");
    options.threads = 2;
    CHECK((model = pl_open(argv[1], &options)) && model != stale);
    info.size--;
    FAILS(pl_get_info(model, &info), PL_EARGUMENT, "size");
    FAILS(pl_get_info(model, NULL), PL_EARGUMENT, "info is NULL");
    FAILS(pl_notes(model, NULL, 5), PL_EARGUMENT, "text is NULL");
    CHECK(pl_notes(model, NULL, 0) > 16 && pl_notes(model, notes, sizeof notes) > 16);
    CHECK(strcmp(notes, "cutoff 5 \xC3\x85, st") == 0);
    FAILS(pl_compute(model, -1, water, r, NULL, NULL, &energy, forces, NULL, NULL), PL_EARGUMENT, "-1 atoms");
    FAILS(pl_compute(model, INT64_MAX, water, r, NULL, NULL, &energy, forces, NULL, NULL), PL_EARGUMENT, "atoms");
    FAILS(pl_compute(model, 3, NULL, r, NULL, NULL, &energy, forces, NULL, NULL), PL_EARGUMENT, "NULL");
    FAILS(pl_compute_batch(model, 1, NULL, water, r, NULL, NULL, &energy, forces, NULL, NULL, NULL, NULL), PL_EARGUMENT, "counts");
    FAILS(pl_compute_batch(model, 1, &three, water, r, NULL, NULL, &energy, NULL, NULL, NULL, forces, NULL), PL_EARGUMENT, "atom_shares");
    r[4] = nan;
    FAILS(pl_compute(model, 3, water, r, NULL, NULL, &energy, forces, NULL, NULL), PL_ESTRUCTURE, "atom 1 has y = NaN");
    CHECK(isnan(energy) && isnan(forces[8]));
    r[4] = 0.02;

    CHECK(pl_compute(model, 3, water, r, NULL, NULL, &energy, forces, NULL, stress) == PL_OK && isnan(stress[0]));
    used = mallinfo2().uordblks; /* the C side's; Go's is measured by Go's tests */
    for (i = 0; i < 2000; i++) {
        r[0] += 1e-5;
        CHECK(pl_compute(model, 3, water, r, NULL, NULL, &energy, forces, NULL, stress) == PL_OK);
    }
    CHECK(mallinfo2().uordblks < used + 2000 * 8); /* threads that Go starts take a little */

    CHECK(pthread_create(&thread, NULL, other_thread, model) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(strstr(pl_message(), "y = NaN") != NULL); /* and this thread's is what it was */

    child = fork();
    if (child == 0) {
        FAILS(pl_compute(model, 3, water, r, NULL, NULL, &energy, forces, NULL, NULL), PL_EFORK, "was forked after");
        FAILS(pl_open(argv[1], NULL), NULL, "was forked after");
        FAILS(pl_close(model), PL_EFORK, "was forked after");
        exit(0); /* with the handlers of atexit */
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);

    /* Pairs that end before their number does, which several threads read. */
    options.threads = 2;
    CHECK((stale = pl_open(argv[1], &options)) != NULL);
    pairs = mmap(NULL, 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pairs != MAP_FAILED && munmap((char *)pairs + half, half) == 0);
    for (i = 1; i < (int)(half / sizeof *pairs); i += 2)
        pairs[i] = 1; /* of the atoms 0 and 1, again and again */
    FAILS(pl_begin(stale, 3, 3, water, r, 0, 0, half / 4, pairs), PL_EINTERNAL, "pointer to nowhere");
    CHECK(pl_close(stale) == PL_OK);

    /* A pointer to nowhere. Last, as the model can then only be closed. */
    FAILS(pl_compute(model, 3, water, (double *)4096, NULL, NULL, &energy, forces, NULL, NULL), PL_EINTERNAL, "pointer to nowhere");
    FAILS(pl_compute(model, 3, water, r, NULL, NULL, &energy, forces, NULL, NULL), PL_EINTERNAL, "pointer to nowhere");
    CHECK(pl_close(model) == PL_OK);
    return 0;
}
