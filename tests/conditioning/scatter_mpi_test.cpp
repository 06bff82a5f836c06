#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "conditioning/coarse_file.hpp"
#include "foehn/conditioning/scatter.hpp"
#include "foehn/core/error.hpp"

namespace foehn::conditioning::scatter_mpi_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// So many that the root reads the observations of every slab in parts, up to four ranks.
constexpr std::int64_t kObservations = 600;

class ScatterObservations : public ::testing::Test {
 protected:
  ScatterObservations() {
    world_.agree_on_root([&] {
      std::filesystem::create_directories(folder_);
      checked_ =
          CheckedObservations{check_series(open_series({write()}, domain_), 0, /*most_kept_bytes=*/0), ""};
    });
  }
  ~ScatterObservations() override {
    if (world_.is_root()) std::filesystem::remove_all(folder_);
  }

  /// @param changed  an observation of other values than the rest
  std::filesystem::path write(std::int64_t changed = -1) const {
    std::vector<std::vector<float>> fields;
    for (std::int64_t i = 0; i < kObservations; ++i) fields.emplace_back(6, i == changed ? 271.F : 280.F);
    return write_coarse(folder_ / "coarse.nc", fields);
  }

  observation::Observations scatter() const {
    const Period period{.hours = 6 * kObservations};
    Placement placement{.variables = {0}, .block = 2, .period = 6, .intervals = {}};
    for (std::int64_t i = 0; i < kObservations; ++i) placement.intervals.push_back({6 * i, 6 * i + 1});
    const trajectory::SlabPartition partition(period.hours, world_.size(),
                                              slab_borders({placement}, period.hours));
    return scatter_observations(world_, partition, {placement}, {checked_ ? &*checked_ : nullptr}, period,
                                domain_, {1.0}, at::kCPU)
        .front();
  }

  comm::Communicator world_ = comm::Communicator::world();
  const std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "foehn_scatter";
  const model::Domain domain_ = coarse_file_domain();
  std::optional<CheckedObservations> checked_;  // of the root
};

TEST_F(ScatterObservations, SucceedsWhereTheyAreWhatWasChecked) {
  EXPECT_EQ(scatter().size(), 1);
}

TEST_F(ScatterObservations, FailsOnAllRanksWhereTheRootCannotReadOn) {
  world_.agree_on_root([&] {
    write(/*changed=*/100);
    checked_->series[0].move_to(std::move(open_series({folder_ / "coarse.nc"}, domain_).front()));
  });
  EXPECT_THAT([&] { scatter(); }, ThrowsMessage<core::CollectiveError>(
                                      AllOf(HasSubstr("coarse.nc"), HasSubstr("changed since"))));
  EXPECT_EQ(world_.gather_all(1.0).size(), world_.size());  // and can go on together
}

}  // namespace
}  // namespace foehn::conditioning::scatter_mpi_test
