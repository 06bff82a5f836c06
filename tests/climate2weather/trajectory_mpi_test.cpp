// Composition, guidance and sampling with a network, against vectors of an independent implementation.
// Another folder of the same form is taken through FOEHN_REFERENCE_DIR; settings come from its metadata.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "diffusion/sample_whole.hpp"
#include "foehn/comm/communicator.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/model/score_unet.hpp"
#include "foehn/model/tensor_view.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"
#include "model/score_unet_json.hpp"
#include "observation/snapshots.hpp"

namespace foehn::trajectory_mpi_test {
namespace {

constexpr std::int64_t kBatch = 4;

/// Where a file of vectors is: in the folder asked for, else with the tests, else (the large ones) beside the
/// repository.
std::filesystem::path path_of(const std::string& name) {
  const std::filesystem::path file = name + ".safetensors";
  if (const char* folder = std::getenv("FOEHN_REFERENCE_DIR")) return std::filesystem::path(folder) / file;
  const std::filesystem::path near = std::filesystem::path(FOEHN_TEST_REFERENCE) / file;
  return std::filesystem::exists(near)
             ? near
             : std::filesystem::path(FOEHN_TEST_REFERENCE "/../../../shared/reference/climate2weather") /
                   file;
}

/// One file of vectors.
class Vectors {
 public:
  explicit Vectors(const std::string& name) : file_(path_of(name)) {}
  at::Tensor operator()(const std::string& name) const {
    return model::to_tensor(file_.tensor(name)).to(at::kFloat);
  }
  double number(const std::string& key) const { return std::stod(file_.metadata_value(key)); }
  std::int64_t integer(const std::string& key) const { return std::stoll(file_.metadata_value(key)); }
  const io::SafetensorsFile& file() const { return file_; }

 private:
  io::SafetensorsFile file_;
};

model::ScoreUnet load_network(at::ScalarType type) {
  const Vectors weights("unet_weights");
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, view] : weights.file().tensors()) tensors[name] = model::to_tensor(view);
  const auto architecture =
      model::score_unet_architecture(nlohmann::json::parse(weights.file().metadata_value("architecture")));
  return {architecture, tensors, type};
}

/// A trajectory of the reference, split over the ranks of this job at the observations' hours.
class Split {
 public:
  Split(std::int64_t hours, std::int64_t markov_order, std::int64_t period, at::ScalarType type = at::kFloat)
      : Split(hours, markov_order, period, type, comm::Communicator::world()) {}
  Split(std::int64_t hours, std::int64_t markov_order, std::int64_t period, at::ScalarType type,
        const comm::Communicator& team)
      : world_(team.split(0)),
        network_(load_network(type)),
        partition_(hours, world_.size(), 0, period),
        mine_(partition_.slab(world_.rank())),
        period_(period),
        composed_(network_, *transport_, partition_, {hours, markov_order, 1}, kBatch) {}

  trajectory::ComposedDenoiser& composed() { return composed_; }
  const comm::Communicator& world() const { return world_; }
  const trajectory::SlabPartition& partition() const { return partition_; }
  at::Tensor slab_of(const at::Tensor& trajectory) const {
    return trajectory.narrow(0, mine_.first, mine_.size()).clone();
  }

  observation::Observations observations(const at::Tensor& values, const at::Tensor& std,
                                         std::int64_t block) const {
    std::vector<std::int64_t> rows;
    std::vector<at::Tensor> chosen;
    for (std::int64_t i = 0; i < values.size(0); ++i) {
      if (!mine_.contains(i * period_)) continue;
      rows.push_back(i * period_ - mine_.first);
      chosen.push_back(values[i]);
    }
    return observation::snapshots(observation::BlockMean(block), rows,
                                  chosen.empty() ? values.narrow(0, 0, 0) : at::stack(chosen),
                                  std.square().reshape({-1, 1, 1}));
  }

