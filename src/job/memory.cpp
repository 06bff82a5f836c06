#include "memory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"

namespace foehn::job {

namespace {

constexpr double kGiga = 1e9;

/// Copies of a batch's fields: windows, cotangents, estimates or gradients, and what a denoiser makes on the
/// way.
constexpr double kBatchCopies = 6;

/// Lists of the rows that windows are gathered from and handed to, 8 bytes for each hour of a window.
constexpr double kRowLists = 4, kRowBytes = 8;

/// What observation::CorrelatedErrors holds of each value of all ranks.
constexpr double kChainBytes = 32;

/// Copies of coarse fields while variables of several files are put in the order of the prior's.
constexpr double kCoarseCopies = 3;

/// Of a prior with transforms: what linearisation holds (diffusion::Linearisation), and of each transformed
/// variable what it is normalised by, and float64 values on the way.
double slabs_of_map(const Plan& plan, const model::Domain& domain) {
  const auto& transforms = domain.normalisation.transforms();
  const auto count = std::count_if(transforms.begin(), transforms.end(),
                                   [](const observation::Transform& one) { return !one.is_none(); });
  if (count == 0 || !plan.is_conditioned()) return 0;
  return 12 + 14 * static_cast<double>(count) / static_cast<double>(transforms.size());
}

/// Values of a coarse ensemble's members beyond the first, whose share slabs_held has.
double observed_bytes(const Plan& plan, const model::Domain& domain, std::int64_t ranks) {
  double values = 0;
  for (const auto* placements : {&plan.observations, &plan.coarse})
    for (const conditioning::Placement& placement : *placements) {
      const std::int64_t blocks = domain.grid.cells() / (placement.block * placement.block);
      values += static_cast<double>(placement.intervals.size() * placement.variables.size()) *
                static_cast<double>(blocks);
    }
  for (const conditioning::PointPlacement& placement : plan.points)
    values += static_cast<double>(placement.count);
  return 4 * values * static_cast<double>(plan.drivers.size() - 1) / static_cast<double>(ranks);
}

}  // namespace

double slabs_held(const Plan& plan) {
  const bool looks_back = plan.sampler.method != diffusion::Method::ddim;
  double slabs = 1;                                            // an estimate
  if (plan.guidance == Guidance::sda && !plan.gamma) ++slabs;  // A^T 1, in the first step
  if (plan.guidance == Guidance::sda_exact) slabs += 2;        // a gradient, and that through the prior
  if (plan.guidance == Guidance::mmps) {
    const std::int64_t products = plan.solving.solver.steps;
    slabs += 2;
    if (products <= diffusion::kMostSlabsKept) slabs += static_cast<double>(products - 1);
  }
  if (plan.is_conditioned()) slabs += 0.25;  // fields of some of the observations
  // In float64 all these are twice as large, and the state is copied.
  if (plan.visits_float64) slabs = 2 * (slabs + 1);
  slabs += looks_back ? 2 : 1;                // the state, and an estimate before
  if (plan.output.holds_members) slabs += 2;  // one that is drawn, and what is packed of it
  // A checkpoint's, while it is written.
  if (plan.checkpoints.every_minutes > 0 || plan.checkpoints.every_steps > 0) slabs += looks_back ? 2 : 1;
  return slabs;
}

double field_bytes(const Plan& plan, const model::Domain& domain, std::int64_t ranks) {
  const double hour =
      4.0 * static_cast<double>(domain.variables.size()) * static_cast<double>(domain.grid.cells());
  const std::int64_t most_hours = (plan.period.hours + ranks - 1) / ranks;
  const auto hours = static_cast<double>(most_hours);
  const auto halo = static_cast<double>(2 * plan.windows.markov_order);
  const double batch = (plan.visits_float64 ? 2 : 1) * static_cast<double>(plan.batch) * (halo + 1);
  const double rows = kRowLists * kRowBytes * (halo + 1) * hours;
  // What the prior is given at all hours of all windows. To make it takes twice that, before there is a slab.
  const double coarse = plan.coarse.empty() ? 0 : hours + 2 * halo;
  double chains = 0;
  for (const conditioning::PointPlacement& placement : plan.points)
    if (placement.has_correlated_errors()) chains += kChainBytes * static_cast<double>(placement.count);
  return chains + observed_bytes(plan, domain, ranks) +
         hour * ((slabs_held(plan) + slabs_of_map(plan, domain)) * hours + coarse + 2 * halo +
                 kBatchCopies * batch) +
         rows;
}

void check_memory(const Plan& plan, const model::Domain& domain, const std::vector<double>& available) {
  const double least = *std::min_element(available.begin(), available.end());
  const double needed = field_bytes(plan, domain, plan.ranks_per_member);
  if (needed <= least) return;
  std::int64_t ranks = plan.ranks_per_member;
  while (ranks < plan.period.hours && field_bytes(plan, domain, ranks) > least) ++ranks;
  const std::string help = field_bytes(plan, domain, ranks) > least
                               ? "use a smaller sampler.batch"
                               : fmt::format(
                                     "share each member among at least {} ranks with as much memory each "
                                     "(ensemble.ranks_per_member; of foehn tune, tune.ranks_per_trial)",
                                     ranks);
  throw core::Error(fmt::format(
      "time.hours: a trajectory of {} steps on {} rank{} needs {:.1f} GB per rank, found {:.1f} GB: {}, "
      "or a shorter one",
      plan.period.hours, plan.ranks_per_member, plan.ranks_per_member == 1 ? "" : "s", needed / kGiga,
      least / kGiga, help));
}

void check_coarse_memory(std::int64_t snapshots, std::int64_t values, double available) {
  const double needed =
      kCoarseCopies * sizeof(float) * static_cast<double>(snapshots) * static_cast<double>(values);
  if (needed > available)
    throw core::Error(fmt::format(
        "input.observations: {} snapshots of coarse fields need {:.1f} GB on the first rank, found "
        "{:.1f} GB: expected fewer, such as files of a shorter period",
        snapshots, needed / kGiga, available / kGiga));
}

}  // namespace foehn::job
