#include "foehn/job/shared_prior.hpp"

#include <ATen/ATen.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/model/gaussian_part.hpp"

namespace foehn::job {

std::optional<model::PriorFiles> open_prior(const comm::Communicator& world,
                                            const std::filesystem::path& folder,
                                            const std::filesystem::path& gaussian) {
  std::optional<model::PriorFiles> files;
  world.agree_on_root([&] {
    files.emplace(folder);
    if (gaussian.empty()) return;
    core::with_context("prior.gaussian", [&] { files->lend(gaussian); });
  });
  return files;
}

namespace {

/// Hands the Gaussian part that the root's prior was lent to all ranks.
/// @param lent  of the root; nothing on the others
std::optional<model::GaussianPart> share(const comm::Communicator& world,
                                         const std::optional<model::GaussianPart>& lent) {
  std::vector<std::int64_t> shape = lent ? lent->lag_covariance.sizes().vec() : std::vector<std::int64_t>();
  world.broadcast(shape);
  if (shape.empty()) return {};
  std::string digest = lent ? lent->digest : "";
  world.broadcast(digest);
  const at::Tensor held = lent ? lent->lag_covariance.contiguous() : at::Tensor();
  std::vector<std::byte> bytes =
      world.broadcast(lent ? std::span(static_cast<const std::byte*>(held.data_ptr()), held.nbytes())
                           : std::span<const std::byte>());
  if (lent) return lent;
  const at::Tensor received = at::from_blob(bytes.data(), shape, at::kDouble).clone();
  return model::GaussianPart{(shape[0] - 1) / 2, received, digest};
}

}  // namespace

model::PriorBundle load_prior(const comm::Communicator& world, std::optional<model::PriorFiles> files,
                              const at::TensorOptions& options, model::Precision precision) {
  std::string folder = files ? files->folder().string() : "";
  world.broadcast(folder);
  const std::span<const std::byte> nothing;
  std::vector<std::byte> domain = world.broadcast(files ? files->domain_content() : nothing);
  std::vector<std::byte> weights = world.broadcast(files ? files->weights().content() : nothing);
  std::optional<model::GaussianPart> lent = share(world, files ? files->lent() : std::nullopt);
  std::optional<model::PriorBundle> bundle;
  world.agree([&] {
    if (!files) {
      files.emplace(folder, std::move(domain), std::move(weights));
      if (lent) files->lend(std::move(*lent));
    }
    bundle = files->load(options, precision);
  });
  return std::move(*bundle);
}

}  // namespace foehn::job