  /// The largest difference of any rank's slab, relative to the largest expected value of the whole
  /// trajectory.
  void expect_near(const std::string& what, const at::Tensor& found, const at::Tensor& expected,
                   double tolerance) const {
    const at::Tensor difference = (found - slab_of(expected)).abs();
    double largest = difference.numel() == 0 ? 0 : difference.max().item<double>();
    if (!std::isfinite(largest)) largest = INFINITY;
    MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, world_.handle());
    const double relative = largest / expected.abs().max().item<double>();
    if (world_.is_root())
      std::cout << what << ": largest difference " << relative << " of the largest value, allowed "
                << tolerance << '\n';
    EXPECT_LE(relative, tolerance) << what;
  }

  /// Draws a sample from the reference's own noise.
  at::Tensor sample(diffusion::TrajectoryDenoiser& denoiser, const Vectors& vectors,
                    std::int64_t corrections) const {
    const at::Tensor noise = vectors("noise");
    diffusion::Surroundings surroundings;
    surroundings.fill_noise = [&](at::Tensor& slab, std::uint32_t draw) {
      slab.copy_(slab_of(draw == 0 ? noise : vectors("corrector_noise")[draw - 1]));
    };
    surroundings.ordered_sum = [&](std::span<const double> values) { return world_.ordered_sum(values); };
    surroundings.trajectory_values = noise.numel();
    surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
    at::Tensor slab = slab_of(noise);
    diffusion::sample_whole(denoiser, {},
                            {.method = diffusion::Method::ddim,
                             .steps = vectors.integer("steps"),
                             .spacing = diffusion::Spacing::time,
                             .corrections = corrections,
                             .tau = vectors.number("tau")},
                            surroundings, slab);
    return slab;
  }

 private:
  comm::Communicator world_;
  std::unique_ptr<comm::Transport> transport_ = comm::make_transport(world_);
  model::ScoreUnet network_;
  trajectory::SlabPartition partition_;
  trajectory::Slab mine_;
  std::int64_t period_;
  trajectory::ComposedDenoiser composed_;
};

diffusion::NoiseLevel level_of(const Vectors& vectors) {
  return diffusion::VpCosine{}.at(vectors("t").to(at::kDouble).item<double>());
}

TEST(Climate2Weather, ComposesThroughTimeAsAlgorithmOne) {
  const Vectors vectors("compose");
  const at::Tensor x = vectors("x");
  Split split(x.size(0), vectors.integer("k"), 1);
  split.expect_near("compose", split.composed().noise_estimate(split.slab_of(x), level_of(vectors)),
                    vectors("eps"), 1e-5);
}

TEST(Climate2Weather, GuidesWithAndWithoutGradients) {
  const Vectors vectors("guidance");
  const at::Tensor x = vectors("x");
  Split split(x.size(0), vectors.integer("k"), vectors.integer("every_hours"));
  const auto observations = split.observations(vectors("y"), vectors("std"), vectors.integer("block"));
  const double gamma = vectors.number("gamma");
  diffusion::SdaGuidance approximate(split.composed(), observations, gamma);
  diffusion::SdaExactGuidance exact(split.composed(), observations, gamma);
  const at::Tensor slab = split.slab_of(x);
  split.expect_near("sda", approximate.noise_estimate(slab, level_of(vectors)), vectors("eps_approx"), 1e-5);
  split.expect_near("sda-exact", exact.noise_estimate(slab, level_of(vectors)), vectors("eps_exact"), 1e-4);
}

TEST(Climate2Weather, DifferentiatesAcrossASlabBorder) {
  // An observed hour's estimate, and how it changes with the hour before it, which another rank owns.
  const Vectors vectors("guidance");
  const at::Tensor x = vectors("x").to(at::kDouble);
  const std::int64_t period = vectors.integer("every_hours");
  Split split(x.size(0), vectors.integer("k"), period, at::kDouble);
  const std::int64_t observed = split.world().size() > 1 ? split.partition().slab(1).first : 2 * period;
  at::manual_seed(50);
  at::Tensor direction = at::zeros_like(x), cotangent = at::zeros_like(x);
  direction[observed - 1] = at::randn_like(x[0]);
  cotangent[observed] = at::randn_like(x[0]);

  const auto dot = [&](const at::Tensor& a, const at::Tensor& b) {
    return split.world().ordered_sum(std::vector<double>{(a * b).sum().item<double>()});
  };
  const diffusion::NoiseLevel level = level_of(vectors);
  const auto estimate = [&](double step) {
    return split.composed().noise_estimate(split.slab_of(x + step * direction), level);
  };
  const double step = 1e-4;
  const double difference = dot((estimate(step) - estimate(-step)) / (2 * step), split.slab_of(cotangent));
  const double product = dot(split.slab_of(direction),
                             split.composed().noise_vjp(split.slab_of(x), level, split.slab_of(cotangent)));
  if (split.world().is_root())
    std::cout << "derivative across hour " << observed << ": by differences " << difference
              << ", by the product " << product << '\n';
  EXPECT_GT(std::abs(product), 1e-3);
  EXPECT_NEAR(product, difference, 1e-5 * std::abs(product));
}

