#include "foehn/job/run.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cost.hpp"
#include "field_check.hpp"
#include "foehn/checkpoint/store.hpp"
#include "foehn/conditioning/field_map.hpp"
#include "foehn/conditioning/scatter.hpp"
#include "foehn/conditioning/scatter_points.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/memory.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/ensemble/output.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/trajectory/slot_check.hpp"
#include "hour_packing.hpp"
#include "member_output.hpp"
#include "member_sampling.hpp"
#include "member_sink.hpp"
#include "observation_check.hpp"
#include "posterior.hpp"
#include "withheld_check.hpp"

namespace foehn::job {

namespace {

/// This rank's slab of one member, to be filled again and again.
at::Tensor empty_slab(const trajectory::Slab& hours, const model::Domain& domain, const at::Device& device) {
  return at::empty(
      {hours.size(), static_cast<std::int64_t>(domain.variables.size()), domain.grid.ny(), domain.grid.nx()},
      at::TensorOptions(at::kFloat).device(device));
}

model::Clock clock_of(const Plan& plan) {
  return {plan.period.calendar, plan.period.first_seconds, plan.period.step_seconds};
}

/// Hours beyond a slab at which its windows may be given coarse fields.
std::int64_t coarse_reach(const Plan& plan) {
  return 2 * plan.windows.markov_order;
}

/// The snapshots of which coarse fields are made for all windows that this rank evaluates, of each driver;
/// none if the prior is given no coarse fields.
/// @param root  null but on the root
/// @note Collective over the world.
std::vector<model::CoarseSnapshots> scatter_snapshots(const comm::Communicator& world, const Plan& plan,
                                                      const Resources* root, const model::PriorBundle& prior,
                                                      const at::Device& device) {
  std::vector<model::CoarseSnapshots> all;
  if (plan.coarse.empty()) return all;
  const model::Domain& domain = prior.description.domain;
  std::shared_ptr<const model::CoarseCells> cells;
  world.agree([&] { cells = model::make_coarse_cells(*prior.description.coarse, domain.grid); });
  for (std::size_t i = 0; i < plan.drivers.size(); ++i) {
    const DrivingData* const data = root != nullptr ? &root->drivers[i] : nullptr;
    all.push_back(cells ? conditioning::scatter_coarse(world, plan.partition(), plan.coarse.front(),
                                                       data != nullptr ? &data->coarse : nullptr, cells,
                                                       domain, coarse_reach(plan), device)
                        : conditioning::scatter_coarse(world, plan.partition(), plan.coarse,
                                                       data != nullptr ? &data->observations : nullptr,
                                                       domain, coarse_reach(plan), device));
    world.agree([&] {
      model::TransformedSnapshots(domain.normalisation, clock_of(plan))
          .replace_observed(domain.of_observations().normalisation.scale(), all.back());
    });
  }
  return all;
}

/// Gives a prior the coarse fields of all windows that this rank evaluates.
/// @param slab  this rank's
/// @return      those of the slab; undefined if it has no hours
at::Tensor give_coarse(const Plan& plan, const model::CoarseSnapshots& snapshots,
                       const model::PriorBundle& prior, const trajectory::Slab& slab) {
  at::Tensor of_slab;
  std::shared_ptr<const model::CoarseFields> fields;
  if (slab.size() > 0) {
    const std::int64_t first = std::max<std::int64_t>(slab.first - coarse_reach(plan), 0),
                       last = std::min(slab.last + coarse_reach(plan), plan.period.hours);
    fields = std::make_shared<const model::CoarseFields>(model::interpolate(
        snapshots, first, last - first,
        model::deviation_of_hours(prior.description.domain.normalisation, clock_of(plan))));
    of_slab = fields->fields.narrow(0, slab.first - first, slab.size());
  }
  prior.set_coarse(std::move(fields));
  return of_slab;
}

/// Gives prior and guidance what drives a member, where another drove the one before.
class Driving {
 public:
  /// @param observations  of the slab, of each driver
  /// @param snapshots     of each driver; none: the prior is given no coarse fields
  /// @param slab          this rank's
  /// @param prior, plan   outlive this
  Driving(const Plan& plan, const model::PriorBundle& prior, const trajectory::Slab& slab,
          std::vector<observation::Observations> observations, std::vector<model::CoarseSnapshots> snapshots)
      : plan_(plan),
        prior_(prior),
        slab_(slab),
        observations_(std::move(observations)),
        snapshots_(std::move(snapshots)) {}

