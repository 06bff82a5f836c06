// Errors that are correlated in time and share a bias, against dense linear algebra.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "foehn/comm/communicator.hpp"
#include "foehn/core/error.hpp"
#include "foehn/observation/correlated_errors.hpp"

namespace foehn::observation::correlated_errors_mpi_test {
namespace {

constexpr std::int64_t kPoints = 4;
const std::vector<std::int64_t> kHours{0, 1, 2, 5, 6, 9, 30, 31};  // irregular
constexpr auto kSize = static_cast<std::int64_t>(kPoints * 8);

class CorrelatedErrorsTest : public ::testing::Test {
 protected:
  CorrelatedErrorsTest() {
    at::manual_seed(5);
    v_ = at::randn({8, 1, 1, kPoints}, at::kDouble);
    added_ = at::rand({8, 1, 1, kPoints}, at::kDouble);
    variance_ = at::rand({kSize}, at::kDouble) + 0.2;
    // Stations move from point to point, as where each observation has its own points; some values are
    // missing.
    for (std::int64_t i = 0; i < kSize; ++i)
      stations_.push_back(i % 7 == 3 ? -1 : (i % kPoints + i / kPoints / 3) % kPoints);
    for (std::int64_t i = 0; i < kSize; ++i)
      if (stations_[static_cast<std::size_t>(i)] < 0) v_.view(-1)[i] = 0;
  }

  at::Tensor dense(double bias, double correlation) const {
    at::Tensor r = at::zeros({kSize, kSize}, at::kDouble);
    for (std::int64_t i = 0; i < kSize; ++i)
      for (std::int64_t j = 0; j < kSize; ++j) {
        const auto a = static_cast<std::size_t>(i), b = static_cast<std::size_t>(j);
        if (stations_[a] < 0 || stations_[a] != stations_[b]) continue;
        const auto apart = static_cast<double>(std::abs(kHours[a / kPoints] - kHours[b / kPoints]));
        const double in_time = i == j ? 1 : correlation > 0 ? std::exp(-apart / correlation) : 0;
        r[i][j] = bias + in_time * (variance_[i] * variance_[j]).sqrt();
      }
    return r;
  }

  std::pair<std::int64_t, std::int64_t> range(int rank) const {
    const auto count = static_cast<std::int64_t>(kHours.size());
    return {count * rank / world_.size(), count * (rank + 1) / world_.size()};
  }
  at::Tensor mine(const at::Tensor& whole) const {
    const auto [first, last] = range(world_.rank());
    return whole.narrow(0, first, last - first);
  }
  CorrelatedErrors make(double bias, double correlation) const {
    const auto [first, last] = range(world_.rank());
    const double* variance = variance_.data_ptr<double>();
    return CorrelatedErrors(
        {kHours, stations_, {variance, variance + kSize}, bias, correlation, first, last - first},
        [&](std::span<const double> part) {
          std::string text;
          for (const std::string& one :
               world_.gather({reinterpret_cast<const char*>(part.data()), part.size_bytes()}))
            text += one;
          world_.broadcast(text);
          std::vector<double> all(text.size() / sizeof(double));
          std::memcpy(all.data(), text.data(), text.size());
          return all;
        });
  }

  comm::Communicator world_ = comm::Communicator::world();
  at::Tensor v_, added_, variance_;
  std::vector<std::int64_t> stations_;
};

TEST_F(CorrelatedErrorsTest, MultipliesAndSolvesAsTheDenseMatrixDoes) {
  for (const double bias : {0.0, 0.5})
    for (const double correlation : {0.0, 2.5, 400.0}) {
      const CorrelatedErrors errors = make(bias, correlation);
      const at::Tensor r = dense(bias, correlation);
      const at::Tensor product = at::matmul(r, v_.flatten()).reshape(v_.sizes());
      EXPECT_TRUE(at::allclose(errors.product(mine(v_)), mine(product), 1e-12, 1e-12)) << correlation;
      for (const double scale : {0.0, 1e-12, 1.0, 1e6}) {
        at::Tensor whole = r + at::diag(added_.flatten()) * scale;
        for (std::size_t i = 0; i < stations_.size(); ++i)  // they have no part in it
          if (stations_[i] < 0) whole[static_cast<std::int64_t>(i)][static_cast<std::int64_t>(i)] = 1;
        const at::Tensor solution = at::linalg_solve(whole, v_.flatten()).reshape(v_.sizes());
        EXPECT_TRUE(at::allclose(errors.solve(mine(added_) * scale, mine(v_)), mine(solution), 1e-8, 1e-12))
            << bias << " " << correlation << " " << scale;
      }
    }
}

TEST_F(CorrelatedErrorsTest, AreTheSameBitsOnAnyNumberOfRanks) {
  CorrelatedErrors::Layout layout{kHours, stations_, {}, 0.3, 4.0, 0, 8};
  layout.variance.assign(variance_.data_ptr<double>(), variance_.data_ptr<double>() + kSize);
  const CorrelatedErrors alone(
      layout, [](std::span<const double> all) { return std::vector<double>(all.begin(), all.end()); });
  const CorrelatedErrors together = make(0.3, 4.0);
  EXPECT_TRUE(at::equal(together.product(mine(v_)), mine(alone.product(v_))));
  EXPECT_TRUE(at::equal(together.solve(mine(added_), mine(v_)), mine(alone.solve(added_, v_))));
}

TEST(CorrelatedErrors, RefuseTwoValuesOfAStationAtOneTime) {
  EXPECT_THAT(
      [] {
        CorrelatedErrors({{0, 1}, {3, 3, 1, 2}, {1, 1, 1, 1}, 1, 1, 0, 2}, nullptr);
      },
      ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("two values at one time")));
}

}  // namespace
}  // namespace foehn::observation::correlated_errors_mpi_test
