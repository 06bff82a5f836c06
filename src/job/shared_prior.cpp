#include "foehn/job/shared_prior.hpp"

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "foehn/io/safetensors.hpp"

namespace foehn::job {

std::optional<model::PriorFiles> open_prior(const comm::Communicator& world,
                                            const std::filesystem::path& folder) {
  std::optional<model::PriorFiles> files;
  world.agree_on_root([&] { files.emplace(folder); });
  return files;
}

model::PriorBundle load_prior(const comm::Communicator& world, std::optional<model::PriorFiles> files,
                              const at::TensorOptions& options) {
  std::string folder = files ? files->folder().string() : "";
  world.broadcast(folder);
  const std::span<const std::byte> nothing;
  std::vector<std::byte> domain = world.broadcast(files ? files->domain_content() : nothing);
  std::vector<std::byte> weights = world.broadcast(files ? files->weights().content() : nothing);
  std::optional<model::PriorBundle> bundle;
  world.agree([&] {
    if (!files) files.emplace(folder, std::move(domain), std::move(weights));
    bundle = files->load(options);
  });
  return std::move(*bundle);
}

}  // namespace foehn::job
