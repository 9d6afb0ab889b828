/* painless: energies, forces and stress of distilled PaiNN-style student force
 * fields, from C. Link with -lpainless; the library needs libc and nothing else.
 *
 * Units: Å, eV, eV/Å, eV/Å³. Arrays are row-major, positions[n][3] without gaps,
 * and are read and written in place. Atoms and structures are counted from 0.
 *
 * Errors: a function that returns int returns PL_OK or a negative PL_E…, and one
 * that returns a pointer NULL; pl_message() then says what was wrong. Nothing
 * prints, exits, raises signals or calls back.
 *
 * Threads: any thread may call. Calls on one model take turns; to compute side
 * by side, open several. The numbers are the same, to the bit, for any number of
 * threads and in any batch.
 *
 * fork: a process that was forked after the library was loaded, and did not exec,
 * has none of its threads: there every call is PL_EFORK. Load it after fork.
 */
#ifndef PAINLESS_H
#define PAINLESS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The number in libpainless.so.0. It grows when a program compiled with an older
 * header would go wrong; functions and members at the ends of structs come without. */
#define PL_ABI 0

/* The version that this header is of. */
#define PL_VERSION "0.1.0"

enum {
    PL_OK = 0,
    PL_EARGUMENT = -1,  /* an argument cannot be right */
    PL_EHANDLE = -2,    /* the model is closed, or never was one */
    PL_ESTRUCTURE = -3, /* a structure that cannot be computed: NaN, unknown elements, a flat cell … */
    PL_EDEVICE = -4,    /* what computes failed, such as a lost GPU */
    PL_EFORK = -5,      /* in a forked child: see above */
    PL_EINTERNAL = -6   /* a fault in the library, or a pointer to nowhere; the model can then only be closed */
};

enum {
    PL_FLOAT32 = 0, /* what users run */
    PL_FLOAT64 = 1  /* the yardstick for it; on the CPU, several times slower */
};

/* A checkpoint's network on a device. It is a number, never to be dereferenced. */
typedef struct pl_model pl_model;

/* How to open; begin with PL_OPTIONS_INIT, which is float32 on the CPU. */
typedef struct pl_options {
    size_t size;        /* sizeof(pl_options): what the program was compiled with */
    const char *device; /* "cpu", "cuda" or "cuda:1" (in libraries built for GPUs), "emulator"; NULL: cpu */
    const char *key;    /* where in the file the weights stand, such as "ema"; NULL: the one network of the file */
    double cutoff;      /* Å, for a file that does not state it; 0: what the file says */
    int32_t precision;  /* PL_FLOAT32 or PL_FLOAT64 */
    int32_t threads;    /* on the CPU, at most one a core. 0: OMP_NUM_THREADS; where that is not set, 1 under
                         * an MPI launcher (OMPI_COMM_WORLD_SIZE, PMI_SIZE, PMIX_RANK, MPI_LOCALNRANKS or
                         * MV2_COMM_WORLD_SIZE is set), else all cores that the process may use */
    int32_t any_element; /* not 0: elements too that the student says that it was not trained on, else an error */
    int32_t atom_shares; /* not 0: pl_compute_batch gives the atoms' shares */
} pl_options;

#define PL_OPTIONS_INIT {sizeof(pl_options), NULL, NULL, 0.0, PL_FLOAT32, 0, 0, 0}

/* What a model is. */
typedef struct pl_info {
    size_t size;         /* sizeof(pl_info), set by the caller */
    double cutoff;       /* Å */
    int64_t parameters;  /* trainable */
    int32_t features;    /* H, of each atom */
    int32_t blocks;      /* K, of message passing: atoms up to K cutoffs away matter */
    int32_t radial;      /* R, radial functions */
    int32_t max_number;  /* the largest atomic number that the network has a row for */
    int32_t precision;   /* PL_FLOAT32 or PL_FLOAT64 */
    int32_t threads;     /* that compute */
} pl_info;

#define PL_INFO_INIT {sizeof(pl_info), 0.0, 0, 0, 0, 0, 0, 0, 0}

/* pl_abi returns the library's PL_ABI, to be compared with the header's. */
int pl_abi(void);

