// On the schedule Edm, a step of heun with churn is affine for a Gaussian prior: the mean and the covariance
// of its samples follow from the response to unit impulses of every draw of noise, and are compared with a
// recursion for each eigenvector of the covariance, and with the prior and the posterior themselves.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <mpi.h>

#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "diffusion/sample_whole.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"
#include "observation/snapshots.hpp"

namespace foehn::edm_test {
namespace {

using diffusion::Edm;
using diffusion::NoiseLevel;

constexpr std::int64_t kHours = 13, kMarkovOrder = 6, kEvery = 4;
constexpr double kStd = 0.3;

double lag_covariance(std::int64_t lag) {
  return std::exp(-static_cast<double>(lag) / 5);
}

at::Tensor prior_covariance() {
  at::Tensor matrix = at::empty({kHours, kHours}, at::kDouble);
  for (std::int64_t i = 0; i < kHours; ++i)
    for (std::int64_t j = 0; j < kHours; ++j) matrix[i][j] = lag_covariance(std::abs(i - j));
  return matrix;
}

/// Every kEvery-th hour.
std::vector<std::int64_t> observed_hours() {
  std::vector<std::int64_t> hours;
  for (std::int64_t hour = 0; hour < kHours; hour += kEvery) hours.push_back(hour);
  return hours;
}

double observed_value(std::int64_t hour) {
  return std::sin(0.4 * static_cast<double>(hour)) + 0.5;
}

struct Moments {
  at::Tensor mean, covariance;
};

Moments posterior() {
  const at::Tensor prior = prior_covariance(), index = at::tensor(observed_hours(), at::kLong);
  std::vector<double> values;
  for (const std::int64_t hour : observed_hours()) values.push_back(observed_value(hour));
  const at::Tensor cross = prior.index_select(1, index);
  const at::Tensor seen = cross.index_select(0, index) + kStd * kStd * at::eye(index.size(0), at::kDouble);
  const at::Tensor gain = at::linalg_solve(seen, cross.t()).t();
  return {at::matmul(gain, at::tensor(values, at::kDouble)), prior - at::matmul(gain, cross.t())};
}

enum class Guiding { none, sda, sda_exact, mmps };

/// A sample's mean and covariance, from the response to an impulse at each hour of each draw. Every cell is a
/// copy of the process: cell `draw * kHours + hour` gets one impulse, the last cell none.
class Response {
 public:
  Response(const Edm& schedule, const diffusion::SamplerOptions& options, at::ScalarType type,
           Guiding guiding)
      : draws_(1 + (options.churn.amount > 0 ? options.steps : 0)) {
    const std::int64_t cells = draws_ * kHours + 1;
    at::Tensor lags = at::empty({2 * kMarkovOrder + 1, 1, 1, 1, cells}, at::kDouble);
    for (std::int64_t lag = 0; lag <= 2 * kMarkovOrder; ++lag) lags[lag] = lag_covariance(lag);
    model::GaussianPrior prior(lags, type);
    const trajectory::SlabPartition partition(kHours, world_.size(), 0,
                                              guiding == Guiding::none ? 1 : kEvery);
    const trajectory::Slab mine = partition.slab(world_.rank());
    const auto transport = comm::make_transport(world_);
    trajectory::ComposedDenoiser composed(prior, *transport, partition, {kHours, kMarkovOrder, 1}, 1);
    diffusion::Surroundings surroundings;
    surroundings.fill_noise = [&](at::Tensor& slab, std::uint32_t draw) {
      slab.zero_();
      for (std::int64_t h = mine.first; h < mine.last; ++h) slab[h - mine.first][0][0][draw * kHours + h] = 1;
      seen_ = std::max<std::int64_t>(seen_, draw + 1);
    };
    surroundings.ordered_sum = [&](std::span<const double> values) { return world_.ordered_sum(values); };
    surroundings.trajectory_values = kHours * cells;
    surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
    const auto guided = guide(guiding, composed, mine, cells, type, surroundings.ordered_sum);
    at::Tensor slab = at::empty({mine.size(), 1, 1, cells}, type);
    diffusion::sample_whole(guided ? *guided : composed, schedule, options, surroundings, slab);
    gather(mine, slab.to(at::kDouble));
  }

