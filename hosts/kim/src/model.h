/* A model of KIM's, a checkpoint that painless has open, and what its routines have of it. */
#ifndef PAINLESS_KIM_MODEL_H
#define PAINLESS_KIM_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "KIM_ModelDriverHeaders.h"
#include "painless.h"

typedef struct model {
    pl_model *student;
    double length, energy;        /* of an Å and of an eV, in the units of the simulator */
    double cutoff, influence;     /* in them: of the neighbour list, and of all that a particle depends on */
    int no_neighbours_of_ghosts;  /* 0: non-contributing particles' lists are asked for, too */

    /* Of a step; what it holds grows and never shrinks. */
    int32_t *pairs;     /* [pairs][2] */
    double *positions;  /* Å, [n][3], where the simulator's are in other units */
    double *virials;    /* eV, [n][3][3] */
    size_t pairs_room, positions_room, virials_room; /* in bytes */
} model;

KIM_ModelComputeFunction painless_compute;

#endif
