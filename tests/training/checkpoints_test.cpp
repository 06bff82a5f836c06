#include "foehn/training/checkpoints.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "foehn/core/error.hpp"
#include "foehn/io/safetensors.hpp"
#include "io/test_files.hpp"

namespace foehn::training::checkpoints_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr const char* kIdentity = "data = 1f\ntrain.seed = 3\n";

TrainingState state_of(std::int64_t step) {
  TrainingState state;
  state.step = step;
  for (Tensors* tensors : {&state.parameters, &state.average, &state.first, &state.second, &state.best})
    *tensors = {{"a.bias", at::full({2}, static_cast<double>(step))},
                {"a.weight", at::full({2, 3}, 0.5 + static_cast<double>(step))}};
  return state;
}

class TrainingCheckpoints : public ::testing::Test {
 protected:
  Checkpoints checkpoints(const std::string& identity = kIdentity) const { return {folder_ / "", identity}; }
  void save(const std::vector<std::int64_t>& steps) const {
    Checkpoints written = checkpoints();
    for (const std::int64_t step : steps) written.save(state_of(step));
  }
  std::filesystem::path file(std::int64_t step) const { return checkpoints().path_of(step); }
  void truncate(std::int64_t step) const {
    std::filesystem::resize_file(file(step), std::filesystem::file_size(file(step)) - 5);
  }
  void flip(std::int64_t step, std::size_t from_end) const {
    std::string content = io::content_of(file(step));
    content[content.size() - from_end] ^= 1;
    io::write_content(file(step), content);
  }
  /// The step that a training goes on from; -1: none.
  std::int64_t newest() const {
    Checkpoints there = checkpoints();
    const auto state = there.load(state_of(0));
    return state ? state->step : -1;
  }
  std::string refusal(const std::string& identity, const TrainingState& form) const {
    try {
      Checkpoints there = checkpoints(identity);
      there.load(form);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }

  io::TemporaryFolder folder_;
};

TEST_F(TrainingCheckpoints, GiveTheStateBack) {
  TrainingState state = state_of(7);
  state.log = {"1,2,3"};
  state.loss_sum = 0.1 + 0.2;
  state.losses = 2;
  state.best_step = 4;
  state.evaluations_since_best = 3;
  Checkpoints written = checkpoints(), read = checkpoints();
  EXPECT_FALSE(read.load(state_of(0)).has_value());
  written.save(state);
  const auto found = read.load(state_of(0));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->step, 7);
  EXPECT_EQ(found->log, state.log);
  EXPECT_EQ(found->loss_sum, state.loss_sum);
  EXPECT_EQ(found->losses, 2);
  EXPECT_EQ(found->best_step, 4);
  EXPECT_EQ(found->evaluations_since_best, 3);
  EXPECT_TRUE(std::isinf(found->best_loss));
  for (const Tensors* tensors :
       {&found->parameters, &found->average, &found->first, &found->second, &found->best}) {
    EXPECT_TRUE(at::equal(tensors->at("a.bias"), at::full({2}, 7.0)));
    EXPECT_TRUE(at::equal(tensors->at("a.weight"), at::full({2, 3}, 7.5)));
  }
}

TEST_F(TrainingCheckpoints, AreTheLastTwo) {
  save({10, 20, 30});
  EXPECT_THAT(folder_.names(),
              UnorderedElementsAre("training_000020.safetensors", "training_000030.safetensors"));
  EXPECT_EQ(newest(), 30);
}

TEST_F(TrainingCheckpoints, PassOverWhatIsTruncatedOrChangedAndSayWhy) {
  for (const bool is_truncated : {true, false}) {
    save({10, 20});
    is_truncated ? truncate(20) : flip(20, 3);
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(newest(), 10);
    EXPECT_THAT(::testing::internal::GetCapturedStdout(),
                AllOf(HasSubstr("training_000020.safetensors"), HasSubstr(is_truncated ? "data" : "digest")));
  }
}

TEST_F(TrainingCheckpoints, FindAnyByteThatIsChanged) {
  save({10});
  const std::string whole = io::content_of(file(10));
  // Spaces that fill up the header mean nothing; all else is under the digest, or is it.
  const std::size_t header_end = whole.rfind('}') + 1, data = whole.size() - 5 * 8 * sizeof(float);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i >= header_end && i < data) continue;
    std::string changed = whole;
    changed[i] ^= 1;
    io::write_content(file(10), changed);
    EXPECT_THROW(load_state(file(10)), core::Error) << "byte " << i;
  }
}

TEST_F(TrainingCheckpoints, KeepTheLastGoodOneWhenABrokenOneWasPassedOver) {
  save({10, 20});
  flip(20, 3);
  Checkpoints resumed = checkpoints();
  ASSERT_EQ(resumed.load(state_of(0))->step, 10);
  resumed.save(state_of(15));
  EXPECT_THAT(folder_.names(),
              UnorderedElementsAre("training_000010.safetensors", "training_000015.safetensors"));
  resumed.save(state_of(20));
  EXPECT_THAT(folder_.names(),
              UnorderedElementsAre("training_000015.safetensors", "training_000020.safetensors"));
  EXPECT_EQ(newest(), 20);
}

TEST_F(TrainingCheckpoints, StayUntilThereIsOneOfATrainingThatStartsOver) {
  save({10, 20});
  Checkpoints anew = checkpoints("train.seed = 4\n");
  EXPECT_EQ(folder_.names().size(), 2U);
  anew.save(state_of(5));
  EXPECT_THAT(folder_.names(), UnorderedElementsAre("training_000005.safetensors"));
}

TEST_F(TrainingCheckpoints, LeaveNothingOfOneThatAKillCutShort) {
  io::write_content(folder_ / ".training_000010.safetensors.part", "half");
  save({20});
  EXPECT_THAT(folder_.names(), UnorderedElementsAre("training_000020.safetensors"));
}

TEST_F(TrainingCheckpoints, AreRefusedWhereNoneIsWhole) {
  save({10, 20});
  truncate(10);
  flip(20, 3);
  EXPECT_THAT(refusal(kIdentity, state_of(0)), AllOf(HasSubstr("training_000020.safetensors"),
                                                     HasSubstr("digest"), HasSubstr("checkpoint.restart")));
  EXPECT_EQ(folder_.names().size(), 2U);
}

TEST_F(TrainingCheckpoints, OfAnotherTrainingAreRefusedNamingWhatDiffers) {
  save({10});
  EXPECT_THAT(refusal("data = 1f\ntrain.seed = 4\n", state_of(0)),
              AllOf(HasSubstr("training_000010.safetensors"), HasSubstr("train.seed: 3 there, 4 here"),
                    HasSubstr("checkpoint.restart")));
}

TEST_F(TrainingCheckpoints, OfAnotherNetworkAreRefusedNamingTheTensor) {
  save({10});
  TrainingState form = state_of(0);
  form.second["a.weight"] = at::zeros({2, 4});
  EXPECT_THAT(refusal(kIdentity, form),
              AllOf(HasSubstr("second:a.weight"), HasSubstr("[2, 4]"), HasSubstr("[2, 3]")));
  form = state_of(0);
  form.best["b"] = at::zeros({1});
  EXPECT_THAT(refusal(kIdentity, form), HasSubstr("no tensor 'best:b'"));
  form = state_of(0);
  form.parameters.erase("a.bias");
  EXPECT_THAT(refusal(kIdentity, form), HasSubstr("'parameter:a.bias' is not one of this network's"));
}

}  // namespace
}  // namespace foehn::training::checkpoints_test
