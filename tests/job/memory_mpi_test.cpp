#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <vector>

#include "app/toy_prior.hpp"
#include "foehn/core/error.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/run.hpp"
#include "foehn/job/shared_prior.hpp"
#include "job/memory.hpp"

namespace foehn::job::memory_mpi_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// LibTorch's allocator on the CPU while it lives, and the most bytes that were held.
class CountingAllocator : public at::Allocator {
 public:
  CountingAllocator() : base_(c10::GetAllocator(c10::kCPU)) { c10::SetAllocator(c10::kCPU, this); }
  ~CountingAllocator() override { c10::SetAllocator(c10::kCPU, base_); }
  CountingAllocator(const CountingAllocator&) = delete;
  CountingAllocator& operator=(const CountingAllocator&) = delete;

  at::DataPtr allocate(std::size_t bytes) const override {
    auto* block = new Block{base_->allocate(bytes), static_cast<double>(bytes)};
    const std::lock_guard lock(mutex);
    held += block->bytes;
    peak = std::max(peak, held);
    return {block->data.get(), block, &release, c10::kCPU};
  }

  static inline double held = 0, peak = 0;
  static inline std::mutex mutex;  // hours are packed in a thread of their own

 private:
  struct Block {
    at::DataPtr data;
    double bytes;
  };
  static void release(void* context) {
    auto* block = static_cast<Block*>(context);
    const std::lock_guard lock(mutex);
    held -= block->bytes;
    delete block;
  }
  at::Allocator* base_;
};

class Memory : public ::testing::Test {
 protected:
  Memory() {
    alone_.agree_on_root([&] {
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directories(folder_);
      foehn::testing::write_preconditioned_prior(folder_ / "prior");
    });
  }
  ~Memory() override { std::filesystem::remove_all(folder_); }

  Plan plan_of(std::int64_t hours, Settings settings, const model::PriorBundle& prior) const {
    settings.hours = hours;
    settings.output = folder_ / fmt::format("out_{}", hours);
    return make_plan(alone_, settings, &prior.description, at::kCPU, false).plan;
  }

  /// The most bytes that one rank's tensors take while it draws a member.
  double most_bytes(std::int64_t hours, Settings settings, const model::PriorBundle& prior) const {
    settings.hours = hours;
    settings.output = folder_ / fmt::format("run_{}", hours);
    std::filesystem::remove_all(settings.output);
    Planned planned = make_plan(alone_, settings, &prior.description, at::kCPU, false);
    CountingAllocator::peak = CountingAllocator::held = 0;
    job::run(alone_, planned.plan, &*planned.root, prior, {}, process::StopToken());
    return CountingAllocator::peak;
  }

  const comm::Communicator world_ = comm::Communicator::world();
  const comm::Communicator alone_ = world_.split(world_.rank());
  std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / fmt::format("foehn_memory_{}", world_.rank());
};

TEST_F(Memory, IsWhatARunHoldsOfItsSlab) {
  Settings settings;
  settings.prior = folder_ / "prior";
  settings.start = "2001-01-01";
  settings.steps = 3;
  settings.checkpoint_minutes = 0;
  settings.result_values = "none = none\n";
  const model::PriorBundle prior =
      load_prior(alone_, open_prior(alone_, settings.prior), at::TensorOptions(at::kFloat));
  for (const diffusion::Method method : {diffusion::Method::ddim, diffusion::Method::dpmpp_2m}) {
    settings.method = method;
    const std::int64_t hours = 600;
    const CountingAllocator counting;
    most_bytes(hours, settings, prior);  // what the prior makes once, and keeps
    const double more = most_bytes(2 * hours, settings, prior) - most_bytes(hours, settings, prior);
    const double slab = static_cast<double>(hours) * 2 * 8 * 12 * 4;
    const auto estimate = [&](std::int64_t count) {
      return field_bytes(plan_of(count, settings, prior), prior.description.domain, 1);
    };
    const double estimated = estimate(2 * hours) - estimate(hours);
    EXPECT_LE(more, estimated);
    EXPECT_GT(more, estimated - slab);
  }
}

TEST(MemoryOfAPlan, GrowsWithWhatGuidanceHolds) {
  Plan plan;
  const double alone = slabs_held(plan);
  plan.guidance = Guidance::mmps;
  plan.solving.solver.steps = 3;
  const double keeps = slabs_held(plan);
  plan.solving.solver.steps = 8;  // too many to keep a slab of each
  EXPECT_GT(slabs_held(plan), alone);
  EXPECT_LT(slabs_held(plan), keeps);
  plan.solving.solver.steps = 3;
  plan.output.holds_members = true;
  EXPECT_EQ(slabs_held(plan), keeps + 2);
}

TEST(MemoryOfAPlan, HoldsCoarseFieldsOfAllHoursOfItsWindows) {
  const model::Domain domain = foehn::testing::toy_domain();
  Plan plan;
  plan.period.hours = 100;
  plan.windows.markov_order = 3;
  const double without = field_bytes(plan, domain, 2);
  plan.coarse.emplace_back();
  // 50 hours of a rank, and 6 more on both sides: windows reach 3 hours beyond those whose centres it owns.
  EXPECT_EQ(field_bytes(plan, domain, 2) - without, (50 + 2 * 6) * 2 * 8 * 12 * 4);
}

TEST(MemoryOfCoarseFields, ThatIsTooLittleIsRefused) {
  EXPECT_NO_THROW(check_coarse_memory(1460, 68 * 40320, 49e9));
  EXPECT_THAT([] { check_coarse_memory(1460, 68 * 40320, 47e9); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("input.observations: 1460 snapshots"),
                                               HasSubstr("need 48.0 GB"), HasSubstr("found 47.0 GB"))));
}

TEST(MemoryOfAPlan, ThatIsTooLittleIsRefusedWithTheRanksThatWouldDo) {
  const model::Domain domain = foehn::testing::toy_domain();
  Plan plan;
  plan.period.hours = 8736;
  plan.windows.markov_order = 1;
  plan.ranks_per_member = 2;
  const double enough = field_bytes(plan, domain, 5);
  EXPECT_NO_THROW(check_memory(plan, domain, {1e12, field_bytes(plan, domain, 2)}));
  EXPECT_THAT(
      [&] {
        check_memory(plan, domain, {1e12, enough});
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("time.hours: a trajectory of 8736 steps on 2 ranks needs"),
                                       HasSubstr("share each member among at least 5 ranks"))));
  EXPECT_THAT(
      [&] {
        check_memory(plan, domain, {1000, 1e12});
      },
      ThrowsMessage<core::Error>(HasSubstr("use a smaller sampler.batch, or a shorter one")));
}

}  // namespace
}  // namespace foehn::job::memory_mpi_test
