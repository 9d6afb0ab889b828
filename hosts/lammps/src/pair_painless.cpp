/* SPDX-License-Identifier: GPL-2.0-only */

#include "pair_painless.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "library.h"
#include "memory.h"
#include "neigh_list.h"
#include "neigh_request.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"
#include "version.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <regex>
#include <sstream>

#include "painless.h"

using namespace LAMMPS_NS;

// What changed its name in 2022. Of two overloads that fit, int is nearer to 0 than long.
namespace LAMMPS_NS {
enum { REQ_NEWTON_OFF = 0 };    // hidden by that of NeighConst, where it has one
namespace NeighConst {
constexpr int painless_newton_off = REQ_NEWTON_OFF;
}
}    // namespace LAMMPS_NS

// A half list, which has a pair with a ghost on both ranks, whatever newton is.
template <class N> static auto request(N *neighbor, Pair *pair, int, int) -> decltype(neighbor->add_request(pair, 0), void())
{
  neighbor->add_request(pair, NeighConst::painless_newton_off);
}

template <class N> static void request(N *neighbor, Pair *pair, int instance, long)
{
  const int index = neighbor->request(pair, instance);    // which moves the array of requests
  neighbor->requests[index]->newton = 2;
}

template <class C> static auto forward(C *comm, Pair *pair, int) -> decltype(comm->forward_comm(pair))
{
  comm->forward_comm(pair);
}

template <class C> static void forward(C *comm, Pair *pair, long)
{
  comm->forward_comm_pair(pair);
}

bool PairPainless::fits(void *lmp)
{
  const int built = utils::date2num(LAMMPS_VERSION), found = lammps_version(lmp);
  if (built == found) return true;
  int rank = 0, initialized = 0;
  MPI_Initialized(&initialized);
  if (initialized) MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0)
    fprintf(stderr, "pair_style painless was built for LAMMPS of version %d and refuses version %d: build it with that one's headers\n", built, found);
  return false;
}

PairPainless::PairPainless(LAMMPS *lmp) : Pair(lmp), mode(BY_RANKS), model(nullptr), cutoff(0.0)
{
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;    // which takes one triangle of a virial that is not symmetric
  centroidstressflag = CENTROID_NOTAVAIL;
}

