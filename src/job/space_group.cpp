#include "foehn/job/space_group.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>
#include <variant>

#include "foehn/core/error.hpp"
#include "foehn/job/shared_prior.hpp"

namespace foehn::job {

void check_shares_cells(const model::PriorDescription& prior) {
  if (!prior.network || !std::holds_alternative<model::GraphTransformerArchitecture>(*prior.network))
    throw core::UsageError(fmt::format(
        "run.space_ranks: expected 1 with this prior of kind {}, as only graph transformers share "
        "out cells over ranks",
        prior.kind));
}

SpaceGroup::SpaceGroup(const comm::Communicator& world, std::int64_t ranks, const process::Hardware& hardware)
    : world_(world), hardware_(hardware), groups_(world, ranks) {}

void SpaceGroup::share(std::optional<model::PriorFiles> files, const std::vector<std::int64_t>& facts) {
  const auto precision = static_cast<model::Precision>(facts[1]);
  prior_ = std::make_shared<const model::PriorBundle>(job::load_prior(
      world_, std::move(files), at::TensorOptions(at::kFloat).device(hardware_.device), precision));
  prior_->set_clock({static_cast<calendar::Calendar>(facts[2]), facts[3], facts[4]});
  transport_ = comm::make_transport(groups_.group, hardware_.device, hardware_.transport);
  auto* const network = dynamic_cast<model::GraphTransformer*>(prior_->network);
  world_.agree([&] {
    if (network == nullptr) throw core::Error("the prior's network does not share out cells");
    network->share(*transport_);
  });
  network_ = network;
}

std::shared_ptr<const model::PriorBundle> SpaceGroup::load(std::optional<model::PriorFiles> files,
                                                           const Plan& plan) {
  std::vector<std::int64_t> facts{1, static_cast<std::int64_t>(plan.precision),
                                  static_cast<std::int64_t>(plan.period.calendar), plan.period.first_seconds,
                                  plan.period.step_seconds};
  has_teams_ = plan.ranks_per_member < leaders().size();
  world_.broadcast(facts);
  share(std::move(files), facts);
  return prior_;
}

void SpaceGroup::help() {
  std::vector<std::int64_t> facts;
  world_.broadcast(facts);
  if (facts.size() == 1) return;
  share({}, facts);
  network_->serve();
}

void SpaceGroup::release() {
  std::vector<std::int64_t> nothing{0};
  if (network_ != nullptr)
    network_->release();
  else
    world_.broadcast(nothing);
}

}  // namespace foehn::job
