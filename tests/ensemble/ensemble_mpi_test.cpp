#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "foehn/ensemble/ensemble.hpp"

namespace foehn::ensemble {
namespace {

using HourShape = std::vector<std::int64_t>;
using Files = std::map<std::int64_t, std::vector<float>>;  // values by member

constexpr std::int64_t kHours = 11;

/// Keeps what it is given in the order that it comes, under the member's number once that is whole.
class KeptMember : public io::MemberWriter {
 public:
  KeptMember(std::int64_t member, Files& files) : member_(member), files_(files) {}
  void append(std::span<const float> values) override {
    values_.insert(values_.end(), values.begin(), values.end());
  }
  void commit() override { files_[member_] = values_; }

 private:
  std::int64_t member_;
  Files& files_;
  std::vector<float> values_;
};

/// A member's hours [first, last), every value another.
at::Tensor fields_of(std::int64_t member, trajectory::Slab hours, const HourShape& hour_shape) {
  HourShape shape = hour_shape;
  shape.insert(shape.begin(), kHours);
  std::int64_t values = 1;
  for (const std::int64_t size : shape) values *= size;
  return (at::arange(values, at::kFloat) + 1000 * member)
      .reshape(shape)
      .narrow(0, hours.first, hours.size())
      .clone();
}

class EnsembleOfAnyHourShape : public ::testing::TestWithParam<HourShape> {
 protected:
  /// Work whose physical unit is half of the normalised one.
  MemberWork work_into(Files& files, const trajectory::Slab& mine) const {
    MemberWork work;
    work.sample = [this, mine](std::int64_t member, at::Tensor& slab) {
      slab.copy_(fields_of(member, mine, GetParam()));
      return true;
    };
    work.physical = [mine](const at::Tensor& slab, std::int64_t first, std::int64_t count,
                           std::span<float> values) {
      const at::Tensor fields = slab.narrow(0, first - mine.first, count) * 2;
      ASSERT_EQ(static_cast<std::int64_t>(values.size()), fields.numel());
      std::copy_n(fields.data_ptr<float>(), values.size(), values.begin());
    };
    work.writer = [&files](std::int64_t member) { return std::make_unique<KeptMember>(member, files); };
    work.written = [](std::int64_t) {};
    work.must_stop = [] { return false; };
    work.keep = [](std::int64_t, const at::Tensor&) { ADD_FAILURE() << "no member was stopped"; };
    return work;
  }
};

TEST_P(EnsembleOfAnyHourShape, TheRootGathersEveryMemberInTheOrderOfTime) {
  const comm::Communicator world = comm::Communicator::world();
  for (const std::int64_t ranks_per_member : {0, world.size() % 2 == 0 ? 2 : 1}) {
    const Team team = make_team(world, ranks_per_member);
    // Three periods: of four ranks in a team one owns nothing.
    const trajectory::SlabPartition partition(kHours, team.ranks.size(), 0, 4);
    const trajectory::Slab mine = partition.slab(team.ranks.rank());
    Files files;
    at::Tensor slab = at::empty_like(fields_of(0, mine, GetParam()));
    const EnsembleResult result = run_ensemble(
        world, team, partition, {.members = {3, 5, 8}, .chunk_hours = 3}, work_into(files, mine), slab);
    EXPECT_TRUE(result.is_done);
    EXPECT_EQ(files.size(), world.is_root() ? 3U : 0U);
    for (const auto& [member, values] : files) {
      const at::Tensor expected = fields_of(member, {0, kHours}, GetParam()) * 2;
      EXPECT_TRUE(at::equal(at::tensor(values), expected.flatten())) << "member " << member;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, EnsembleOfAnyHourShape,
                         ::testing::Values(HourShape{2, 3, 5}, HourShape{2, 15}),
                         [](const auto& tested) { return tested.param.size() == 3 ? "Rows" : "Cells"; });

}  // namespace
}  // namespace foehn::ensemble
