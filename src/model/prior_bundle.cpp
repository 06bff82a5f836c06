#include "foehn/model/prior_bundle.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/model/conditional_residual.hpp"
#include "foehn/model/edm_denoiser.hpp"
#include "foehn/model/gaussian_preconditioned.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/model/tensor_view.hpp"
#include "model/coarse_form_json.hpp"
#include "model/network_json.hpp"
#include "model/schedule_json.hpp"
#include "model/score_unet_json.hpp"

namespace foehn::model {

namespace {

constexpr const char* kWeightsName = "weights.safetensors";
constexpr const char* kDomainName = "domain.nc";
constexpr const char* kDomainDigest =
    "foehn.domain_digest";  // of the domain that the weights were written with
constexpr const char* kGaussian = "gaussian";
constexpr const char* kScoreUnet = "score-unet";
constexpr const char* kPreconditioned = "gaussian-preconditioned";
constexpr const char* kConditional = "conditional-residual";
constexpr const char* kGraph = "graph-transformer";
constexpr const char* kCovarianceName = "lag_covariance";
constexpr const char* kStaticName = "static_fields";        // that the network knows, [field, y, x]
constexpr const char* kGaussianWindow = "gaussian_window";  // where it is not the network's
constexpr const char* kCoarse = "foehn.coarse";
constexpr std::int64_t kLongestWindow = 1001;
constexpr std::size_t kMostDomainBytes = std::size_t{4} << 30;

/// What a kind of prior is made of. A new kind is a row of kKinds, and the code that makes its denoiser.
struct Kind {
  std::string_view word;        // of the metadata 'foehn.kind'
  std::int64_t network_inputs;  // fields that its network sees, each of the prior's variables; 0: no network
  bool has_gaussian;            // it has a Gaussian part of its own
  bool is_conditional;          // it is given coarse fields
  bool is_graph;  // its network is a graph transformer, else a U-Net, or either where conditional
};

constexpr std::array<Kind, 5> kKinds{{{kGaussian, 0, true, false, false},
                                      {kScoreUnet, 1, false, false, false},
                                      {kPreconditioned, 2, true, false, false},
                                      {kConditional, 2, false, true, false},
                                      {kGraph, 1, false, false, true}}};

/// @throws core::Error listing the kinds
const Kind& kind_of(std::string_view word) {
  const auto* const found = std::ranges::find(kKinds, word, &Kind::word);
  if (found == kKinds.end())
    throw core::Error(
        fmt::format("metadata 'foehn.kind': expected '{}', '{}', '{}', '{}' or '{}', found '{}'", kGaussian,
                    kScoreUnet, kPreconditioned, kConditional, kGraph, word));
  return *found;
}

/// What the weights' metadata say, checked.
struct Metadata {
  std::string kind;
  std::int64_t window = 0;
  std::optional<std::int64_t> gaussian_window;  // of a Gaussian part
  std::vector<std::string> variables;
  diffusion::Schedule schedule;
  std::optional<NetworkArchitecture> network;
  std::optional<CoarseForm> coarse;
  bool transforms_means = false;             // of coarse fields
  std::shared_ptr<const mesh::Graph> graph;  // that the network computes on; null if it needs none
};

void check_window(const char* name, std::int64_t window, std::int64_t least) {
  if (window < least || window % 2 == 0 || window > kLongestWindow)
    throw core::Error(
        fmt::format("metadata 'foehn.architecture': {}: expected an odd number from {} to {}, found {}", name,
                    least, kLongestWindow, window));
}

nlohmann::json parse_json(const io::SafetensorsFile& file, const std::string& key) {
  try {
    return nlohmann::json::parse(file.metadata_value(key));
  } catch (const nlohmann::json::exception& error) {
    throw core::Error(fmt::format("metadata '{}' is not the JSON expected: {}", key, error.what()));
  }
}

/// Of a prior that is given coarse fields.
void check_conditional(const Metadata& metadata) {
  const std::int64_t expected = ConditionalResidual::extra_inputs(metadata.window);
  if (const std::int64_t found = channels_of(*metadata.network).extra_inputs; found != expected)
    throw core::Error(
        fmt::format("metadata 'foehn.architecture': extra_inputs: expected {}, found {}", expected, found));
}

Metadata read_metadata(const io::SafetensorsFile& file) {
  Metadata metadata;
  metadata.kind = file.metadata_value("foehn.kind");
  const Kind& kind = kind_of(metadata.kind);
  const nlohmann::json architecture = parse_json(file, "foehn.architecture");
  const nlohmann::json schedule = parse_json(file, "foehn.schedule");
  try {
    metadata.window = architecture.at("window").get<std::int64_t>();
    if (kind.has_gaussian)
      metadata.gaussian_window =
          kind.network_inputs == 0 ? metadata.window : architecture.value(kGaussianWindow, metadata.window);
    metadata.variables = architecture.at("variables").get<std::vector<std::string>>();
    if (kind.is_graph || (kind.is_conditional && architecture.contains("mesh_level")))
      metadata.network = graph_transformer_architecture(architecture);
    else if (kind.network_inputs > 0)
      metadata.network = score_unet_architecture(architecture);
    metadata.schedule =
        core::with_context("metadata 'foehn.schedule'", [&] { return schedule_from(schedule); });
    if (kind.is_conditional)
      metadata.coarse = core::with_context(fmt::format("metadata '{}'", kCoarse), [&] {
        const nlohmann::json json = parse_json(file, kCoarse);
        metadata.transforms_means = transforms_means(json);
        return coarse_form(json);
      });
  } catch (const nlohmann::json::exception& error) {
    throw core::Error(fmt::format("metadata of the prior: {}", error.what()));
  }
  check_window("window", metadata.window, 1);
  if (metadata.gaussian_window) check_window(kGaussianWindow, *metadata.gaussian_window, metadata.window);
  if (metadata.network)
    core::with_context("metadata 'foehn.architecture'", [&] {
      check_architecture(*metadata.network);
      if (const std::int64_t found = channels_of(*metadata.network).inputs; found != kind.network_inputs)
        throw core::Error(fmt::format("inputs: expected {}, found {}", kind.network_inputs, found));
    });
  if ((kind.is_conditional || kind.is_graph) && metadata.schedule.edm() == nullptr)
    throw core::Error(
        fmt::format("metadata 'foehn.schedule': expected edm for a prior of kind {}", kind.word));
  if (kind.is_conditional) check_conditional(metadata);
  return metadata;
}

std::vector<std::string> variable_names(const Domain& domain) {
  std::vector<std::string> names;
  for (const io::Variable& variable : domain.variables) names.push_back(variable.name);
  return names;
}

/// The covariance's view, of the type and shape that metadata and domain ask for.
const io::TensorView& covariance_view(const io::SafetensorsFile& file, std::int64_t window,
                                      const Domain& domain) {
  const io::TensorView& view = file.tensor(kCovarianceName);
  const auto variables = static_cast<std::int64_t>(domain.variables.size());
  const std::vector<std::int64_t> expected{window, variables, variables, domain.grid.ny(), domain.grid.nx()};
  if (view.type != io::TensorType::f64 || view.shape != expected)
    throw core::Error(fmt::format("tensor '{}': expected F64 [{}], found {} [{}]", kCovarianceName,
                                  fmt::join(expected, ", "), io::tensor_type_name(view.type),
                                  fmt::join(view.shape, ", ")));
  return view;
}

/// The static fields' view, of the shape that network and domain ask for.
const io::TensorView& static_view(const io::SafetensorsFile& file, const NetworkArchitecture& network,
                                  const Domain& domain) {
  const io::TensorView& view = file.tensor(kStaticName);
  const std::vector<std::int64_t> expected{
      static_cast<std::int64_t>(channels_of(network).static_fields.size()), domain.grid.ny(),
      domain.grid.nx()};
  if (view.type != io::TensorType::f32 || view.shape != expected)
    throw core::Error(fmt::format("tensor '{}': expected F32 [{}], found {} [{}]", kStaticName,
                                  fmt::join(expected, ", "), io::tensor_type_name(view.type),
                                  fmt::join(view.shape, ", ")));
  return view;
}

/// @return  the graph that the network computes on; null if it needs none
std::shared_ptr<const mesh::Graph> check_network(const io::SafetensorsFile& file,
                                                 const NetworkArchitecture& network, bool has_gaussian,
                                                 const Domain& domain) {
  auto graph = core::with_context(kDomainName, [&] { return graph_on(domain.grid, network); });
  if (!channels_of(network).static_fields.empty()) static_view(file, network, domain);
  TensorShapes shapes;
  for (const auto& [name, view] : file.tensors()) {
    if (name == kCovarianceName && has_gaussian) continue;
    if (name == kStaticName && !channels_of(network).static_fields.empty()) continue;
    if (view.type == io::TensorType::i64)
      throw core::Error(fmt::format("tensor '{}': expected F16, BF16, F32 or F64, found {}", name,
                                    io::tensor_type_name(view.type)));
    shapes[name] = view.shape;
  }
  check_tensors(expected_tensors(network), shapes);
  return graph;
}

/// Metadata that agree with the file's tensors, by their headers, and with the domain.
Metadata read_checked_metadata(const io::SafetensorsFile& file, const Domain& domain) {
  Metadata metadata = read_metadata(file);
  const std::vector<std::string> names = variable_names(domain);
  if (metadata.variables != names)
    throw core::Error(fmt::format("the weights are for variables [{}], {} has [{}]",
                                  fmt::join(metadata.variables, ", "), kDomainName, fmt::join(names, ", ")));
  if (metadata.network)
    metadata.graph = check_network(file, *metadata.network, metadata.gaussian_window.has_value(), domain);
  if (metadata.coarse)
    core::with_context(fmt::format("metadata '{}'", kCoarse), [&] {
      check_form(*metadata.coarse, domain.grid, names.size());
      const bool is_transformed = observation::any(domain.normalisation.transforms());
      if (is_transformed != metadata.transforms_means)
        throw core::Error(fmt::format("expected transforms_means {}, as {} says, found {}", is_transformed,
                                      kDomainName, metadata.transforms_means));
    });
  if (metadata.gaussian_window) {
    core::with_context(kDomainName, [&] {
      grid::require_rows(domain.grid, "a Gaussian prior's covariance is of waves along rows and columns");
    });
    covariance_view(file, *metadata.gaussian_window, domain);
  }
  return metadata;
}

at::Tensor read_finite(const std::string& name, const io::TensorView& view) {
  at::Tensor tensor = to_tensor(view);
  if (!at::isfinite(tensor).all().item<bool>())
    throw core::Error(fmt::format("tensor '{}' holds values that are not finite", name));
  return tensor;
}

/// @param prior  with a Gaussian part of its own
at::Tensor read_covariance(const io::SafetensorsFile& file, const PriorDescription& prior) {
  return read_finite(kCovarianceName, covariance_view(file, 2 * *prior.gaussian_order + 1, prior.domain));
}

std::map<std::string, at::Tensor> read_network(const io::SafetensorsFile& file) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, view] : file.tensors())
    if (name != kCovarianceName && name != kStaticName) tensors[name] = read_finite(name, view);
  return tensors;
}