/* pl_version returns what the library was built of, as painless version prints it. */
const char *pl_version(void);

/* pl_message returns what was wrong with the calling thread's last call that failed,
 * "" before any. It is UTF-8 and lasts until the thread's next call that fails. */
const char *pl_message(void);

/* pl_open opens the checkpoint at path; "default" is the student that is in the library.
 * options may be NULL. NULL: an error. */
pl_model *pl_open(const char *path, const pl_options *options);

/* pl_close gives back memory, threads and device, after calls that are under way.
 * The model is then PL_EHANDLE to every call. NULL is closed already. */
int pl_close(pl_model *model);

/* pl_get_info fills info. */
int pl_get_info(pl_model *model, pl_info *info);

/* pl_notes writes what a user should read of how the file was understood: where the
 * cutoff is from and which weights were taken, in two lines; in more lines, which are
 * warnings, a cutoff other than the file's, other weights in it and what beside the weights
 * is not applied. UTF-8 without a newline at the end; at most size − 1 bytes and a 0 are
 * written, and the text's whole length is returned, as by snprintf. text may be NULL if
 * size is 0. */
int64_t pl_notes(pl_model *model, char *text, size_t size);

/* pl_compute computes one structure of n atoms.
 *
 *   numbers    [n]     atomic numbers
 *   positions  [n][3]  Å; atoms may be outside of the cell
 *   cell       [3][3]  lattice vectors as rows, Å; NULL: none
 *   pbc        [3]     not 0: periodic along that vector; NULL: along none
 *
 * Results, each of which may be NULL:
 *
 *   energy     [1]     eV
 *   forces     [n][3]  eV/Å
 *   virial     [3][3]  −∂E/∂ε, eV: strain ε[a][b] moves r_a by ε[a][b] r_b. Not quite
 *                      symmetric, as the network is not exactly invariant to rotation
 *   stress     [6]     xx, yy, zz, yz, xz, xy of the symmetric part of ∂E/∂ε over the
 *                      volume, eV/Å³, tension positive; NaN without a periodic cell of
 *                      three lattice vectors
 *
 * Results of PL_ESTRUCTURE and PL_EDEVICE are NaN, and of other errors of no meaning.
 * Calls with no more atoms than there were before allocate nothing. */
int pl_compute(pl_model *model, int64_t n, const int32_t *numbers, const double *positions, const double *cell,
               const int32_t *pbc, double *energy, double *forces, double *virial, double *stress);

/* pl_compute_batch computes s structures in one call, counts[k] atoms in structure k,
 * N in all: numbers [N], positions [N][3], cells [s][3][3], pbc [s][3], energies [s],
 * forces [N][3], virials [s][3][3], stresses [s][6]. Else as pl_compute; the message
 * names the structure. Of a model opened with atom_shares there are also
 *
 *   atom_energies  [N]        eV: their sums over a structure are its energy
 *   atom_virials   [N][3][3]  eV, the same of the virial: halves of what the atom's pairs have in it */
int pl_compute_batch(pl_model *model, int64_t s, const int64_t *counts, const int32_t *numbers,
                     const double *positions, const double *cells, const int32_t *pbc, double *energies,
                     double *forces, double *virials, double *stresses, double *atom_energies,
                     double *atom_virials);

/* A system that is spread over ranks, as under MPI.
 *
 * Each rank has its own atoms and, after them, ghosts: the atoms of other ranks, and
 * periodic images of any, within the cutoff of an own one. Layers of message passing
 * reach farther than that, so that between them ghosts get what the ranks that own
 * the atoms have computed:
 *
 *     pl_begin(model, own, n, numbers, positions, NULL, NULL, pairs, list);
 *     while ((what = pl_step(model)) == PL_EXCHANGE)
 *         ... pl_pack of atoms that are ghosts elsewhere, send, receive, pl_unpack of ghosts ...
 *     if (what == PL_DONE)
 *         pl_finish(model, &energy, forces, virial, energies, virials);
 *
 * Ranks without atoms and without ghosts take part: all need the same number of
 * exchanges, which is the model's. Each is a copy from owners to ghosts. Nothing is sent
 * back to be added, as there is no ghost whose forces were its owner's: those on own
 * atoms are whole.
 *
 * A whole system is a domain without ghosts, n = own, with cell and pbc, whose exchanges
 * are of nothing: so that single atoms' energies and virials can be had on one rank too.
 *
 * In float32. All ranks have the same kind of device, as a GPU's rows mean nothing to a
 * CPU; a GPU's pairs are those of the list, or the CPU finds them. Results agree with
 * pl_compute's to rounding, which depends on how the system is cut. A model has one
 * domain, which does not disturb pl_compute. After an error it begins again. On the CPU,
 * calls with no more atoms and pairs than before allocate nothing. */
