/* What KIM asks of a model in every step. */
#include <stdlib.h>

#include "model.h"

static int failed(const KIM_ModelCompute *kim, const char *what) {
    KIM_ModelCompute_LogEntry(kim, KIM_LOG_VERBOSITY_error, what, __LINE__, __FILE__);
    return 1;
}

/* What a simulator gives and, where they are not NULL, asks for. */
typedef struct arguments {
    int *n, *elements, *contributing;
    double *positions, *energy, *forces, *energies, *virial, *virials;
} arguments;

static int get_arguments(const KIM_ModelComputeArguments *from, arguments *to) {
    return KIM_ModelComputeArguments_GetArgumentPointerInteger(from, KIM_COMPUTE_ARGUMENT_NAME_numberOfParticles, &to->n) ||
           KIM_ModelComputeArguments_GetArgumentPointerInteger(from, KIM_COMPUTE_ARGUMENT_NAME_particleSpeciesCodes, &to->elements) ||
           KIM_ModelComputeArguments_GetArgumentPointerInteger(from, KIM_COMPUTE_ARGUMENT_NAME_particleContributing, &to->contributing) ||
           KIM_ModelComputeArguments_GetArgumentPointerDouble(from, KIM_COMPUTE_ARGUMENT_NAME_coordinates, &to->positions) ||
           KIM_ModelComputeArguments_GetArgumentPointerDouble(from, KIM_COMPUTE_ARGUMENT_NAME_partialEnergy, &to->energy) ||
           KIM_ModelComputeArguments_GetArgumentPointerDouble(from, KIM_COMPUTE_ARGUMENT_NAME_partialForces, &to->forces) ||
           KIM_ModelComputeArguments_GetArgumentPointerDouble(from, KIM_COMPUTE_ARGUMENT_NAME_partialParticleEnergy, &to->energies) ||
           KIM_ModelComputeArguments_GetArgumentPointerDouble(from, KIM_COMPUTE_ARGUMENT_NAME_partialVirial, &to->virial) ||
           KIM_ModelComputeArguments_GetArgumentPointerDouble(from, KIM_COMPUTE_ARGUMENT_NAME_partialParticleVirial, &to->virials);
}

/* Makes room for size bytes beside what is there already; 0 where there is none. */
static int grow(void *array, size_t *room, size_t size) {
    void **memory = array, *more;
    if (size <= *room)
        return 1;
    size += size / 4;
    if ((more = realloc(*memory, size)) == NULL)
        return 0;
    *memory = more, *room = size;
    return 1;
}

/* Gathers the pairs of the neighbour lists, which have each twice; −1 is an error. */
static int64_t gather_pairs(const KIM_ModelComputeArguments *kim, model *m, int n) {
    int64_t pairs = 0;
    const int *list;
    int i, k, count;
    if (!grow(&m->pairs, &m->pairs_room, sizeof(int32_t[2]))) /* so that there is an array, be it of no pairs */
        return -1;
    for (i = 0; i < n; i++) {
        if (KIM_ModelComputeArguments_GetNeighborList(kim, 0, i, &count, &list) ||
            !grow(&m->pairs, &m->pairs_room, (size_t)(pairs + count) * sizeof(int32_t[2])))
            return -1;
        for (k = 0; k < count; k++)
            if (list[k] > i) {
                m->pairs[2 * pairs] = i;
                m->pairs[2 * pairs + 1] = list[k];
                pairs++;
            }
    }
    return pairs;
}

static void scale(double *numbers, size_t n, double by) {
    size_t i;
    if (by != 1.0 && numbers != NULL)
        for (i = 0; i < n; i++)
            numbers[i] *= by;
}

/* KIM's virial, ∂E/∂ε as xx, yy, zz, yz, xz, xy, of painless's −∂E/∂ε, of which it takes
 * the symmetric part. */
static void to_six(const double *w, double by, double *six) {
    static const int rows[6] = {0, 1, 2, 1, 0, 0}, columns[6] = {0, 1, 2, 2, 2, 1};
    int k;
    for (k = 0; k < 6; k++)
        six[k] = -0.5 * by * (w[3 * rows[k] + columns[k]] + w[3 * columns[k] + rows[k]]);
}

int painless_compute(const KIM_ModelCompute *const kim, const KIM_ModelComputeArguments *const from) {
    arguments a;
    model *m;
    const double *positions;
    double virial[9];
    int64_t pairs;
    size_t n, i;
    KIM_ModelCompute_GetModelBufferPointer(kim, (void **)&m);
    if (get_arguments(from, &a))
        return failed(kim, "painless: an argument is missing");
    n = (size_t)*a.n, positions = a.positions;
    if (m->length != 1.0) {
        if (!grow(&m->positions, &m->positions_room, n * sizeof(double[3])))
            return failed(kim, "painless: out of memory");
        for (i = 0; i < 3 * n; i++)
            m->positions[i] = a.positions[i] / m->length;
        positions = m->positions;
    }
    if (a.virials != NULL && !grow(&m->virials, &m->virials_room, n * sizeof virial))
        return failed(kim, "painless: out of memory");
    if ((pairs = gather_pairs(from, m, *a.n)) < 0)
        return failed(kim, "painless: no neighbour list, or no memory for its pairs");
    if (pl_recompute(m->student, *a.n, a.elements, positions, a.contributing, pairs, m->pairs, a.energy, a.forces, virial, a.energies,
                     a.virials != NULL ? m->virials : NULL))
        return failed(kim, pl_message());
    scale(a.energy, 1, m->energy);
    scale(a.energies, n, m->energy);
    scale(a.forces, 3 * n, m->energy / m->length);
    if (a.virial != NULL)
        to_six(virial, m->energy, a.virial);
    if (a.virials != NULL)
        for (i = 0; i < n; i++)
            to_six(m->virials + 9 * i, m->energy, a.virials + 6 * i);
    return 0;
}