/// A prior's denoiser, and its Gaussian part.
struct Denoisers {
  std::shared_ptr<diffusion::WindowDenoiser> whole, gaussian;
  Network* network = nullptr;                  // of whole
  ConditionalResidual* conditional = nullptr;  // whole itself
};

/// Of a prior to which no Gaussian part is lent.
/// @param graph  that its network computes on
Denoisers make_denoisers(const io::SafetensorsFile& file, const PriorDescription& prior,
                         std::shared_ptr<const mesh::Graph> graph, const at::TensorOptions& options,
                         Precision precision) {
  if (!prior.network) {
    const auto gaussian = std::make_shared<GaussianPrior>(read_covariance(file, prior), options);
    return {gaussian, gaussian};
  }
  auto network = make_network(*prior.network, read_network(file), std::move(graph), options, precision);
  set_tiles(*network, *prior.network, prior.domain.grid);
  Network* const its_network = network.get();
  if (!network->channels().static_fields.empty())
    network->set_static_fields(read_finite(kStaticName, static_view(file, *prior.network, prior.domain)));
  if (prior.coarse) {
    const auto conditional = std::make_shared<ConditionalResidual>(
        std::move(network), prior.schedule.edm()->sigma_data, *prior.coarse);
    return {conditional, nullptr, its_network, conditional.get()};
  }
  if (!kind_of(prior.kind).has_gaussian) {
    if (const diffusion::Edm* edm = prior.schedule.edm())
      return {std::make_shared<EdmDenoiser>(std::move(network), edm->sigma_data), nullptr, its_network};
    return {std::shared_ptr<Network>(std::move(network)), nullptr, its_network};
  }
  const at::Tensor covariance = read_covariance(file, prior);
  // What a network corrects is the same process, of the hours that it sees.
  const auto corrected = std::make_shared<GaussianPreconditioned>(
      GaussianPrior(covariance.narrow(0, 0, 2 * prior.markov_order + 1), options), std::move(network));
  if (prior.gaussian_order == prior.markov_order)
    return {corrected, {corrected, &corrected->gaussian()}, its_network};
  return {corrected, std::make_shared<GaussianPrior>(covariance, options), its_network};
}

