/* pair_style painless for LAMMPS of 2021 to 2026: see docs/lammps.md.
 *
 * SPDX-License-Identifier: GPL-2.0-only
 * It includes LAMMPS's headers, and so comes under LAMMPS's licence: see README.md. */

#ifdef PAIR_CLASS
// clang-format off
PairStyle(painless,PairPainless);
// clang-format on
#else

#ifndef LMP_PAIR_PAINLESS_H
#define LMP_PAIR_PAINLESS_H

#include "pair.h"

#include <cstdint>
#include <string>
#include <vector>

struct pl_model;
struct pl_options;

namespace LAMMPS_NS {

class PairPainless : public Pair {
 public:
  PairPainless(class LAMMPS *);
  ~PairPainless() override;

  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  void setup() override;
  void compute(int, int) override;

  int pack_forward_comm(int, int *, double *, int, int *) override;
  void unpack_forward_comm(int, int, double *) override;

  // refuses a LAMMPS of another version than that of the headers; touches nothing else of it
  static bool fits(void *lmp);

 private:
  enum Mode { BY_RANKS, WHOLE, EXCHANGE };    // BY_RANKS: whole on one rank, else exchange

  Mode mode;
  std::string file, device;
  pl_model *model;
  double cutoff;    // Å

  std::vector<int32_t> number;    // of a type, from 1 on
  std::vector<std::string> symbol;

  // of a step
  std::vector<int32_t> numbers, pairs;                        // [n], [pairs][2]
  std::vector<double> forces, atom_energies, atom_virials;    // [own][3], [own], [own][3][3]

  bool whole() const;
  void open(const pl_options &);
  void close();
  [[noreturn]] void refuse(const std::string &);
  void check(int);
  std::string with_ids(const std::string &) const;
  void compare_masses();
  void see_all();
  void compute_whole(double &, double (&)[3][3]);
  void compute_domain(int, double &, double (&)[3][3]);
  int64_t gather_pairs();
  void add(double, const double (&)[3][3]);
};

}    // namespace LAMMPS_NS

#endif
#endif
