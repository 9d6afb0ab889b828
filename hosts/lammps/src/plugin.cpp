/* painlessplugin.so, for LAMMPS's command plugin load, and by painless_register for programs that
 * have LAMMPS as a library, such as Python: both take LAMMPS's handle.
 *
 * SPDX-License-Identifier: GPL-2.0-only */

#include "force.h"
#include "lammps.h"
#include "lammpsplugin.h"
#include "version.h"

#include "pair_painless.h"

using namespace LAMMPS_NS;

static Pair *make(LAMMPS *lmp)
{
  return new PairPainless(lmp);
}

static void *make_any(void *lmp)
{
  return make(static_cast<LAMMPS *>(lmp));
}

extern "C" void lammpsplugin_init(void *lmp, void *handle, void *registrar)
{
  if (!PairPainless::fits(lmp)) return;
  lammpsplugin_t plugin;
  plugin.version = LAMMPS_VERSION;
  plugin.style = "pair";
  plugin.name = "painless";
  plugin.info = "distilled student force fields, pair_style painless";
  plugin.author = "the authors of painless";
  plugin.creator.v1 = &make_any;
  plugin.handle = handle;
  reinterpret_cast<lammpsplugin_regfunc>(registrar)(&plugin, lmp);
}

// Returns 0, or −1 where LAMMPS is of another version.
extern "C" int painless_register(void *lmp)
{
  if (!PairPainless::fits(lmp)) return -1;
  (*static_cast<LAMMPS *>(lmp)->force->pair_map)["painless"] = &make;
  return 0;
}