/// Weights and domain of two fits may agree in shape and still not belong together.
void check_pair(const io::SafetensorsFile& file, const std::filesystem::path& domain,
                const std::string& domain_digest) {
  const auto digest = file.metadata().find(kDomainDigest);
  if (digest != file.metadata().end() && digest->second != domain_digest)
    throw core::Error(fmt::format("they were written with another {}: metadata '{}' is not its digest",
                                  domain.string(), kDomainDigest));
}

std::string_view as_text(std::span<const std::byte> content) {
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

std::vector<std::byte> read_domain_content(const std::filesystem::path& path) {
  const std::string text = io::read_small_file(path, kMostDomainBytes);
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

template <class Use>
auto in_weights(const std::filesystem::path& folder, Use&& use) {
  return core::with_context(fmt::format("reading the prior's weights {}", (folder / kWeightsName).string()),
                            std::forward<Use>(use));
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
  } catch (const std::exception& failure) {
    std::filesystem::remove(weights, error);
    std::filesystem::remove(domain, error);
    throw core::Error(fmt::format("writing the prior {}: {}", folder.string(), failure.what()));
  }
}

}  // namespace

void check_precision(Precision precision, const PriorDescription& prior) {
  if (precision != Precision::fp32 && !prior.network)
    throw core::UsageError(fmt::format(
        "run.precision: {} is an arithmetic of networks, and a prior of kind {} has none; expected "
        "fp32",
        core::name_of(precision), prior.kind));
}

