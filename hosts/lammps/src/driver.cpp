/* lmp_painless: the LAMMPS of liblammps with pair_style painless, for one that cannot load plugins.
 *
 * SPDX-License-Identifier: GPL-2.0-only */

#include "exceptions.h"
#include "force.h"
#include "input.h"
#include "lammps.h"

#define LAMMPS_LIB_MPI
#include "library.h"

#include <cstdio>
#include <dlfcn.h>

#include "pair_painless.h"

using namespace LAMMPS_NS;

static Pair *make(LAMMPS *lmp)
{
  return new PairPainless(lmp);
}

static bool added = false;

// LAMMPS calls this when it begins and at every clear; it finds the program's before its own.
void Force::create_factories()
{
  reinterpret_cast<void (*)(Force *)>(dlsym(RTLD_NEXT, "_ZN9LAMMPS_NS5Force16create_factoriesEv"))(this);
  added = PairPainless::fits(lmp);
  if (added) (*pair_map)["painless"] = &make;
}

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  try {
    auto *lmp = static_cast<LAMMPS *>(lammps_open(argc, argv, MPI_COMM_WORLD, nullptr));
    if (!added) fprintf(stderr, "lmp_painless: pair_style painless could not be added to this LAMMPS\n");
    if (lmp == nullptr || !added) MPI_Abort(MPI_COMM_WORLD, 1);
    lmp->input->file();
    lammps_close(lmp);
  } catch (LAMMPSAbortException &) {    // of one rank
    MPI_Abort(MPI_COMM_WORLD, 1);
  } catch (LAMMPSException &) {    // of all ranks
    lammps_kokkos_finalize();
    lammps_python_finalize();
    MPI_Finalize();
    return 1;
  }
  lammps_kokkos_finalize();
  lammps_python_finalize();
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Finalize();
  return 0;
}