enum { PL_DONE = 0, PL_EXCHANGE = 1 };

/* pl_row returns how many floats an atom has in an exchange, or an error. */
int pl_row(pl_model *model);

/* pl_begin takes a rank's atoms, own ones first. Atoms that are near one another should be
 * so in the arrays, too: 10,000 in no order at all take 1.5 times as long.
 *
 *   numbers    [n]         atomic numbers; read until pl_begin returns, as are the others
 *   positions  [n][3]      Å, ghosts where they are seen from here
 *   cell, pbc              as in pl_compute, for images that are no ghosts; else NULL
 *   list       [pairs][2]  of an own atom with an own one or a ghost, each pair once. Pairs
 *                          beyond the cutoff are left out. NULL: pairs are searched
 */
int pl_begin(pl_model *model, int64_t own, int64_t n, const int32_t *numbers, const double *positions,
             const double *cell, const int32_t *pbc, int64_t pairs, const int32_t *list);

/* pl_step computes until it needs an exchange, PL_EXCHANGE, or is through, PL_DONE. All
 * ghosts are unpacked before it is called again. */
int pl_step(pl_model *model);

/* pl_pack writes what n atoms have, list [n], to rows [n][pl_row()]. Ghosts that are
 * unpacked already may be among them, where a third rank has them as well. */
int pl_pack(pl_model *model, int64_t n, const int32_t *list, float *rows);

/* pl_unpack takes the rows [n][pl_row()] of the ghosts first up to first + n. */
int pl_unpack(pl_model *model, int64_t first, int64_t n, const float *rows);

/* pl_finish writes the rank's results, each of which may be NULL. Sums over ranks are
 * the system's.
 *
 *   energy    [1]          of the own atoms, eV
 *   forces    [own][3]     on them, eV/Å
 *   virial    [3][3]       as in pl_compute, eV; a pair with a ghost counts by half
 *   energies  [own]        of single atoms, eV
 *   virials   [own][3][3]  of single atoms, eV, which have half of each of their pairs'
 */
int pl_finish(pl_model *model, double *energy, double *forces, double *virial, double *energies, double *virials);

/* pl_recompute is a step for hosts that exchange nothing, such as those of KIM: ghosts are
 * all atoms and images within K cutoffs (pl_info.blocks times cutoff) of an own one, and
 * what their owners would send is computed again: with 1,000 own atoms that is two to three
 * times the work, and less with more. It computes the energy of the own atoms and its
 * gradient, so that what ghosts have, too, must come to their owners and be added. On the
 * CPU, in float32; what pl_begin began is over.
 *
 *   numbers    [n]         atomic numbers
 *   positions  [n][3]      Å
 *   own        [n]         not 0: an own atom, in any order among ghosts
 *   list       [pairs][2]  of any two atoms, each pair once. Pairs beyond the cutoff, and those
 *                          that nothing needs, are left out. NULL: pairs are searched
 *
 * Results, each of which may be NULL; of no meaning after an error:
 *
 *   energy    [1]        of the own atoms, eV
 *   forces    [n][3]     eV/Å, 0 for atoms farther away than K pairs
 *   virial    [3][3]     as in pl_compute, eV; sums over ranks are the system's
 *   energies  [n]        of single atoms, eV, 0 for ghosts
 *   virials   [n][3][3]  of single atoms, eV, which have half of each of their pairs'
 */
int pl_recompute(pl_model *model, int64_t n, const int32_t *numbers, const double *positions, const int32_t *own,
                 int64_t pairs, const int32_t *list, double *energy, double *forces, double *virial,
                 double *energies, double *virials);

#ifdef __cplusplus
}
#endif

#endif