  const std::vector<observation::Observations>& observations() const { return observations_; }
  void drive(std::size_t driver, Posterior& posterior) {
    if (driver == driver_) return;
    if (!snapshots_.empty()) expected_ = give_coarse(plan_, snapshots_[driver], prior_, slab_);
    posterior.condition(plan_, observations_[driver]);
    driver_ = driver;
  }
  /// The coarse fields of the slab; undefined if the prior is given none.
  const at::Tensor& expected() const { return expected_; }

 private:
  const Plan& plan_;
  const model::PriorBundle& prior_;
  trajectory::Slab slab_;
  std::vector<observation::Observations> observations_;
  std::vector<model::CoarseSnapshots> snapshots_;
  std::optional<std::size_t> driver_;
  at::Tensor expected_;
};

/// What brings values of observations together, in the order of a team's ranks. @param ranks  outlives it
observation::Gather gather_of(const comm::Communicator& ranks) {
  return [&ranks](std::span<const double> mine) {
    std::string text;
    for (const std::string& part :
         ranks.gather({reinterpret_cast<const char*>(mine.data()), mine.size_bytes()}))
      text += part;
    ranks.broadcast(text);
    std::vector<double> all(text.size() / sizeof(double));
    std::memcpy(all.data(), text.data(), text.size());
    return all;
  };
}

/// How well a prior's Gaussian part knows fields that noise hides; null if it has none.
observation::FieldMap::Unknown unknown_of(const model::PriorBundle& prior) {
  const auto* const gaussian = dynamic_cast<const model::GaussianPrior*>(prior.gaussian.get());
  if (gaussian == nullptr) return nullptr;
  // It is asked for several times at each level, and looks at all modes.
  return
      [gaussian, asked = -1.0, known = std::vector<double>()](double noise, std::int64_t variable) mutable {
        if (asked != noise) known = gaussian->unknown_of_variables(1, noise);
        asked = noise;
        return known[static_cast<std::size_t>(variable)];
      };
}

/// Checks that bits do not depend on the slots of a batch, of the prior and of its Gaussian part.
/// @param slab  this rank's; without hours it evaluates no windows
void check_slots(const Plan& plan, const model::PriorBundle& prior, const trajectory::Slab& slab,
                 const at::Device& device) {
  if (slab.size() == 0) return;
  const model::Domain& domain = prior.description.domain;
  const auto check = [&](diffusion::WindowDenoiser& windows, std::int64_t markov_order) {
    const std::int64_t hours = 2 * markov_order + 1;
    const std::vector<std::int64_t> window{hours * static_cast<std::int64_t>(domain.variables.size()),
                                           domain.grid.ny(), domain.grid.nx()};
    trajectory::check_slots(
        windows, prior.description.schedule.at(0.5), window, plan.batch,
        at::TensorOptions(at::kFloat).device(device),
        std::clamp<std::int64_t>(slab.first - markov_order, 0, plan.period.hours - hours));
  };
  check(*prior.denoiser, plan.windows.markov_order);
  if (prior.gaussian != nullptr && prior.gaussian != prior.denoiser)
    check(*prior.gaussian, plan.gaussian_windows->markov_order);
}

/// What is done for each member.
/// @param sampling     filled later: drawing needs the output, which needs this
/// @param given        what a member is drawn from; collective over the team
/// @param map  null: operators see what the prior sees
/// @param output, fields_seen  of the root; null on the others
ensemble::MemberWork member_work(const Plan& plan, const HourPacking& packing,
                                 std::optional<MemberSampling>& sampling,
                                 const std::function<MemberSampling::Given(std::int64_t member)>& given,
                                 ObservationCheck& distances, WithheldCheck& withheld,
                                 const observation::FieldMap* map, const MemberOutput* output,
                                 FieldCheck* fields_seen, const process::StopToken& stop) {
  ensemble::MemberWork work;
  work.sample = [&sampling, given, &distances, &withheld, map](std::int64_t member, at::Tensor& fields) {
    if (!sampling->draw(member, given(member), fields)) return false;
    const at::Tensor seen = map != nullptr ? map->apply(fields) : fields;
    distances.add(member, seen);
    withheld.add(member, seen);
    return true;
  };
  work.pack = [&packing](const ensemble::HeldHours& hours, const io::ChunkSpan& span) {
    return serialise(packing.pack(hours, span));
  };
  work.must_stop = [stop] { return stop.is_requested(); };
  work.keep = [&sampling](std::int64_t member, const at::Tensor& fields) { sampling->keep(member, fields); };
  work.sink = [output, fields_seen](std::int64_t member) {
    return std::make_unique<MemberSink>(*fields_seen, output->writer(member));
  };
  work.written = [&plan](std::int64_t member) {
    checkpoint::Store::remove_all(plan.checkpoint_folder_of(member));  // one that stays does no harm
  };
  return work;
}

/// What the run finds of its members, on the root. @note Collective.
std::optional<SelfCheck> self_check(const comm::Communicator& world, const ObservationCheck& distances,
                                    const WithheldCheck& withheld, const FieldCheck* fields_seen) {
  SelfCheck check;
  if (fields_seen != nullptr) check = {fields_seen->members(), fields_seen->finish()};
  distances.finish(world, check);
  check.withheld = withheld.finish(world);
  return fields_seen != nullptr && check.members > 0 ? std::optional(check) : std::nullopt;
}

}  // namespace

Result run(const comm::Communicator& world, const Plan& plan, Resources* root,
           const model::PriorBundle& prior, const process::Hardware& hardware,
           const process::StopToken& stop) {
  world.agree([&] {
    if (prior.description.digest != plan.prior_digest || prior.precision != plan.precision)
      throw core::Error("the prior is not the one that the job was planned for");
  });
  const at::NoGradGuard no_gradients;
  prior.set_clock(clock_of(plan));
  const at::Device device = hardware.device;
  const model::Domain& domain = prior.description.domain;
  const ensemble::Team team = ensemble::make_team(world, plan.ranks_per_member);
  const trajectory::SlabPartition partition = plan.partition();
  const trajectory::Slab hours = partition.slab(team.ranks.rank());
  std::vector<const conditioning::CheckedObservations*> read(plan.drivers.size());
  for (std::size_t i = 0; root != nullptr && i < read.size(); ++i) read[i] = &root->drivers[i].observations;
  std::vector<observation::Observations> observations = conditioning::scatter_observations(
      world, partition, plan.observations, read, plan.period, domain, plan.observation_std, device);
  const auto at_points = [&](const std::vector<conditioning::PointPlacement>& placements, std::size_t driver,
                             const std::vector<conditioning::PointSet> conditioning::PlacedPoints::*sets,
                             const observation::Gather& gather) {
    return conditioning::scatter_points(world, partition, placements,
                                        root != nullptr ? &(root->drivers[driver].points.*sets) : nullptr,
                                        gather, device);
  };
  for (std::size_t i = 0; i < plan.drivers.size(); ++i)
    for (observation::SlabObservations& set :
         at_points(plan.points, i, &conditioning::PlacedPoints::used, gather_of(team.ranks)))
      observations[i].push_back(std::move(set));
  const bool compares = plan.is_conditioned() || !plan.withheld.empty();
  const std::shared_ptr<const observation::FieldMap> map =
      compares ? conditioning::make_field_map(hours, plan.period, domain, device, unknown_of(prior))
               : nullptr;
  WithheldCheck withheld(team, plan, domain,
                         at_points(plan.withheld, 0, &conditioning::PlacedPoints::withheld, {}));
  Driving driving(plan, prior, hours, std::move(observations),
                  scatter_snapshots(world, plan, root, prior, device));
  if (root != nullptr)
    for (DrivingData& data : root->drivers) {
      data.observations.series.clear();
      data.points = {};
      data.coarse = at::Tensor();
    }
  ObservationCheck distances(team, plan, driving.observations(), domain.variables.size());
  const auto transport = comm::make_transport(team.ranks, device, hardware.transport);
  Result result;
  if (root != nullptr) result.cost.loading_seconds = root->seconds();

  const auto members = static_cast<std::int64_t>(plan.members.size());
  const std::int64_t rounds = (members + team.count - 1) / team.count;
  core::Progress progress("sampling", rounds * plan.sampler.steps, "steps", world.is_root());
  const HourPacking packing(plan, domain);
  std::optional<MemberOutput> files;
  std::optional<FieldCheck> fields_seen;
  if (root != nullptr) {
    files.emplace(plan, *root, domain);
    fields_seen.emplace(plan, domain);
  }
  std::optional<MemberSampling> sampling;
  std::optional<Posterior> posterior;
  const auto given = [&](std::int64_t member) -> MemberSampling::Given {
    team.ranks.agree([&] { driving.drive(plan.driver_of(member), *posterior); });
    return {posterior->denoiser(), driving.expected()};
  };
  const ensemble::MemberWork work =
      member_work(plan, packing, sampling, given, distances, withheld, map.get(), files ? &*files : nullptr,
                  fields_seen ? &*fields_seen : nullptr, stop);
  const std::vector<io::ChunkSpan> spans =
      io::chunk_spans(plan.output.file_starts, plan.period.hours, plan.output.chunk_hours);
  ensemble::Output output(world, team, partition, spans, work);
  posterior.emplace(*transport, plan, prior, map, [&output] { output.advance(); });
  world.agree([&] {
    driving.drive(0, *posterior);
    if (!device.is_cpu()) check_slots(plan, prior, hours, device);
  });
  sampling.emplace(
      MemberSampling::Tools{plan, prior.description, team, posterior->ordered_sum(), progress, stop, output},
      hours);
  at::Tensor slab = empty_slab(hours, domain, device);
  Cost& cost = result.cost;
  cost.ensemble = ensemble::run_ensemble(world, team, plan.members, work, output, slab);
  result.is_done = cost.ensemble.is_done;
  if (result.is_done)
    result.self_check = self_check(world, distances, withheld, fields_seen ? &*fields_seen : nullptr);

  const std::vector<double> taken =
      world.gather_all(team.ranks.is_root() ? static_cast<double>(sampling->steps_taken()) : 0);
  cost.steps = std::accumulate(taken.begin(), taken.end(), 0.0);
  cost.peak_memory_megabytes = world.gather_all(core::peak_memory_megabytes());
  cost.teams = team.count;
  cost.work = total_work(world, posterior->work());
  const trajectory::ComposedDenoiser::Work gaussian = total_work(world, posterior->gaussian_work());
  cost.gaussian_products = gaussian.differentiated;
  cost.traffic = cost.work.traffic;
  cost.traffic += gaussian.traffic;
  cost.hosts = count_ranks(world, host_name());
  cost.devices = count_ranks(world, c10::DeviceTypeName(device.type(), true));
  cost.transport = comm::describe(hardware.transport, device);
  cost.solves = summarise(world, team, posterior->solves());
  if (root != nullptr) cost.total_seconds = root->seconds();
  return result;
}

}  // namespace foehn::job