TEST(Climate2Weather, MomentMatchingSolvesItsEquationAcrossASlabBorder) {
  // With g = J^T A^T v, found from what the guidance returns: (R + (sigma^2/mu) A J^T A^T) v = r gives v, and
  // <d, g> must be <A J d, v>, here for a direction d in the hour before one that is observed and that
  // another rank owns.
  const Vectors vectors("guidance");
  const at::Tensor x = vectors("x").to(at::kDouble);
  const std::int64_t period = vectors.integer("every_hours");
  Split split(x.size(0), vectors.integer("k"), period, at::kDouble);
  const auto observations = split.observations(vectors("y").to(at::kDouble), vectors("std").to(at::kDouble),
                                               vectors.integer("block"));
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.05);
  const auto ordered_sum = [&](std::span<const double> values) { return split.world().ordered_sum(values); };
  diffusion::SolveReport report;
  diffusion::MmpsGuidance guided(split.composed(), observations,
                                 {.solver = {.steps = 100, .tolerance = 1e-11},
                                  .gamma = 1,
                                  .ordered_sum = ordered_sum,
                                  .report = [&](const diffusion::SolveReport& done) { report = done; }});
  const at::Tensor slab = split.slab_of(x);
  const at::Tensor eps = split.composed().noise_estimate(slab, level);
  const at::Tensor g = (eps - guided.noise_estimate(slab, level)) / level.sigma;
  ASSERT_LE(report.residual, 1e-11);
  EXPECT_FALSE(report.is_indefinite);

  const auto clean = [&](const at::Tensor& noisy) {
    return (noisy - level.sigma * split.composed().noise_estimate(noisy, level)) / level.mu;
  };
  const std::int64_t observed = split.world().size() > 1 ? split.partition().slab(1).first : 2 * period;
  at::manual_seed(51);
  at::Tensor direction = at::zeros_like(x);
  direction[observed - 1] = at::randn_like(x[0]);
  const double step = 1e-5;
  const at::Tensor derivative =
      (clean(split.slab_of(x + step * direction)) - clean(split.slab_of(x - step * direction))) / (2 * step);
  const at::Tensor x_hat = clean(slab);
  const observation::SlabObservations& set = observations.front();
  const at::Tensor misfit = set.values() - set.apply(x_hat);
  const at::Tensor v = (misfit - level.sigma * level.sigma / level.mu * set.apply(g)) / set.variance();
  double by_differences = (set.apply(derivative) * v).sum().item<double>();
  by_differences = split.world().ordered_sum(std::vector<double>{by_differences});
  const double product =
      split.world().ordered_sum(std::vector<double>{(split.slab_of(direction) * g).sum().item<double>()});
  if (split.world().is_root())
    std::cout << "mmps across hour " << observed << ": " << report.steps << " solver steps; by differences "
              << by_differences << ", by the product " << product << '\n';
  EXPECT_GT(std::abs(product), 1e-6);
  EXPECT_NEAR(product, by_differences, 1e-5 * std::abs(product));
}

TEST(Climate2Weather, MomentMatchingGivesTheSameBitsAsOnOneRank) {
  const Vectors vectors("guidance");
  const at::Tensor x = vectors("x");
  const auto guided_estimate = [&](const comm::Communicator& team) {
    Split split(x.size(0), vectors.integer("k"), vectors.integer("every_hours"), at::kFloat, team);
    diffusion::MmpsGuidance guided(
        split.composed(), split.observations(vectors("y"), vectors("std"), vectors.integer("block")),
        {.solver = {.steps = 2, .tolerance = {}},
         .gamma = 1,
         .ordered_sum = [&](std::span<const double> values) { return team.ordered_sum(values); }});
    return guided.noise_estimate(split.slab_of(x), level_of(vectors));
  };
  const comm::Communicator world = comm::Communicator::world();
  const at::Tensor found = guided_estimate(world);
  const at::Tensor expected = guided_estimate(world.split(world.rank()));
  const trajectory::SlabPartition partition(x.size(0), world.size(), 0, vectors.integer("every_hours"));
  const trajectory::Slab mine = partition.slab(world.rank());
  EXPECT_TRUE(at::equal(found, expected.narrow(0, mine.first, mine.size())));
}

TEST(Climate2Weather, Samples) {
  if (!std::filesystem::exists(path_of("sample"))) GTEST_SKIP() << "skipped: no " << path_of("sample");
  const Vectors vectors("sample");
  const at::Tensor noise = vectors("noise");
  Split split(noise.size(0), vectors.integer("k"), vectors.integer("every_hours"));
  split.expect_near("prior", split.sample(split.composed(), vectors, 0), vectors("prior"), 1e-4);
  split.expect_near("prior_corrected",
                    split.sample(split.composed(), vectors, vectors.integer("corrections")),
                    vectors("prior_corrected"), 1e-4);
  diffusion::SdaGuidance guided(split.composed(),
                                split.observations(vectors("y"), vectors("std"), vectors.integer("block")),
                                vectors.number("gamma"));
  split.expect_near("posterior_approx", split.sample(guided, vectors, 0), vectors("posterior_approx"), 1e-4);
}

}  // namespace
}  // namespace foehn::trajectory_mpi_test