PriorFiles::PriorFiles(const std::filesystem::path& folder, std::vector<std::byte> domain,
                       std::vector<std::byte> weights, Domain read)
    : folder_(folder),
      domain_(std::move(domain)),
      weights_content_(std::move(weights)),
      weights_(weights_content_.empty()
                   ? std::make_unique<io::SafetensorsFile>(folder / kWeightsName)
                   : std::make_unique<io::SafetensorsFile>(folder / kWeightsName, weights_content_)),
      description_(in_weights(folder, [&] {
        const std::string domain_digest = core::sha256(as_text(domain_));
        check_pair(*weights_, folder / kDomainName, domain_digest);
        Metadata metadata = read_checked_metadata(*weights_, read);
        graph_ = std::move(metadata.graph);
        const auto order = [](std::int64_t window) { return (window - 1) / 2; };
        return PriorDescription{
            metadata.kind,
            std::move(read),
            order(metadata.window),
            metadata.schedule,
            metadata.network,
            metadata.gaussian_window ? std::optional(order(*metadata.gaussian_window)) : std::nullopt,
            metadata.coarse,
            core::sha256(core::sha256(as_text(weights_->content())) + domain_digest)};
      })) {}

PriorFiles::PriorFiles(const std::filesystem::path& folder)
    : PriorFiles(folder, read_domain_content(folder / kDomainName), {}) {}

PriorFiles::PriorFiles(const std::filesystem::path& folder, std::vector<std::byte> domain,
                       std::vector<std::byte> weights)
    : PriorFiles(folder, domain, std::move(weights), read_domain(folder / kDomainName, domain)) {}

PriorFiles::~PriorFiles() = default;
PriorFiles::PriorFiles(PriorFiles&&) noexcept = default;

void PriorFiles::check_may_be_lent() const {
  if (description_.coarse)
    throw core::Error(fmt::format(
        "the prior {} is of kind {}, whose covariance, given coarse fields, no other prior's stands for",
        folder_.string(), description_.kind));
  if (description_.gaussian_order)
    throw core::Error(fmt::format("the prior {} is of kind {}, which has a Gaussian part of its own",
                                  folder_.string(), description_.kind));
}

void PriorFiles::lend(const std::filesystem::path& gaussian) {
  check_may_be_lent();
  lend(load_gaussian_part(gaussian, description_.domain));
}

void PriorFiles::lend(GaussianPart part) {
  check_may_be_lent();
  description_.gaussian_order = part.markov_order;
  description_.digest = core::sha256(description_.digest + part.digest);
  lent_ = std::move(part);
}

PriorBundle PriorFiles::load(const at::TensorOptions& options, Precision precision) const {
  return in_weights(folder_, [&] {
    Denoisers made = make_denoisers(*weights_, description_, graph_, options, precision);
    if (lent_) made.gaussian = std::make_shared<GaussianPrior>(lent_->lag_covariance, options);
    return PriorBundle{description_, std::move(made.whole), std::move(made.gaussian),
                       precision,    made.network,          made.conditional};
  });
}

PriorDescription describe_prior(const std::filesystem::path& folder) {
  return PriorFiles(folder).description();
}

