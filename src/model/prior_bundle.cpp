#include "foehn/model/prior_bundle.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <system_error>

#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/model/gaussian_prior.hpp"

namespace foehn::model {

namespace {

constexpr const char* kWeightsName = "weights.safetensors";
constexpr const char* kDomainName = "domain.nc";
constexpr const char* kCovarianceName = "lag_covariance";
constexpr std::int64_t kLongestWindow = 1001;

/// What the weights' metadata say, checked.
struct Architecture {
  std::string kind;
  std::int64_t window = 0;
  std::vector<std::string> variables;
  diffusion::VpCosine schedule;
};

nlohmann::json parse_json(const io::SafetensorsFile& file, const std::string& key) {
  try {
    return nlohmann::json::parse(file.metadata_value(key));
  } catch (const nlohmann::json::exception& error) {
    throw core::Error(fmt::format("metadata '{}' is not the JSON expected: {}", key, error.what()));
  }
}

Architecture read_architecture(const io::SafetensorsFile& file) {
  Architecture architecture;
  architecture.kind = file.metadata_value("foehn.kind");
  if (architecture.kind != "gaussian")
    throw core::Error(
        fmt::format("metadata 'foehn.kind': expected 'gaussian', found '{}'", architecture.kind));
  const nlohmann::json shape = parse_json(file, "foehn.architecture");
  const nlohmann::json schedule = parse_json(file, "foehn.schedule");
  try {
    architecture.window = shape.at("window").get<std::int64_t>();
    architecture.variables = shape.at("variables").get<std::vector<std::string>>();
    if (const auto name = schedule.at("name").get<std::string>(); name != "vp-cosine")
      throw core::Error(fmt::format("metadata 'foehn.schedule': expected 'vp-cosine', found '{}'", name));
    architecture.schedule.eta = schedule.at("eta").get<double>();
  } catch (const nlohmann::json::exception& error) {
    throw core::Error(fmt::format("metadata of the prior: {}", error.what()));
  }
  if (architecture.window < 1 || architecture.window % 2 == 0 || architecture.window > kLongestWindow)
    throw core::Error(
        fmt::format("metadata 'foehn.architecture': window: expected an odd number up to {}, found {}",
                    kLongestWindow, architecture.window));
  if (!(architecture.schedule.eta > 0 && architecture.schedule.eta < 1))
    throw core::Error(
        fmt::format("metadata 'foehn.schedule': eta: expected a number between 0 and 1, found {}",
                    architecture.schedule.eta));
  return architecture;
}

void check_against_domain(const Architecture& architecture, const Domain& domain) {
  std::vector<std::string> names;
  for (const io::Variable& variable : domain.variables) names.push_back(variable.name);
  if (architecture.variables != names)
    throw core::Error(fmt::format("the weights are for variables [{}], {} has [{}]",
                                  fmt::join(architecture.variables, ", "), kDomainName,
                                  fmt::join(names, ", ")));
}

/// The covariance's view, of the type and shape that architecture and domain ask for.
const io::TensorView& covariance_view(const io::SafetensorsFile& file, const Architecture& architecture,
                                      const Domain& domain) {
  const io::TensorView& view = file.tensor(kCovarianceName);
  const auto variables = static_cast<std::int64_t>(domain.variables.size());
  const std::vector<std::int64_t> expected{architecture.window, variables, variables, domain.grid.ny(),
                                           domain.grid.nx()};
  if (view.type != io::TensorType::f64 || view.shape != expected)
    throw core::Error(fmt::format("tensor '{}': expected F64 [{}], found {} [{}]", kCovarianceName,
                                  fmt::join(expected, ", "), io::tensor_type_name(view.type),
                                  fmt::join(view.shape, ", ")));
  return view;
}

at::Tensor read_covariance(const io::TensorView& view) {
  at::Tensor covariance = at::empty(view.shape, at::kDouble);
  std::memcpy(covariance.data_ptr(), view.bytes.data(), view.bytes.size());
  if (!at::isfinite(covariance).all().item<bool>())
    throw core::Error(fmt::format("tensor '{}' holds values that are not finite", kCovarianceName));
  return covariance;
}

template <class Use>
auto with_weights(const std::filesystem::path& folder, Use&& use) {
  const std::filesystem::path path = folder / kWeightsName;
  const io::SafetensorsFile file(path);
  return core::with_context(fmt::format("reading the prior's weights {}", path.string()),
                            [&] { return use(file); });
}

/// Lets `write` write both files under other names in the folder, and renames them when both are whole: a
/// prior's weights and domain belong together.
void publish_both(const std::filesystem::path& folder,
                  const std::function<void(const std::filesystem::path& weights,
                                           const std::filesystem::path& domain)>& write) {
  const std::filesystem::path weights = folder / fmt::format(".new.{}", kWeightsName);
  const std::filesystem::path domain = folder / fmt::format(".new.{}", kDomainName);
  std::error_code error;
  try {
    write(weights, domain);
    std::filesystem::rename(weights, folder / kWeightsName);
    std::filesystem::rename(domain, folder / kDomainName);
  } catch (const std::filesystem::filesystem_error& failure) {
    throw core::Error(fmt::format("writing the prior {}: {}", folder.string(), failure.code().message()));
  } catch (...) {
    std::filesystem::remove(weights, error);
    std::filesystem::remove(domain, error);
    throw;
  }
}

}  // namespace

PriorDescription describe_prior(const std::filesystem::path& folder) {
  PriorDescription description{"", read_domain(folder / kDomainName), 0};
  with_weights(folder, [&](const io::SafetensorsFile& file) {
    const Architecture architecture = read_architecture(file);
    check_against_domain(architecture, description.domain);
    covariance_view(file, architecture, description.domain);
    description.kind = architecture.kind;
    description.markov_order = (architecture.window - 1) / 2;
  });
  return description;
}

std::string prior_digest(const std::filesystem::path& folder) {
  return core::sha256(core::sha256_of_file(folder / kWeightsName) +
                      core::sha256_of_file(folder / kDomainName));
}

PriorBundle load_prior(const std::filesystem::path& folder, const at::TensorOptions& options) {
  Domain domain = read_domain(folder / kDomainName);
  return with_weights(folder, [&](const io::SafetensorsFile& file) {
    const Architecture architecture = read_architecture(file);
    check_against_domain(architecture, domain);
    auto denoiser = std::make_unique<GaussianPrior>(
        read_covariance(covariance_view(file, architecture, domain)), options);
    return PriorBundle{architecture.kind, std::move(domain), (architecture.window - 1) / 2,
                       architecture.schedule, std::move(denoiser)};
  });
}

void save_gaussian_prior(const std::filesystem::path& folder, const Domain& domain,
                         const at::Tensor& lag_covariance, const diffusion::VpCosine& schedule) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw core::Error(fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
  std::vector<std::string> names;
  for (const io::Variable& variable : domain.variables) names.push_back(variable.name);
  const nlohmann::json architecture{{"window", lag_covariance.size(0)}, {"variables", names}};
  const nlohmann::json schedule_json{{"name", "vp-cosine"}, {"eta", schedule.eta}};

  const at::Tensor covariance = lag_covariance.contiguous();
  const io::TensorView view{io::TensorType::f64,
                            covariance.sizes().vec(),
                            {static_cast<const std::byte*>(covariance.data_ptr()),
                             static_cast<std::size_t>(covariance.numel()) * sizeof(double)}};
  publish_both(folder,
               [&](const std::filesystem::path& weights_path, const std::filesystem::path& domain_path) {
                 write_domain(domain_path, domain);
                 io::write_safetensors(weights_path, {{kCovarianceName, view}},
                                       {{"foehn.kind", "gaussian"},
                                        {"foehn.architecture", architecture.dump()},
                                        {"foehn.schedule", schedule_json.dump()}});
               });
}

}  // namespace foehn::model
