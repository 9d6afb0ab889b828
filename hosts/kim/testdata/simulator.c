/* simulator MODEL: a simulator of KIM's, whose contributing particles stand among others. Their
 * energy's differences must be what the model says of forces and virial, and two halves
 * together all. Prints how far off they are. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "KIM_SimulatorHeaders.h"

enum { side = 3, n = 3 * side * side * side };

static KIM_Model *model;
static KIM_ComputeArguments *arguments;
static int count = n, elements[n], contributing[n], list[n], oxygen, hydrogen;
static double x[n][3], energy, forces[n][3], energies[n], virial[6], virials[n][6], influence;
static const double *cutoff;

static void check(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static int neighbours(void *data, int lists, const double *cutoffs, int which, int i, int *found, const int **to) {
    int j;
    (void)data, (void)lists, (void)which;
    for (*found = j = 0; j < n; j++)
        if (j != i && pow(x[i][0] - x[j][0], 2) + pow(x[i][1] - x[j][1], 2) + pow(x[i][2] - x[j][2], 2) < cutoffs[0] * cutoffs[0])
            list[(*found)++] = j;
    *to = list;
    return 0;
}

static void open(const char *name) {
    int accepted, supported, lists;
    const int *none;
    check(!KIM_Model_Create(KIM_NUMBERING_zeroBased, KIM_LENGTH_UNIT_A, KIM_ENERGY_UNIT_eV, KIM_CHARGE_UNIT_e, KIM_TEMPERATURE_UNIT_K,
                            KIM_TIME_UNIT_ps, name, &accepted, &model) &&
              accepted,
          "no model");
    KIM_Model_GetInfluenceDistance(model, &influence);
    KIM_Model_GetNeighborListPointers(model, &lists, &cutoff, &none);
    check(lists == 1 && none[0] == 0 && influence >= 2 * cutoff[0], "lists");
    check(!KIM_Model_GetSpeciesSupportAndCode(model, KIM_SPECIES_NAME_O, &supported, &oxygen) && supported, "no oxygen");
    check(!KIM_Model_GetSpeciesSupportAndCode(model, KIM_SPECIES_NAME_H, &supported, &hydrogen) && supported, "no hydrogen");
    check(KIM_Model_GetSpeciesSupportAndCode(model, KIM_SPECIES_NAME_U, &supported, elements) || !supported, "uranium is known");
    check(!KIM_Model_ComputeArgumentsCreate(model, &arguments), "no arguments");
    check(!KIM_ComputeArguments_SetArgumentPointerInteger(arguments, KIM_COMPUTE_ARGUMENT_NAME_numberOfParticles, &count) &&
              !KIM_ComputeArguments_SetArgumentPointerInteger(arguments, KIM_COMPUTE_ARGUMENT_NAME_particleSpeciesCodes, elements) &&
              !KIM_ComputeArguments_SetArgumentPointerInteger(arguments, KIM_COMPUTE_ARGUMENT_NAME_particleContributing, contributing) &&
              !KIM_ComputeArguments_SetArgumentPointerDouble(arguments, KIM_COMPUTE_ARGUMENT_NAME_coordinates, x[0]) &&
              !KIM_ComputeArguments_SetArgumentPointerDouble(arguments, KIM_COMPUTE_ARGUMENT_NAME_partialEnergy, &energy) &&
              !KIM_ComputeArguments_SetArgumentPointerDouble(arguments, KIM_COMPUTE_ARGUMENT_NAME_partialForces, forces[0]) &&
              !KIM_ComputeArguments_SetArgumentPointerDouble(arguments, KIM_COMPUTE_ARGUMENT_NAME_partialParticleEnergy, energies) &&
              !KIM_ComputeArguments_SetArgumentPointerDouble(arguments, KIM_COMPUTE_ARGUMENT_NAME_partialVirial, virial) &&
              !KIM_ComputeArguments_SetArgumentPointerDouble(arguments, KIM_COMPUTE_ARGUMENT_NAME_partialParticleVirial, virials[0]) &&
              !KIM_ComputeArguments_SetCallbackPointer(arguments, KIM_COMPUTE_CALLBACK_NAME_GetNeighborList, KIM_LANGUAGE_NAME_c,
                                                       (KIM_Function *)neighbours, NULL),
          "pointers");
}

static void compute(void) { check(!KIM_Model_Compute(model, arguments), "compute"); }

static double at(double *coordinate, double value) {
    double before = *coordinate, e;
    *coordinate = value;
    compute();
    e = energy;
    *coordinate = before;
    return e;
}

/* The energy with all strained, symmetrically: ε_ab = ε_ba. */
static double strained(int a, int b, double by) {
    double before[n][3], e;
    int i;
    memcpy(before, x, sizeof x);
    for (i = 0; i < n; i++) {
        x[i][a] += 0.5 * by * before[i][b];
        x[i][b] += 0.5 * by * before[i][a];
    }
    compute();
    e = energy;
    memcpy(x, before, sizeof x);
    return e;
}

