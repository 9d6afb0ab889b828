/* The functions of painless.h: each turns a forked child away, which Go's runtime
 * cannot run in, and goes into Go. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "_cgo_export.h"

static pid_t loaded; /* the process that has the runtime's threads */

/* Each thread's message, on the heap: with Go's runtime in it the library's thread-local
 * variables must lie in what little room dlopen finds. */
static pthread_key_t messages;

enum { message_size = 4096 };

__attribute__((constructor)) static void load(void) {
    loaded = getpid();
    pthread_key_create(&messages, free);
}

/* painless_set_message keeps what fits of a text, in whole characters. */
void painless_set_message(const char *text, size_t length) {
    char *message = pthread_getspecific(messages);
    if (message == NULL) {
        message = malloc(message_size);
        if (message == NULL || pthread_setspecific(messages, message) != 0) {
            free(message);
            return;
        }
    }
    if (length >= message_size)
        for (length = message_size - 1; ((unsigned char)text[length] & 0xC0) == 0x80;)
            length--;
    memcpy(message, text, length);
    message[length] = 0;
}

static int forked(void) {
    static const char text[] = "this process was forked after the painless library was loaded, and has no threads of it: "
                               "load the library after fork, or start processes by spawn";
    if (getpid() == loaded)
        return 0;
    painless_set_message(text, sizeof text - 1);
    return 1;
}

static int refuse(int code, const char *text) {
    painless_set_message(text, strlen(text));
    return code;
}

/* A struct's size says which version of it the program was compiled with. There is
 * one so far: a longer one may ask for what this library does not know of. */

int pl_abi(void) { return PL_ABI; }

const char *pl_version(void) {
    static const char *version; /* the same to every thread; leak checkers do not look for it in Go's memory */
    if (!forked())
        version = painless_version();
    return version;
}

const char *pl_message(void) {
    const char *message = pthread_getspecific(messages);
    return message == NULL ? "" : message;
}

pl_model *pl_open(const char *path, const pl_options *options) {
    pl_options defaults = PL_OPTIONS_INIT;
    if (options == NULL)
        options = &defaults;
    if (forked())
        return NULL;
    if (path == NULL || options->size != sizeof *options) {
        refuse(0, path == NULL ? "path is NULL: expected a checkpoint file"
                               : "the options' size is not that of this library: begin with PL_OPTIONS_INIT, and compile with its header");
        return NULL;
    }
    return (pl_model *)painless_open((char *)path, (pl_options *)options);
}

int pl_close(pl_model *model) { return forked() ? PL_EFORK : painless_close((uintptr_t)model); }

int pl_get_info(pl_model *model, pl_info *info) {
    if (forked())
        return PL_EFORK;
    if (info == NULL || info->size != sizeof *info)
        return refuse(PL_EARGUMENT, "info is NULL, or its size is not that of this library: begin with PL_INFO_INIT, and compile with its header");
    return painless_info((uintptr_t)model, info);
}

int64_t pl_notes(pl_model *model, char *text, size_t size) {
    if (forked())
        return PL_EFORK;
    if (text == NULL && size > 0)
        return refuse(PL_EARGUMENT, "text is NULL: expected room for size bytes");
    return painless_notes((uintptr_t)model, text, size);
}

int pl_compute(pl_model *model, int64_t n, const int32_t *numbers, const double *positions, const double *cell,
               const int32_t *pbc, double *energy, double *forces, double *virial, double *stress) {
    return pl_compute_batch(model, 1, &n, numbers, positions, cell, pbc, energy, forces, virial, stress, NULL,
                            NULL);
}

int pl_compute_batch(pl_model *model, int64_t s, const int64_t *counts, const int32_t *numbers,
                     const double *positions, const double *cells, const int32_t *pbc, double *energies,
                     double *forces, double *virials, double *stresses, double *atom_energies,
                     double *atom_virials) {
    return forked() ? PL_EFORK
                    : painless_compute((uintptr_t)model, s, (int64_t *)counts, (int32_t *)numbers, (double *)positions,
                                       (double *)cells, (int32_t *)pbc, energies, forces, virials, stresses,
                                       atom_energies, atom_virials);
}

int pl_row(pl_model *model) { return forked() ? PL_EFORK : painless_row((uintptr_t)model); }

int pl_begin(pl_model *model, int64_t own, int64_t n, const int32_t *numbers, const double *positions,
             const double *cell, const int32_t *pbc, int64_t pairs, const int32_t *list) {
    return forked() ? PL_EFORK
                    : painless_begin((uintptr_t)model, own, n, (int32_t *)numbers, (double *)positions, (double *)cell,
                                     (int32_t *)pbc, pairs, (int32_t *)list);
}

int pl_step(pl_model *model) { return forked() ? PL_EFORK : painless_step((uintptr_t)model); }

int pl_pack(pl_model *model, int64_t n, const int32_t *list, float *rows) {
    return forked() ? PL_EFORK : painless_pack((uintptr_t)model, n, (int32_t *)list, rows);
}

int pl_unpack(pl_model *model, int64_t first, int64_t n, const float *rows) {
    return forked() ? PL_EFORK : painless_unpack((uintptr_t)model, first, n, (float *)rows);
}

int pl_finish(pl_model *model, double *energy, double *forces, double *virial, double *energies, double *virials) {
    return forked() ? PL_EFORK : painless_finish((uintptr_t)model, energy, forces, virial, energies, virials);
}

int pl_recompute(pl_model *model, int64_t n, const int32_t *numbers, const double *positions, const int32_t *own, int64_t pairs,
                 const int32_t *list, double *energy, double *forces, double *virial, double *energies, double *virials) {
    return forked() ? PL_EFORK
                    : painless_recompute((uintptr_t)model, n, (int32_t *)numbers, (double *)positions, (int32_t *)own, pairs,
                                         (int32_t *)list, energy, forces, virial, energies, virials);
}
