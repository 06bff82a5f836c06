#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/ensemble/ensemble.hpp"

namespace foehn::ensemble::ensemble_mpi_test {
namespace {

using HourShape = std::vector<std::int64_t>;
using Files = std::map<std::int64_t, std::vector<float>>;  // values by member

constexpr std::int64_t kHours = 11;

/// Keeps what it is given in the order that it comes, under the member's number once that is whole.
class KeptMember : public MemberSink {
 public:
  KeptMember(std::int64_t member, Files& files) : member_(member), files_(files) {}
  void append(const core::PagedVector<std::byte>& packed) override {
    const std::size_t before = values_.size();
    values_.resize(before + packed.size() / sizeof(float));
    std::memcpy(values_.data() + before, packed.data(), packed.size());
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

/// An hour doubled, as if that were the physical unit; the hour before must be there as well.
core::PagedVector<std::byte> doubled(const HeldHours& hours, const io::ChunkSpan& span) {
  if (span.first > 0) hours.at(span.first - 1);
  std::vector<at::Tensor> fields;
  for (std::int64_t hour = span.first; hour < span.last; ++hour) fields.push_back(hours.at(hour) * 2);
  const at::Tensor all = at::stack(fields).contiguous();
  core::PagedVector<std::byte> bytes(static_cast<std::size_t>(all.numel()) * sizeof(float));
  std::memcpy(bytes.data(), all.data_ptr<float>(), bytes.size());
  return bytes;
}

/// An ensemble of 11 h, whose three observed periods leave one of four ranks in a team without any hour.
/// Files begin at hours 0 and 5, with chunks which slabs do not respect.
class SmallEnsemble {
 public:
  SmallEnsemble(std::int64_t ranks_per_member, HourShape hour_shape)
      : team(make_team(world, ranks_per_member)),
        partition(kHours, team.ranks.size(), 0, 4),
        mine(partition.slab(team.ranks.rank())),
        shape(std::move(hour_shape)) {
    work.sample = [this](std::int64_t member, at::Tensor& slab) {
      for (int step = 0; step < 3; ++step) {
        output->advance();
        team.ranks.agree([&] { output->check(); });
      }
      slab.copy_(fields_of(member, mine, shape));
      return true;
    };
    work.pack = doubled;
    work.sink = [this](std::int64_t member) { return std::make_unique<KeptMember>(member, files); };
    work.written = [](std::int64_t) {};
    work.must_stop = [] { return false; };
    work.keep = [this](std::int64_t member, const at::Tensor& slab) { kept[member] = slab.clone(); };
  }

  EnsembleResult operator()(const std::vector<std::int64_t>& members) {
    output.emplace(world, team, partition,
                   io::chunk_spans(std::vector<std::int64_t>{0, 5}, kHours, chunk_hours), work);
    at::Tensor slab = at::empty_like(fields_of(0, mine, shape));
    return run_ensemble(world, team, members, work, *output, slab);
  }

  comm::Communicator world = comm::Communicator::world();
  Team team;
  trajectory::SlabPartition partition;
  trajectory::Slab mine;
  HourShape shape;
  std::int64_t chunk_hours = 3;
  MemberWork work;
  std::optional<Output> output;
  Files files;                              // of the root
  std::map<std::int64_t, at::Tensor> kept;  // this rank's slabs
};

std::vector<std::int64_t> team_sizes() {
  const int size = comm::Communicator::world().size();
  return {0, size % 2 == 0 ? 2 : 1};
}

class EnsembleOfAnyHourShape : public ::testing::TestWithParam<HourShape> {};

TEST_P(EnsembleOfAnyHourShape, TheRootGathersEveryMemberInTheOrderOfTime) {
  for (const std::int64_t ranks_per_member : team_sizes()) {
    SmallEnsemble run(ranks_per_member, GetParam());
    EXPECT_TRUE(run({3, 5, 8}).is_done);
    EXPECT_EQ(run.files.size(), run.world.is_root() ? 3U : 0U);
    for (const auto& [member, values] : run.files) {
      const at::Tensor expected = fields_of(member, {0, kHours}, GetParam()) * 2;
      EXPECT_TRUE(at::equal(at::tensor(values), expected.flatten())) << "member " << member;
    }
    EXPECT_TRUE(run.kept.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, EnsembleOfAnyHourShape,
                         ::testing::Values(HourShape{2, 3, 5}, HourShape{2, 15}),
                         [](const auto& tested) { return tested.param.size() == 3 ? "Rows" : "Cells"; });

TEST(Ensemble, KeepsWhatIsDrawnButNotWrittenWhenItIsStopped) {
  for (const std::int64_t ranks_per_member : team_sizes()) {
    SmallEnsemble run(ranks_per_member, {2, 15});
    // The first round is drawn, and most of its chunks have not been asked for when the job is stopped.
    run.chunk_hours = 1;
    run.work.must_stop = [] { return true; };
    const auto sample = run.work.sample;
    run.work.sample = [&](std::int64_t member, at::Tensor& slab) {
      return member < run.team.count && sample(member, slab);
    };
    run.work.pack = [](const HeldHours& hours, const io::ChunkSpan& span) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return doubled(hours, span);
    };
    EXPECT_FALSE(run({0, 1, 2, 3, 4, 5, 6, 7}).is_done);
    EXPECT_TRUE(run.files.empty());
    ASSERT_EQ(run.kept.size(), 1U);
    const auto& [member, slab] = *run.kept.begin();
    EXPECT_EQ(member, run.team.index);
    EXPECT_TRUE(at::equal(slab, fields_of(member, run.mine, run.shape)));
  }
}

/// Expects every rank to end with a message, and an ensemble of the same ranks to work afterwards.
void expect_failure(SmallEnsemble& run, const std::string& message) {
  EXPECT_THAT(
      [&] {
        run({0, 1, 2, 3, 4, 5});
      },
      ::testing::ThrowsMessage<core::CollectiveError>(::testing::HasSubstr(message)));
  EXPECT_TRUE(run.kept.empty());
  SmallEnsemble next(0, run.shape);
  EXPECT_TRUE(next({1}).is_done);
  EXPECT_EQ(next.files.size(), run.world.is_root() ? 1U : 0U);
}

TEST(Ensemble, FailsOnAllRanksWhenAFileCannotBeWritten) {
  class FullDisk : public KeptMember {
   public:
    using KeptMember::KeptMember;
    void append(const core::PagedVector<std::byte>& packed) override {
      KeptMember::append(packed);
      if (++chunks_ == 3) throw core::Error("member.nc: no space left");
    }

   private:
    int chunks_ = 0;
  };
  for (const std::int64_t ranks_per_member : team_sizes()) {
    SmallEnsemble run(ranks_per_member, {2, 15});
    run.work.sink = [&](std::int64_t member) { return std::make_unique<FullDisk>(member, run.files); };
    expect_failure(run, "member.nc: no space left");
    EXPECT_TRUE(run.files.empty());
  }
}

TEST(Ensemble, FailsOnAllRanksWhenAFileCannotBeMade) {
  SmallEnsemble run(0, {2, 15});
  run.work.sink = [](std::int64_t) -> std::unique_ptr<MemberSink> { throw core::Error("no folder"); };
  expect_failure(run, "no folder");
}

TEST(Ensemble, FailsOnAllRanksWhenARankCannotPack) {
  SmallEnsemble run(0, {2, 15});
  run.work.pack = [&](const HeldHours& hours, const io::ChunkSpan& span) {
    if (span.last == kHours) throw core::Error("out of memory");
    return doubled(hours, span);
  };
  expect_failure(run, "out of memory");
}

TEST(Ensemble, FailsOnAllRanksWhenATeamCannotDraw) {
  for (const std::int64_t ranks_per_member : team_sizes()) {
    SmallEnsemble run(ranks_per_member, {2, 15});
    const auto sample = run.work.sample;
    run.work.sample = [&](std::int64_t member, at::Tensor& slab) {
      run.team.ranks.agree([&] {
        if (member == 1) throw core::Error("member 1 diverged");
      });
      return sample(member, slab);
    };
    expect_failure(run, "member 1 diverged");
  }
}

}  // namespace
}  // namespace foehn::ensemble::ensemble_mpi_test