PairPainless::~PairPainless()
{
  close();
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

void PairPainless::refuse(const std::string &what)
{
  error->all(FLERR, "pair_style painless: " + what);
}

// What one rank finds ends all.
void PairPainless::check(int code)
{
  if (code < 0) error->one(FLERR, "pair_style painless: " + with_ids(pl_message()));
}

// The message with LAMMPS's IDs for the library's atoms, which are named as in "atom 6 (H) and atom 7 (O)" or "the atoms 6 and 7".
std::string PairPainless::with_ids(const std::string &message) const
{
  static const std::regex indices("(atoms? )([0-9]+)( and )?([0-9]+)?");
  const auto id = [this](const std::string &index) {
    const size_t i = std::strtoul(index.c_str(), nullptr, 10);
    return atom->tag_enable && i < numbers.size() ? std::to_string(atom->tag[i]) : index;
  };
  std::string out;
  auto begin = message.cbegin();
  for (std::smatch m; std::regex_search(begin, message.cend(), m, indices); begin = m[0].second) {
    out.append(begin, m[0].first).append(m[1].str() + id(m[2].str()) + m[3].str());
    if (m[4].matched) out += id(m[4].str());
  }
  return out.append(begin, message.cend());
}

bool PairPainless::whole() const
{
  return mode == WHOLE || (mode == BY_RANKS && comm->nprocs == 1);
}

// pair_style painless FILE [device D] [threads N] [mode whole|exchange] [key K] [cutoff C] [any_element yes|no]
void PairPainless::settings(int narg, char **arg)
{
  if (narg % 2 == 0) refuse("expected FILE [device D] [threads N] [mode whole|exchange] [key K] [cutoff C] [any_element yes|no]");
  pl_options options = PL_OPTIONS_INIT;
  close();
  file = arg[0];
  device = "cpu";
  mode = BY_RANKS;
  for (int i = 1; i < narg; i += 2) {
    const std::string name = arg[i], value = arg[i + 1];
    if (name == "device")
      device = value;
    else if (name == "threads") {
      options.threads = utils::inumeric(FLERR, arg[i + 1], false, lmp);
      if (options.threads < 1) refuse("threads " + value + ": expected 1 or more");
    } else if (name == "mode" && value == "whole")
      mode = WHOLE;
    else if (name == "mode" && value == "exchange")
      mode = EXCHANGE;
    else if (name == "mode")
      refuse("mode " + value + ": expected whole or exchange");
    else if (name == "key")
      options.key = arg[i + 1];
    else if (name == "cutoff")
      options.cutoff = utils::numeric(FLERR, arg[i + 1], false, lmp);
    else if (name == "any_element" && (value == "yes" || value == "no"))
      options.any_element = value == "yes";
    else if (name == "any_element")
      refuse("any_element " + value + ": expected yes or no");
    else
      refuse(name + " is no option: expected device, threads, mode, key, cutoff or any_element");
  }
  if (mode == WHOLE && comm->nprocs > 1) refuse("mode whole has the system on one rank: expected mode exchange on several");
  options.device = device.c_str();
  open(options);
}

// Opens the file on every rank, and says once what keeps all of them from it.
void PairPainless::open(const pl_options &options)
{
  if (pl_abi() != PL_ABI) refuse("libpainless.so is of another version than painless.h");
  model = pl_open(file.c_str(), &options);

  pl_info info = PL_INFO_INIT;
  int opened = model != nullptr && pl_get_info(model, &info) == PL_OK, any;
  MPI_Allreduce(&opened, &any, 1, MPI_INT, MPI_MAX, world);
  if (!any) refuse(pl_message());
  if (!opened) check(PL_EARGUMENT);
  cutoff = info.cutoff;
  if (!whole()) {
    const int row = pl_row(model);
    check(row);
    comm_forward = (row + 1) / 2;    // two floats in a double
  }
  if (comm->me > 0) return;

  char notes[2048];
  pl_notes(model, notes, sizeof notes);
  utils::logmesg(lmp, "painless " + std::string(pl_version()) + ": " + file + "\n  " +
                     (whole() ? "the whole system on one rank" : "layers' states exchanged between ranks") + ", on " + device +
                     (device == "cpu" ? ", threads of a rank: " + std::to_string(info.threads) : "") + "\n");
  std::istringstream lines(notes);
  for (std::string line; std::getline(lines, line);) utils::logmesg(lmp, "  " + line + "\n");
  if (options.threads > info.threads && device == "cpu")
    error->warning(FLERR, "pair_style painless: threads " + std::to_string(options.threads) + ", but a rank may use cores: " + std::to_string(info.threads) +
                              "; mpirun binds ranks to cores unless it is told --bind-to none");
}

void PairPainless::close()
{
  pl_close(model);
  model = nullptr;
}

// Symbols of the elements, hydrogen first.
static const char symbols[] =
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd "
    "Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac "
    "Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og";

static int atomic_number(const std::string &symbol)
{
  std::istringstream all(symbols);
  int z = 1;
  for (std::string s; all >> s; z++)
    if (s == symbol) return z;
  return 0;
}

// pair_coeff * * H O …: the elements of the types, in their order.
void PairPainless::coeff(int narg, char **arg)
{
  if (strcmp(update->unit_style, "metal") != 0) refuse(std::string("units ") + update->unit_style + ": expected units metal, Å and eV");
  const int types = atom->ntypes;
  if (narg != 2 + types || strcmp(arg[0], "*") != 0 || strcmp(arg[1], "*") != 0)
    refuse("expected pair_coeff * * and the elements of all types, which are " + std::to_string(types));
  number.assign(types + 1, 0);
  symbol.assign(types + 1, "");
  for (int type = 1; type <= types; type++) {
    symbol[type] = arg[1 + type];
    number[type] = atomic_number(symbol[type]);
    if (number[type] == 0) refuse("type " + std::to_string(type) + " is " + symbol[type] + ": expected an element, such as O");
    const double origin[3] = {0, 0, 0};
    if (pl_compute(model, 1, &number[type], origin, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr) < 0) {
      const std::string message = pl_message(), of = "structure 0: atom 0 ";    // which is the type
      refuse("type " + std::to_string(type) + " " + message.substr(message.find(of) == 0 ? of.size() : 0));
    }
  }
  if (!allocated) {
    allocated = 1;
    memory->create(setflag, types + 1, types + 1, "pair:setflag");
    memory->create(cutsq, types + 1, types + 1, "pair:cutsq");
  }
  for (int i = 1; i <= types; i++)
    for (int j = 1; j <= types; j++) setflag[i][j] = 1;
}

// Says where elements stand for the wrong types: the heavier of two elements is the heavier atom, whatever isotopes they are.
void PairPainless::compare_masses()
{
  if (atom->mass == nullptr || comm->me > 0) return;
  for (int i = 1; i <= atom->ntypes; i++)
    for (int j = 1; j <= atom->ntypes; j++)
      if (number[i] < number[j] && atom->mass[i] > 1.1 * atom->mass[j])
        error->warning(FLERR, "pair_style painless: type " + std::to_string(i) + " is " + symbol[i] + " of mass " + std::to_string(atom->mass[i]) +
                                  ", and type " + std::to_string(j) + " " + symbol[j] + " of mass " + std::to_string(atom->mass[j]) +
                                  ": are the elements of pair_coeff in the order of the types?");
}

void PairPainless::init_style()
{
  compare_masses();
  if (domain->dimension != 3) refuse("expected dimension 3");
  if (utils::strmatch(update->integrate_style, "^respa"))
    refuse("run_style respa: expected run_style verlet, as the network's forces have no fast and slow parts");
  for (int k = 1; k <= 3; k++)
    if (atom->molecular && force->special_lj[k] == 0.0 && force->special_coul[k] == 0.0)
      refuse("special_bonds takes pairs of bonded atoms away: expected special_bonds lj/coul 1 1 1");
  if (!whole()) request(neighbor, this, instance_me, 0);
}

double PairPainless::init_one(int, int)
{
  return cutoff;
}

// The group of comm_modify is no one's else but a class's that is a Comm.
struct Ghosts : Comm {
  static int group(const Comm &comm) { return comm.*(&Ghosts::bordergroup); }
};

// At every step, as rerun does without setup.
void PairPainless::see_all()
{
  if (neighbor->exclude_setting() || neighbor->includegroup)
    refuse("neigh_modify exclude or include takes neighbours away that the network must see");
  if (Ghosts::group(*comm) && !whole()) refuse("comm_modify group takes ghosts away that the network must see");
}

// After neigh_modify is known.
void PairPainless::setup()
{
  if (!whole() && comm->me == 0 && (neighbor->delay > 0 || neighbor->every > 1))
    error->warning(FLERR, "pair_style painless: neigh_modify delay " + std::to_string(neighbor->delay) + " every " + std::to_string(neighbor->every) +
                              ": pairs may come within the cutoff unseen, expected delay 0 every 1 check yes");
}

void PairPainless::compute(int eflag, int vflag)
{
  see_all();
  ev_init(eflag, vflag);
  const int own = atom->nlocal, n = whole() ? own : own + atom->nghost;
  numbers.resize(n);
  for (int i = 0; i < n; i++) numbers[i] = number[atom->type[i]];
  forces.resize(3 * own);
  double energy = 0.0, w[3][3];
  if (whole() && device != "cpu" && !eflag_atom && !vflag_atom)
    compute_whole(energy, w);
  else
    compute_domain(n, energy, w);
  add(energy, w);
}

// On a GPU, which finds its neighbours itself.
void PairPainless::compute_whole(double &energy, double (&w)[3][3])
{
  if (numbers.empty()) {
    memset(w, 0, sizeof w);
    return;
  }
  const double cell[3][3] = {{domain->xprd, 0, 0}, {domain->xy, domain->yprd, 0}, {domain->xz, domain->yz, domain->zprd}};
  check(pl_compute(model, numbers.size(), numbers.data(), atom->x[0], cell[0], domain->periodicity, &energy, forces.data(), w[0], nullptr));
}

// A whole system is a domain without ghosts, whose neighbours painless finds.
void PairPainless::compute_domain(int n, double &energy, double (&w)[3][3])
{
  const double cell[3][3] = {{domain->xprd, 0, 0}, {domain->xy, domain->yprd, 0}, {domain->xz, domain->yz, domain->zprd}};
  const double *x = n > 0 ? atom->x[0] : nullptr;
  if (whole())
    check(pl_begin(model, n, n, numbers.data(), x, cell[0], domain->periodicity, 0, nullptr));
  else {
    const int64_t count = gather_pairs();
    check(pl_begin(model, atom->nlocal, n, numbers.data(), x, nullptr, nullptr, count, pairs.data()));
  }
  int what;
  while ((what = pl_step(model)) == PL_EXCHANGE)
    if (!whole()) forward(comm, this, 0);
  check(what);
  if (eflag_atom) atom_energies.resize(atom->nlocal);
  if (vflag_atom) atom_virials.resize(9 * atom->nlocal);
  check(pl_finish(model, &energy, forces.data(), w[0], eflag_atom ? atom_energies.data() : nullptr, vflag_atom ? atom_virials.data() : nullptr));
}

// The pairs of LAMMPS's list, whose indices have bits about bonds.
int64_t PairPainless::gather_pairs()
{
  pairs.assign(2, 0);    // so that there is an array, be it of no pairs
  size_t count = 0;
  for (int k = 0; k < list->inum; k++) count += list->numneigh[list->ilist[k]];
  pairs.resize(2 * count + 2);
  int32_t *to = pairs.data();
  for (int k = 0; k < list->inum; k++) {
    const int i = list->ilist[k], *neighbors = list->firstneigh[i];
    for (int m = 0; m < list->numneigh[i]; m++) {
      *to++ = i;
      *to++ = neighbors[m] & NEIGHMASK;
    }
  }
  return count;
}

// Adds what was computed to LAMMPS's sums. Its virials are xx, yy, zz, xy, xz, yz.
void PairPainless::add(double energy, const double (&w)[3][3])
{
  static const int rows[6] = {0, 1, 2, 0, 0, 1}, columns[6] = {0, 1, 2, 1, 2, 2};
  const int own = atom->nlocal;
  for (int i = 0; i < own; i++)
    for (int c = 0; c < 3; c++) atom->f[i][c] += forces[3 * i + c];
  if (eflag_global) eng_vdwl += energy;
  if (eflag_atom)
    for (int i = 0; i < own; i++) eatom[i] += atom_energies[i];
  for (int k = 0; k < 6; k++) {
    const int a = rows[k], b = columns[k];
    if (vflag_global) virial[k] += 0.5 * (w[a][b] + w[b][a]);
    if (vflag_atom)
      for (int i = 0; i < own; i++) vatom[i][k] += 0.5 * (atom_virials[9 * i + 3 * a + b] + atom_virials[9 * i + 3 * b + a]);
  }
}

int PairPainless::pack_forward_comm(int n, int *list, double *buffer, int, int *)
{
  check(pl_pack(model, n, list, reinterpret_cast<float *>(buffer)));
  return n * comm_forward;
}

void PairPainless::unpack_forward_comm(int n, int first, double *buffer)
{
  check(pl_unpack(model, first, n, reinterpret_cast<float *>(buffer)));
}