std::string prior_digest(const std::filesystem::path& folder) {
  return core::sha256(core::sha256_of_file(folder / kWeightsName) +
                      core::sha256_of_file(folder / kDomainName));
}

PriorBundle load_prior(const std::filesystem::path& folder, const at::TensorOptions& options,
                       Precision precision) {
  return PriorFiles(folder).load(options, precision);
}

GaussianBundle load_gaussian_prior(const std::filesystem::path& folder) {
  const PriorFiles files(folder);
  const PriorDescription& prior = files.description();
  return in_weights(folder, [&] {
    if (prior.kind != kGaussian)
      throw core::Error(
          fmt::format("metadata 'foehn.kind': expected '{}', found '{}'", kGaussian, prior.kind));
    return GaussianBundle{prior.domain, read_covariance(files.weights(), prior), prior.schedule,
                          prior.digest};
  });
}

NetworkBundle load_network(const std::filesystem::path& folder) {
  const PriorFiles files(folder);
  return in_weights(folder, [&] {
    if (!files.description().network)
      throw core::Error(fmt::format("metadata 'foehn.kind': expected a prior with a network, found '{}'",
                                    files.description().kind));
    return NetworkBundle{files.description(), read_network(files.weights())};
  });
}

namespace {

/// A view of a tensor that stays: on the host, contiguous.
io::TensorView view_of(const at::Tensor& tensor) {
  const io::TensorType type = tensor.scalar_type() == at::kDouble ? io::TensorType::f64
                              : tensor.scalar_type() == at::kHalf ? io::TensorType::f16
                                                                  : io::TensorType::f32;
  return {type, tensor.sizes().vec(), {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()}};
}

void save(const std::filesystem::path& folder, const Domain& domain,
          const std::map<std::string, at::Tensor>& tensors, const diffusion::Schedule& schedule,
          std::map<std::string, std::string> metadata) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw core::Error(fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
  metadata["foehn.schedule"] = schedule_json(schedule).dump();
  std::map<std::string, io::TensorView> views;
  for (const auto& [name, tensor] : tensors) views[name] = view_of(tensor);
  publish_both(folder,
               [&](const std::filesystem::path& weights_path, const std::filesystem::path& domain_path) {
                 write_domain(domain_path, domain);
                 metadata[kDomainDigest] = core::sha256_of_file(domain_path);
                 io::write_safetensors(weights_path, views, metadata);
               });
}

}  // namespace

void save_gaussian_prior(const std::filesystem::path& folder, const Domain& domain,
                         const at::Tensor& lag_covariance, const diffusion::Schedule& schedule,
                         const std::map<std::string, std::string>& remarks) {
  const nlohmann::json architecture{{"window", lag_covariance.size(0)},
                                    {"variables", variable_names(domain)}};
  std::map<std::string, std::string> metadata = remarks;
  metadata["foehn.kind"] = kGaussian;
  metadata["foehn.architecture"] = architecture.dump();
  save(folder, domain, {{kCovarianceName, lag_covariance.contiguous()}}, schedule, std::move(metadata));
}

void save_network_prior(const std::filesystem::path& folder, const Domain& domain, const NetworkPrior& prior,
                        const diffusion::Schedule& schedule) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, tensor] : prior.tensors)
    tensors[name] = tensor.detach().to(at::kCPU, prior.as_float16 ? at::kHalf : at::kFloat).contiguous();
  std::map<std::string, std::string> metadata = prior.remarks;
  metadata["foehn.kind"] = prior.coarse                     ? kConditional
                           : prior.lag_covariance.defined() ? kPreconditioned
                           : std::holds_alternative<GraphTransformerArchitecture>(prior.architecture)
                               ? kGraph
                               : kScoreUnet;
  if (prior.coarse)
    metadata[kCoarse] =
        coarse_json(*prior.coarse, observation::any(domain.normalisation.transforms())).dump();
  if (prior.static_fields.defined())
    tensors[kStaticName] = prior.static_fields.to(at::kCPU, at::kFloat).contiguous();
  nlohmann::json architecture = network_json(prior.architecture, variable_names(domain));
  if (prior.lag_covariance.defined()) {
    tensors[kCovarianceName] = prior.lag_covariance.contiguous();
    if (const auto window = prior.lag_covariance.size(0); window != channels_of(prior.architecture).window)
      architecture[kGaussianWindow] = window;
  }
  metadata["foehn.architecture"] = architecture.dump();
  save(folder, domain, tensors, schedule, std::move(metadata));
}

}  // namespace foehn::model
