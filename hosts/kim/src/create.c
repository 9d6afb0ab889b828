/* How KIM opens a model: its parameter file is the checkpoint. */
#include <stdio.h>
#include <stdlib.h>

#include "model.h"

KIM_ModelDriverCreateFunction painless_kim_create;

static int failed(const KIM_ModelDriverCreate *kim, const char *what) {
    KIM_ModelDriverCreate_LogEntry(kim, KIM_LOG_VERBOSITY_error, what, __LINE__, __FILE__);
    return 1;
}

static int destroy(KIM_ModelDestroy *const kim) {
    model *m;
    KIM_ModelDestroy_GetModelBufferPointer(kim, (void **)&m);
    if (pl_close(m->student)) /* such as in a forked process */
        KIM_ModelDestroy_LogEntry(kim, KIM_LOG_VERBOSITY_error, pl_message(), __LINE__, __FILE__);
    free(m->pairs);
    free(m->positions);
    free(m->virials);
    free(m);
    return 0;
}

/* All that painless computes may be asked for, and nothing must be. */
static int create_arguments(const KIM_ModelCompute *const kim, KIM_ModelComputeArgumentsCreate *const arguments) {
    const KIM_ComputeArgumentName names[] = {KIM_COMPUTE_ARGUMENT_NAME_partialEnergy, KIM_COMPUTE_ARGUMENT_NAME_partialForces,
                                             KIM_COMPUTE_ARGUMENT_NAME_partialParticleEnergy, KIM_COMPUTE_ARGUMENT_NAME_partialVirial,
                                             KIM_COMPUTE_ARGUMENT_NAME_partialParticleVirial};
    size_t k;
    (void)kim;
    for (k = 0; k < sizeof names / sizeof *names; k++)
        if (KIM_ModelComputeArgumentsCreate_SetArgumentSupportStatus(arguments, names[k], KIM_SUPPORT_STATUS_optional))
            return 1;
    return 0;
}

static int destroy_arguments(const KIM_ModelCompute *const kim, KIM_ModelComputeArgumentsDestroy *const arguments) {
    (void)kim, (void)arguments;
    return 0;
}

/* Of no routine that refreshes: there are no parameters that a simulator could change. */
static int set_routines(KIM_ModelDriverCreate *kim) {
    const struct {
        KIM_ModelRoutineName name;
        KIM_Function *function;
    } routines[] = {
        {KIM_MODEL_ROUTINE_NAME_ComputeArgumentsCreate, (KIM_Function *)create_arguments},
        {KIM_MODEL_ROUTINE_NAME_Compute, (KIM_Function *)painless_compute},
        {KIM_MODEL_ROUTINE_NAME_ComputeArgumentsDestroy, (KIM_Function *)destroy_arguments},
        {KIM_MODEL_ROUTINE_NAME_Destroy, (KIM_Function *)destroy},
    };
    size_t k;
    for (k = 0; k < sizeof routines / sizeof *routines; k++)
        if (KIM_ModelDriverCreate_SetRoutinePointer(kim, routines[k].name, KIM_LANGUAGE_NAME_c, 1, routines[k].function))
            return 1;
    return 0;
}

/* The factor from ours to the simulator's units, of length to one power and energy to another. */
static int convert(KIM_LengthUnit length, KIM_EnergyUnit energy, double lengths, double energies, double *factor) {
    return KIM_ModelDriverCreate_ConvertUnit(KIM_LENGTH_UNIT_A, KIM_ENERGY_UNIT_eV, KIM_CHARGE_UNIT_e, KIM_TEMPERATURE_UNIT_K, KIM_TIME_UNIT_ps,
                                             length, energy, KIM_CHARGE_UNIT_e, KIM_TEMPERATURE_UNIT_K, KIM_TIME_UNIT_ps, lengths, energies, 0.0,
                                             0.0, 0.0, factor);
}

