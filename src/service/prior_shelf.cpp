#include "prior_shelf.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "foehn/job/shared_prior.hpp"

namespace foehn::service {

std::shared_ptr<const model::PriorBundle> PriorShelf::take(const comm::Communicator& world,
                                                           const std::string& digest,
                                                           std::optional<model::PriorFiles> files,
                                                           const at::Device& device,
                                                           model::Precision precision) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) {
    return kept.digest == digest && kept.device == device && kept.precision == precision;
  });
  if (found != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, found);
    return kept_.front().prior;
  }
  // Room is made first: what is loaded and what goes are never there together.
  while (kept_.size() >= most_) kept_.pop_back();
  auto prior = std::make_shared<const model::PriorBundle>(
      job::load_prior(world, std::move(files), at::TensorOptions(at::kFloat).device(device), precision));
  kept_.push_front({digest, device, precision, prior});
  return prior;
}

}  // namespace foehn::service
