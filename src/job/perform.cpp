#include "foehn/job/perform.hpp"

#include <utility>

#include "foehn/job/run_record.hpp"

namespace foehn::job {

Result perform(const comm::Communicator& world, Planned& planned, std::optional<model::PriorFiles> files,
               const LoadPrior& load, const process::Hardware& hardware, const process::StopToken& stop) {
  const Plan& plan = planned.plan;
  Resources* root = planned.root ? &*planned.root : nullptr;
  if (plan.members.empty()) {
    world.agree_on_root([&] { finish_without_drawing(plan, *root, files->description().domain); });
    return {};
  }
  world.agree_on_root(
      [&] { write_run_record(plan, *root, files->description().domain, "unfinished", nullptr); });
  process::EnergyMeter meter(world, process::gpu_of(hardware.device));
  const std::shared_ptr<const model::PriorBundle> prior = load(std::move(files));
  Result result = run(world, plan, root, *prior, hardware, stop);
  result.cost.energy = meter.read(world);
  world.agree_on_root([&] { finish(plan, *root, prior->description.domain, result); });
  return result;
}

}  // namespace foehn::job
