// For a Gaussian prior every sampler step is affine, so the mean and the covariance of its samples follow
// from its response to unit impulses. Each row of the reference states them for one process, window, stride
// and guidance.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <mpi.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "closed_form/case_sizes.hpp"
#include "diffusion/sample_whole.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"
#include "observation/snapshots.hpp"

namespace foehn::gaussian_process_test {
namespace {

using Row = nlohmann::json;

const auto kDouble = at::TensorOptions(at::kDouble);

/// The rows of the reference; of small cases, the first one of each guidance, sampler and number of steps.
std::vector<Row> load_rows() {
  const char* other = std::getenv("FOEHN_GAUSSIAN_PROCESS");
  const std::string path = other != nullptr ? other : FOEHN_TEST_REFERENCE "/gaussian_process.json";
  std::ifstream file(path);
  EXPECT_TRUE(file) << "cannot read " << path;
  std::vector<Row> rows;
  std::set<std::string> kinds;
  for (const Row& row : nlohmann::json::parse(file)) {
    const bool is_first =
        kinds.insert(row.at("guidance").dump() + row.at("method").dump() + row.at("steps").dump()).second;
    if (is_first || !testing::kSmallCases) rows.push_back(row);
  }
  return rows;
}

/// Covariance at distance d of a stationary process of unit variance.
double process_covariance(const Row& row, double distance) {
  const auto ell = row.at("ell").get<double>();
  const auto process = row.at("process").get<std::string>();
  if (process == "ar1") return std::exp(-distance / ell);
  if (process == "m32") {
    const double r = std::sqrt(3.0) * distance / ell;
    return (1 + r) * std::exp(-r);
  }
  throw std::invalid_argument("unknown process " + process);
}

at::Tensor covariance_matrix(const Row& row, std::int64_t hours) {
  at::Tensor matrix = at::empty({hours, hours}, kDouble);
  for (std::int64_t i = 0; i < hours; ++i)
    for (std::int64_t j = 0; j < hours; ++j)
      matrix[i][j] = process_covariance(row, std::abs(static_cast<double>(i - j)));
  return matrix;
}

/// The prior, or the posterior given observations, by linear algebra.
struct Exact {
  at::Tensor mean, covariance;
};

struct Data {
  std::vector<std::int64_t> hours;
  at::Tensor values;  // [observation]
};

Data observe(const Row& row) {
  Data data;
  std::vector<double> values;
  for (std::int64_t h = 0; h < row.at("hours").get<std::int64_t>();
       h += row.at("observed_every").get<std::int64_t>()) {
    const auto i = static_cast<double>(data.hours.size());
    data.hours.push_back(h);
    values.push_back(std::sin(1.7 * i) + 0.3 * std::cos(0.31 * i));
  }
  data.values = at::tensor(values, kDouble);
  return data;
}

Exact exact(const Row& row) {
  const auto hours = row.at("hours").get<std::int64_t>();
  const at::Tensor prior = covariance_matrix(row, hours);
  if (row.at("guidance") == "none") return {at::zeros({hours}, kDouble), prior};
  const Data data = observe(row);
  const at::Tensor index = at::tensor(data.hours, at::kLong);
  const at::Tensor cross = prior.index_select(1, index);  // C H^T
  const double std = row.at("std").get<double>();
  const at::Tensor observed = cross.index_select(0, index) +
                              std * std * at::eye(static_cast<std::int64_t>(data.hours.size()), kDouble);
  const at::Tensor gain = at::linalg_solve(observed, cross.t()).t();
  return {at::matmul(gain, data.values), prior - at::matmul(gain, cross.t())};
}

/// How the rows' linear systems are solved: to convergence, or in a few steps.
struct Solve {
  diffusion::SolverOptions options{.steps = 400, .tolerance = 1e-10};
  std::int64_t indefinite = 0;  // solves that met a direction without positive curvature
};

/// Mean and covariance of the product's own samples. A solve stopped early depends on the data that it is
/// for; here it is for all impulses together, which gives them one polynomial of the matrix, so that the
/// samples are still affine.
Exact sampled(const Row& row, const comm::Communicator& world, Solve& solve) {
  const auto hours = row.at("hours").get<std::int64_t>();
  const std::int64_t markov_order = row.at("k").is_null() ? (hours - 1) / 2 : row.at("k").get<std::int64_t>();
  const std::int64_t window = 2 * markov_order + 1;
  // Every cell is a copy of the process, since every spatial mode has its covariance: cell c gets the impulse
  // at hour c, the last one none.
  const std::int64_t cells = hours + 1;
  at::Tensor lags = at::empty({window, 1, 1, 1, cells}, kDouble);
  for (std::int64_t lag = 0; lag < window; ++lag)
    lags[lag] = process_covariance(row, static_cast<double>(lag));
  model::GaussianPrior prior(lags, kDouble);

  const bool is_guided = row.at("guidance") != "none";
  const std::int64_t period = is_guided ? row.at("observed_every").get<std::int64_t>() : 1;
  const trajectory::SlabPartition partition(hours, world.size(), 0, period);
  const trajectory::Slab slab_hours = partition.slab(world.rank());
  const auto transport = comm::make_transport(world);
  trajectory::ComposedDenoiser composed(prior, *transport, partition,
                                        {hours, markov_order, row.at("stride").get<std::int64_t>()}, 4);
  diffusion::Surroundings surroundings;
  surroundings.fill_noise = [&](at::Tensor& slab, std::uint32_t) {
    slab.zero_();
    for (std::int64_t h = slab_hours.first; h < slab_hours.last; ++h) slab[h - slab_hours.first][0][0][h] = 1;
  };
  surroundings.ordered_sum = [&](std::span<const double> values) { return world.ordered_sum(values); };
  surroundings.trajectory_values = hours * cells;
  surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
  std::unique_ptr<diffusion::TrajectoryDenoiser> guided;
  if (is_guided) {
    const Data data = observe(row);
    std::vector<std::int64_t> rows;
    std::vector<at::Tensor> values;
    for (std::size_t i = 0; i < data.hours.size(); ++i) {
      if (!slab_hours.contains(data.hours[i])) continue;
      rows.push_back(data.hours[i] - slab_hours.first);
      values.push_back(data.values[static_cast<std::int64_t>(i)].expand({1, 1, cells}));
    }
    const double std = row.at("std").get<double>();
    const observation::Observations observations =
        observation::snapshots(observation::BlockMean(1), rows,
                               values.empty() ? at::empty({0, 1, 1, cells}, kDouble) : at::stack(values),
                               at::full({1, 1, 1}, std * std, kDouble));
    const auto gamma = row.at("gamma").get<double>();
    if (row.at("guidance") == "mmps")
      guided = std::make_unique<diffusion::MmpsGuidance>(
          composed, observations,
          diffusion::MmpsGuidance::Options{.solver = solve.options,
                                           .gamma = 1,
                                           .ordered_sum = surroundings.ordered_sum,
                                           .report = [&](const diffusion::SolveReport& report) {
                                             solve.indefinite += report.is_indefinite;
                                           }});
    else if (row.at("guidance") == "sda-exact")
      guided = std::make_unique<diffusion::SdaExactGuidance>(composed, observations, gamma);
    else
      guided = std::make_unique<diffusion::SdaGuidance>(composed, observations, gamma);
  }

  at::Tensor slab = at::empty({slab_hours.size(), 1, 1, cells}, kDouble);
  diffusion::sample_whole(
      guided ? *guided : composed, {},
      {.method = row.at("method") == "ddim" ? diffusion::Method::ddim : diffusion::Method::dpmpp_2m,
       .steps = row.at("steps").get<std::int64_t>(),
       .spacing = row.at("spacing") == "t" ? diffusion::Spacing::time : diffusion::Spacing::log_ratio},
      surroundings, slab);

  at::Tensor all = at::zeros({hours, cells}, kDouble);
  all.narrow(0, slab_hours.first, slab_hours.size()).copy_(slab.reshape({slab_hours.size(), cells}));
  MPI_Allreduce(MPI_IN_PLACE, all.data_ptr(), static_cast<int>(all.numel()), MPI_DOUBLE, MPI_SUM,
                world.handle());
  const at::Tensor mean = all.select(1, hours);
  const at::Tensor response = all.narrow(1, 0, hours) - mean.unsqueeze(1);
  return {mean, at::matmul(response, response.t())};
}

/// The figures that a row states, from samples and truth.
nlohmann::json figures(const Row& row, const Exact& samples, const Exact& truth) {
  const auto number = [](const at::Tensor& value) { return value.item<double>(); };
  nlohmann::json found;
  found["cov_relative_error"] =
      number((samples.covariance - truth.covariance).norm()) / number(truth.covariance.norm());
  const at::Tensor variance = samples.covariance.diagonal(), true_variance = truth.covariance.diagonal();
  const auto hours = variance.size(0);
  found["variance_mid"] = number(variance[hours / 2]);
  if (row.at("guidance") == "none") return found;
  found["mean_error_in_sd_rms"] =
      number(((samples.mean - truth.mean).square() / true_variance).mean().sqrt());
  const Data data = observe(row);
  const std::int64_t observed = data.hours[data.hours.size() / 2];
  const std::int64_t between = observed + row.at("observed_every").get<std::int64_t>() / 2;
  found["sd_ratio_observed"] = number((variance[observed] / true_variance[observed]).sqrt());
  found["sd_ratio_between"] = number((variance[between] / true_variance[between]).sqrt());
  return found;
}

std::string name_of(const Row& row) {
  std::string name;
  for (const char* key : {"process", "k", "stride", "method", "steps", "spacing", "guidance", "std"})
    if (row.contains(key)) name += std::string(name.empty() ? "" : " ") + key + " " + row.at(key).dump();
  return name;
}

TEST(GaussianProcess, SamplesHaveTheMeanAndCovarianceThatLinearAlgebraGives) {
  const comm::Communicator world = comm::Communicator::world();
  std::size_t rows = 0;
  double largest = 0;
  for (const Row& row : load_rows()) {
    Solve solve;
    const nlohmann::json found = figures(row, sampled(row, world, solve), exact(row));
    std::string line = name_of(row);
    EXPECT_EQ(solve.indefinite, 0) << line;
    std::size_t compared = 0;
    for (const auto& [name, value] : found.items()) {
      if (!row.contains(name)) continue;
      ++compared;
      const auto expected = row.at(name).get<double>();
      const double difference = std::abs(value.get<double>() - expected) / std::max(1.0, std::abs(expected));
      largest = std::max(largest, std::isfinite(difference) ? difference : INFINITY);
      EXPECT_LE(difference, 1e-3) << line << ": " << name;
      line += "; " + name + " expected " + row.at(name).dump() + " found " + value.dump();
    }
    EXPECT_GT(compared, 0u) << line << ": the row states no figure";
    if (world.is_root()) std::cout << line << '\n';
    ++rows;
  }
  if (world.is_root()) std::cout << rows << " rows compared; largest difference " << largest << '\n';
  EXPECT_GT(rows, 0u);
}

TEST(GaussianProcess, AFewSolverStepsComeClose) {
  const comm::Communicator world = comm::Communicator::world();
  std::size_t rows = 0;
  for (const Row& row : load_rows()) {
    if (row.at("guidance") != "mmps" || row.at("steps").get<int>() != 16) continue;
    ++rows;
    Solve whole;
    const nlohmann::json converged = figures(row, sampled(row, world, whole), exact(row));
    if (world.is_root()) std::cout << name_of(row) << "\n  converged: " << converged.dump() << '\n';
    for (const auto& [steps, allowed] : std::map<std::int64_t, double>{{1, 0.2}, {2, 0.05}, {4, 0.03}}) {
      Solve solve{.options = {.steps = steps, .tolerance = {}}};
      const nlohmann::json found = figures(row, sampled(row, world, solve), exact(row));
      for (const char* figure : {"sd_ratio_observed", "sd_ratio_between"})
        EXPECT_NEAR(found.at(figure).get<double>(), converged.at(figure).get<double>(), allowed)
            << name_of(row) << ", " << steps << " steps: " << figure;
      if (world.is_root()) std::cout << "  " << steps << " steps:   " << found.dump() << '\n';
    }
  }
  if (rows == 0) GTEST_SKIP() << "skipped: no row of mmps in 16 steps";
}

}  // namespace
}  // namespace foehn::gaussian_process_test