  Moments moments() const {
    const at::Tensor mean = all_.select(1, draws_ * kHours);
    const at::Tensor response = all_.narrow(1, 0, draws_ * kHours) - mean.unsqueeze(1);
    return {mean, at::matmul(response, response.t())};
  }
  std::int64_t draws_seen() const { return seen_; }

 private:
  static std::unique_ptr<diffusion::TrajectoryDenoiser> guide(
      Guiding guiding, diffusion::DifferentiableTrajectoryDenoiser& prior, const trajectory::Slab& mine,
      std::int64_t cells, at::ScalarType type, const diffusion::OrderedSum& ordered_sum) {
    if (guiding == Guiding::none) return nullptr;
    const observation::Observations observed = observations(mine, cells, type);
    if (guiding == Guiding::sda) return std::make_unique<diffusion::SdaGuidance>(prior, observed, 1.0);
    if (guiding == Guiding::sda_exact)
      return std::make_unique<diffusion::SdaExactGuidance>(prior, observed, 1.0);
    return std::make_unique<diffusion::MmpsGuidance>(
        prior, observed,
        diffusion::MmpsGuidance::Options{.solver = {.steps = 60, .tolerance = {}},
                                         .ordered_sum = ordered_sum});
  }
  static observation::Observations observations(const trajectory::Slab& mine, std::int64_t cells,
                                                at::ScalarType type) {
    std::vector<std::int64_t> rows;
    std::vector<at::Tensor> values;
    for (const std::int64_t hour : observed_hours()) {
      if (!mine.contains(hour)) continue;
      rows.push_back(hour - mine.first);
      values.push_back(at::full({1, 1, cells}, observed_value(hour), type));
    }
    return observation::snapshots(observation::BlockMean(1), rows,
                                  values.empty() ? at::empty({0, 1, 1, cells}, type) : at::stack(values),
                                  at::full({1, 1, 1}, kStd * kStd, type));
  }
  void gather(const trajectory::Slab& mine, const at::Tensor& slab) {
    all_ = at::zeros({kHours, slab.size(3)}, at::kDouble);
    all_.narrow(0, mine.first, mine.size()).copy_(slab.reshape({mine.size(), slab.size(3)}));
    MPI_Allreduce(MPI_IN_PLACE, all_.data_ptr(), static_cast<int>(all_.numel()), MPI_DOUBLE, MPI_SUM,
                  world_.handle());
  }