int main(int argc, char **argv) {
    static const int rows[6] = {0, 1, 2, 1, 0, 0}, columns[6] = {0, 1, 2, 2, 2, 1};
    static double pulls[n][3], all[n][3];
    const double h = 8e-3; /* Å, and of strain: energies are of float32 */
    double whole, halves = 0, of_forces = 0, of_virial = 0, of_halves = 0, largest = 1, strain[6];
    int i, k, half;
    check(argc == 2, "arguments");
    open(argv[1]);
    for (i = 0; i < n; i++) {
        int m = i / 3;
        x[i][0] = 3.1 * (m % side) + 0.1 * (m % 5), x[i][1] = 3.1 * (m / side % side) + 0.1 * (m % 7), x[i][2] = 3.1 * (m / side / side);
        x[i][0] += i % 3 == 1 ? 0.76 : i % 3 == 2 ? -0.76 : 0, x[i][1] += i % 3 ? 0.58 : 0;
        elements[i] = i % 3 ? hydrogen : oxygen;
        contributing[i] = 1;
    }
    compute();
    whole = energy;
    memcpy(all, forces, sizeof all);
    for (half = 0; half < 2; half++) {
        double single = 0, shares[6] = {0};
        for (i = 0; i < n; i++)
            contributing[i] = i % 2 == half;
        compute();
        halves += energy;
        for (i = 0; i < n; i++) {
            single += energies[i];
            check(contributing[i] || energies[i] == 0, "a non-contributing particle has an energy");
            for (k = 0; k < 6; k++)
                shares[k] += virials[i][k];
            for (k = 0; k < 3; k++)
                pulls[i][k] += forces[i][k];
        }
        check(fabs(single - energy) < 1e-9 * fabs(energy), "particles' energies");
        for (k = 0; k < 6; k++)
            check(fabs(shares[k] - virial[k]) < 1e-6 * (1 + fabs(virial[0])), "particles' virials");
    }
    check(fabs(halves / whole - 1) < 1e-7, "energies of two halves");
    for (i = 0; i < n; i++)
        for (k = 0; k < 3; k++) {
            largest = fmax(largest, fabs(all[i][k]));
            of_halves = fmax(of_halves, fabs(pulls[i][k] - all[i][k]));
        }

    memcpy(pulls, forces, sizeof pulls); /* of the last half, contributing or not */
    memcpy(strain, virial, sizeof strain);
    for (i = 0; i < n; i += 7)
        for (k = 0; k < 3; k++)
            of_forces = fmax(of_forces, fabs((at(&x[i][k], x[i][k] - h) - at(&x[i][k], x[i][k] + h)) / (2 * h) - pulls[i][k]));
    for (k = 0; k < 6; k++)
        of_virial = fmax(of_virial, fabs((strained(rows[k], columns[k], h) - strained(rows[k], columns[k], -h)) / (2 * h) - strain[k]));
    printf("forces up to %.1f eV/Å: %.1e of two halves, %.1e of differences; virial %.1f eV: %.1e of differences\n", largest, of_halves, of_forces,
           strain[0], of_virial);
    check(of_halves < 1e-5 * largest && of_forces < 5e-3 * largest && of_virial < 5e-3 * (1 + fabs(strain[0])), "not what it should be");

    memcpy(x[3], x[0], sizeof x[0]);
    check(KIM_Model_Compute(model, arguments), "two particles on one point");
    x[3][0] += 1;
    compute(); /* it goes on */
    check(!KIM_Model_ComputeArgumentsDestroy(model, &arguments), "destroy");
    KIM_Model_Destroy(&model);
    return 0;
}