/* Opens the checkpoint, and says in KIM's log how it was understood. */
static int open_student(const KIM_ModelDriverCreate *kim, model *m) {
    const char *directory, *name;
    char path[4096], notes[4096];
    int files, length;
    if (pl_abi() != PL_ABI)
        return failed(kim, "painless: libpainless.so is of another version than the driver");
    KIM_ModelDriverCreate_GetNumberOfParameterFiles(kim, &files);
    KIM_ModelDriverCreate_GetParameterFileDirectoryName(kim, &directory);
    if (files != 1 || KIM_ModelDriverCreate_GetParameterFileBasename(kim, 0, &name))
        return failed(kim, "painless: expected one parameter file, the checkpoint");
    length = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return failed(kim, "painless: the checkpoint's path is too long");
    m->student = pl_open(path, NULL);
    if (m->student == NULL || pl_notes(m->student, notes, sizeof notes) < 0)
        return failed(kim, pl_message());
    KIM_ModelDriverCreate_LogEntry(kim, KIM_LOG_VERBOSITY_information, notes, __LINE__, __FILE__);
    return 0;
}

/* Tells KIM of the elements that the student computes; their codes are atomic numbers. */
static int set_species(KIM_ModelDriverCreate *kim, pl_model *student, int32_t most) {
    const double origin[3] = {0, 0, 0};
    KIM_SpeciesName name;
    int32_t z;
    for (z = 1; z <= most && KIM_SPECIES_NAME_GetSpeciesName(z, &name) == 0; z++) { /* 0 is the electron */
        if (pl_compute(student, 1, &z, origin, NULL, NULL, NULL, NULL, NULL, NULL) == PL_OK && KIM_ModelDriverCreate_SetSpeciesCode(kim, name, z))
            return 1;
        if (KIM_SpeciesName_Equal(name, KIM_SPECIES_NAME_Og))
            break; /* what is named after it is no element */
    }
    return 0;
}

/* Fills m, what it has opened in it to be closed by the caller in either case. */
static int create(KIM_ModelDriverCreate *kim, model *m, KIM_LengthUnit length, KIM_EnergyUnit energy) {
    pl_info info = PL_INFO_INIT;
    if (convert(length, energy, 1, 0, &m->length) || convert(length, energy, 0, 1, &m->energy))
        return failed(kim, "painless: expected units of length and energy that Å and eV can be converted to");
    if (open_student(kim, m))
        return 1;
    if (pl_get_info(m->student, &info))
        return failed(kim, pl_message());
    m->cutoff = info.cutoff * m->length;
    m->influence = info.blocks * m->cutoff;
    if (KIM_ModelDriverCreate_SetUnits(kim, length, energy, KIM_CHARGE_UNIT_unused, KIM_TEMPERATURE_UNIT_unused, KIM_TIME_UNIT_unused) ||
        KIM_ModelDriverCreate_SetModelNumbering(kim, KIM_NUMBERING_zeroBased) || set_routines(kim) || set_species(kim, m->student, info.max_number))
        return failed(kim, "painless: KIM refuses the model");
    KIM_ModelDriverCreate_SetInfluenceDistancePointer(kim, &m->influence);
    KIM_ModelDriverCreate_SetNeighborListPointers(kim, 1, &m->cutoff, &m->no_neighbours_of_ghosts);
    KIM_ModelDriverCreate_SetModelBufferPointer(kim, m);
    return 0;
}

int painless_kim_create(KIM_ModelDriverCreate *const kim, KIM_LengthUnit const length, KIM_EnergyUnit const energy, KIM_ChargeUnit const charge,
                        KIM_TemperatureUnit const temperature, KIM_TimeUnit const time) {
    model *m = calloc(1, sizeof *m);
    (void)charge, (void)temperature, (void)time;
    if (m == NULL)
        return failed(kim, "painless: out of memory");
    if (create(kim, m, length, energy)) {
        pl_close(m->student);
        free(m);
        return 1;
    }
    return 0;
}