  const comm::Communicator world_ = comm::Communicator::world();
  std::int64_t draws_, seen_ = 0;
  at::Tensor all_;
};

/// The covariance of samples by Karras et al. 2022, Alg. 2, for each eigenvector of the prior's covariance.
at::Tensor heun_covariance(const Edm& schedule, const diffusion::SamplerOptions& options) {
  const auto [values, vectors] = at::linalg_eigh(prior_covariance(), "L");
  const auto levels = diffusion::noise_levels(schedule, options.spacing, options.steps);
  const auto& churn = options.churn;
  std::vector<double> variances;
  for (std::int64_t i = 0; i < kHours; ++i) {
    const auto lambda = values[i].item<double>();
    const auto slope = [&](double sigma) { return sigma / (lambda + sigma * sigma); };
    double variance = levels[0].sigma * levels[0].sigma;
    for (std::size_t step = 0; step + 1 < levels.size(); ++step) {
      const double sigma = levels[step].sigma, next = levels[step + 1].sigma;
      const bool is_churned = sigma >= churn.least && (!churn.most || sigma <= *churn.most);
      const double gamma =
          is_churned ? std::min(churn.amount / static_cast<double>(options.steps), std::sqrt(2) - 1) : 0;
      const double raised = sigma * (1 + gamma);
      variance += (raised * raised - sigma * sigma) * churn.inflation * churn.inflation;
      const double euler = 1 + (next - raised) * slope(raised);
      const double factor =
          next > 0 ? 1 + (next - raised) * (slope(raised) + slope(next) * euler) / 2 : euler;
      variance *= factor * factor;
    }
    variances.push_back(variance);
  }
  return at::matmul(vectors * at::tensor(variances, at::kDouble), vectors.t());
}

double relative(const at::Tensor& found, const at::Tensor& expected) {
  return ((found - expected).norm() / expected.norm()).item<double>();
}

diffusion::SamplerOptions heun(std::int64_t steps, const diffusion::Churn& churn) {
  return {.method = diffusion::Method::heun,
          .steps = steps,
          .spacing = diffusion::Spacing::power,
          .churn = churn};
}

TEST(HeunWithChurn, HasTheCovarianceThatLinearAlgebraGives) {
  const Edm schedule;
  for (const diffusion::Churn& churn :
       {diffusion::Churn{}, {.amount = 6}, {.amount = 30, .least = 0.05, .most = 50, .inflation = 1.01}}) {
    const auto options = heun(18, churn);
    const Response response(schedule, options, at::kDouble, Guiding::none);
    const Moments found = response.moments();
    EXPECT_LT(relative(found.covariance, heun_covariance(schedule, options)), 1e-9);
    EXPECT_LT(found.mean.abs().max().item<double>(), 1e-12);
    EXPECT_EQ(response.draws_seen() > 1, churn.amount > 0);
  }
}

TEST(HeunWithChurn, IsNearerToThePriorTheMoreStepsItTakes) {
  double last = INFINITY;
  for (const std::int64_t steps : {20, 40, 80}) {
    const auto options = heun(steps, {.amount = 4});
    const double error =
        relative(Response({}, options, at::kDouble, Guiding::none).moments().covariance, prior_covariance());
    EXPECT_LT(error, 0.35 * last) << steps;
    last = error;
  }
  EXPECT_LT(last, 0.01);
}

TEST(EdmFromSigma1e5, SamplesThePriorInFloat32AsInFloat64) {
  const Edm schedule{.sigma_min = 0.03, .sigma_max = 1e5};
  const auto options = heun(80, {.amount = 2.5, .least = 0.75});
  const Moments exact = Response(schedule, options, at::kDouble, Guiding::none).moments(),
                found = Response(schedule, options, at::kFloat, Guiding::none).moments();
  EXPECT_LT(relative(exact.covariance, heun_covariance(schedule, options)), 1e-9);
  EXPECT_LT(relative(exact.covariance, prior_covariance()), 0.05);
  EXPECT_LT(relative(found.covariance, exact.covariance), 1e-4);
}

/// Without float64 at high noise, the covariance that guidance works with would be rounding errors there:
/// 6e-8 sigma^2 of them beside 1.
TEST(EdmFromSigma1e5, SamplesThePosteriorInFloat32AsInFloat64) {
  const Edm schedule{.sigma_min = 0.03, .sigma_max = 1e5};
  const Moments expected = posterior();
  const at::Tensor deviation = expected.covariance.diagonal().sqrt();
  for (const auto method : {diffusion::Method::dpmpp_2m, diffusion::Method::heun}) {
    const diffusion::SamplerOptions options{
        .method = method, .steps = 80, .spacing = diffusion::Spacing::power};
    const Moments exact = Response(schedule, options, at::kDouble, Guiding::mmps).moments(),
                  found = Response(schedule, options, at::kFloat, Guiding::mmps).moments();
    EXPECT_LT(((exact.mean - expected.mean) / deviation).abs().max().item<double>(), 0.05);
    EXPECT_LT((exact.covariance.diagonal().sqrt() / deviation - 1).abs().max().item<double>(), 0.05);
    EXPECT_LT(((found.mean - exact.mean) / deviation).abs().max().item<double>(), 1e-3);
    EXPECT_LT(relative(found.covariance, exact.covariance), 1e-3);
  }
}

TEST(EdmFromSigma1e5, TakesGuidanceOfEveryKind) {
  const Edm schedule{.sigma_min = 0.03, .sigma_max = 1e5};
  const diffusion::SamplerOptions options{.steps = 40, .spacing = diffusion::Spacing::power};
  for (const Guiding guiding : {Guiding::sda, Guiding::sda_exact}) {
    const Moments exact = Response(schedule, options, at::kDouble, guiding).moments(),
                  found = Response(schedule, options, at::kFloat, guiding).moments();
    EXPECT_LT(relative(found.mean, exact.mean), 1e-3);
    EXPECT_LT(relative(found.covariance, exact.covariance), 1e-3);
  }
}

}  // namespace
}  // namespace foehn::edm_test
