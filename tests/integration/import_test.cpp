// The way from PyTorch to foehn: tools/import_climate2weather, and the same estimates on both sides.

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "diffusion/at_hour_zero.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "io/test_files.hpp"

namespace foehn::import_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Outcome {
  int code = -1;
  std::string output;  ///< standard output and error
};

Outcome run(const std::string& command) {
  Outcome outcome;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return outcome;
  char part[4096];
  while (const std::size_t size = std::fread(part, 1, sizeof part, pipe)) outcome.output.append(part, size);
  const int status = ::pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

/// Debian's own Python, unless FOEHN_PYTHON names another: the one that sees Debian's PyTorch.
std::string python() {
  const char* chosen = std::getenv("FOEHN_PYTHON");
  return std::string(chosen == nullptr ? "/usr/bin/python3" : chosen) + " -B ";
}

const std::filesystem::path kSource = std::filesystem::path(FOEHN_TEST_REFERENCE) / "../..";

class Import : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (run(python() + "-c 'import torch, netCDF4'").code != 0) return;
    folder_ = std::make_unique<io::TemporaryFolder>();
    const Outcome made = run(python() + (kSource / "tests/integration/make_snapshot.py").string() + " " +
                             (*folder_ / "").string());
    ASSERT_EQ(made.code, 0) << made.output;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  void SetUp() override {
    if (!folder_) GTEST_SKIP() << "no PyTorch for Python here (Debian: python3-torch, python3-netcdf4)";
  }

  /// Runs the tool in the folder of the files; the bundle is `prior` there.
  static Outcome run_tool(const std::string& weights, const std::string& options = "--weights-only",
                          const std::string& fields = "--quantiles quantiles.nc --grid grid.nc") {
    std::filesystem::remove_all(*folder_ / "prior");
    return run("cd " + (*folder_ / "").string() + " && " + python() +
               std::filesystem::canonical(kSource / "tools/import_climate2weather").string() + " " + weights +
               " --output prior " + options + " " + fields);
  }

  static bool has_prior() { return std::filesystem::exists(*folder_ / "prior/weights.safetensors"); }

  /// Largest difference between what the prior estimates and what PyTorch did.
  static double difference(const std::string& expected_name) {
    const io::SafetensorsFile expected(*folder_ / "expected.safetensors");
    const auto tensor = [&](const std::string& name) {
      const io::TensorView& view = expected.tensor(name);
      at::Tensor values = at::empty(view.shape, at::kFloat);
      std::memcpy(values.data_ptr(), view.bytes.data(), view.bytes.size());
      return values;
    };
    const model::PriorBundle prior = model::load_prior(*folder_ / "prior", at::kFloat);
    const at::Tensor x = tensor("x"), t = tensor("t"), eps = tensor(expected_name);
    double largest = 0;
    for (std::int64_t i = 0; i < x.size(0); ++i) {
      const auto level = prior.description.schedule.at(t[i].item<float>());
      const at::Tensor found =
          prior.denoiser->noise_estimate(diffusion::at_hour_zero(x.narrow(0, i, 1)), level);
      largest = std::max(largest, (found - eps.narrow(0, i, 1)).abs().max().item<double>());
    }
    std::cout << expected_name << ": largest difference " << largest << '\n';
    return largest;
  }

  static inline std::unique_ptr<io::TemporaryFolder> folder_;
};

TEST_F(Import, GivesTheSameEstimatesFromAStateDict) {
  const Outcome outcome = run_tool("state_dict.pt");
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("37,524 parameters"));
  EXPECT_LT(difference("eps"), 1e-5);
  EXPECT_GT(difference("eps_half"), 1e-5);  // so that the half-precision tests can tell
}

TEST_F(Import, GivesTheSameEstimatesFromASnapshotWhoseClassesAreAbsent) {
  for (const auto* file : {"snapshot.pkl", "module.pt"}) {
    const Outcome outcome = run_tool(file, "--trust-pickle");
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("may run code"));
    EXPECT_LT(difference("eps_half"), 1e-5) << file;
  }
}

TEST_F(Import, WritesFloat16WhereAsked) {
  ASSERT_EQ(run_tool("state_dict.pt").code, 0);
  const auto full_size = std::filesystem::file_size(*folder_ / "prior/weights.safetensors");
  const Outcome outcome = run_tool("state_dict.pt", "--weights-only --half");
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_LT(static_cast<double>(std::filesystem::file_size(*folder_ / "prior/weights.safetensors")),
            0.6 * static_cast<double>(full_size));
  EXPECT_LT(difference("eps_half"), 1e-5);
}

TEST_F(Import, StripsAPrefixAndSaysSo) {
  const Outcome outcome = run_tool("distributed.pt");
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("'net'"), HasSubstr("'module.'")));
  EXPECT_LT(difference("eps"), 1e-5);
}

TEST_F(Import, WritesTheDomain) {
  const Outcome outcome =
      run_tool("state_dict.pt", "--weights-only --normalisation robust --crop 2:18,5:29 --calendar noleap",
               "--quantiles quantiles.nc --grid rotated.nc");
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  const model::Domain domain = model::read_domain(*folder_ / "prior/domain.nc");
  ASSERT_EQ(domain.variables.size(), 4U);
  EXPECT_EQ(domain.variables[1], (io::Variable{"tas", "air_temperature", "K"}));
  EXPECT_EQ(domain.grid.ny(), 16);
  EXPECT_EQ(domain.grid.nx(), 24);
  EXPECT_DOUBLE_EQ(domain.grid.y.values[0], -1.5);
  EXPECT_DOUBLE_EQ(domain.grid.x.values[0], -1.75);
  ASSERT_TRUE(domain.grid.rotated_pole);
  EXPECT_EQ(domain.grid.rotated_pole->pole_latitude, 39.25);
  EXPECT_EQ(domain.calendar, calendar::Calendar::noleap);
  EXPECT_EQ(domain.step_seconds, 3600);
  EXPECT_EQ(domain.normalisation.mode(), "robust");
  // Quantiles of variable i are 100 i + 10 p.
  const at::Tensor median = at::full({4, 16, 24}, 5.0, at::kDouble) + 100 * at::arange(4).reshape({4, 1, 1});
  EXPECT_TRUE(
      at::allclose(domain.normalise(median + 5, 0, domain.calendar), at::ones({4, 16, 24}, at::kDouble)));
}

TEST_F(Import, ReadsQuantilesInEveryForm) {
  ASSERT_EQ(run_tool("state_dict.pt").code, 0);
  const at::Tensor expected = model::read_domain(*folder_ / "prior/domain.nc").quantiles;
  EXPECT_DOUBLE_EQ(expected[2][7].item<double>(), 209.9);
  for (const auto* file : {"table.nc", "quantiles.json", "quantiles.csv", "quantiles.npy"}) {
    const Outcome outcome =
        run_tool("state_dict.pt", "--weights-only", std::string("--grid grid.nc --quantiles ") + file);
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_TRUE(at::equal(model::read_domain(*folder_ / "prior/domain.nc").quantiles, expected)) << file;
  }
}

TEST_F(Import, UnpicklesOnlyWhatTheUserTrusts) {
  EXPECT_EQ(run_tool("snapshot.pkl", "").code, 2);
  EXPECT_THAT(run_tool("snapshot.pkl", "").output,
              AllOf(HasSubstr("--weights-only"), HasSubstr("--trust-pickle")));
  const Outcome outcome = run_tool("snapshot.pkl", "--weights-only");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("snapshot.pkl: not a plain state_dict"), HasSubstr("--trust-pickle")));
  EXPECT_FALSE(has_prior());
}

TEST_F(Import, SaysWhatIsWrong) {
  struct Case {
    const char *weights, *options, *fields, *message;
  };
  const char* good = "--quantiles quantiles.nc --grid grid.nc";
  for (const Case& one : {
           Case{"absent.pt", "", good, "absent.pt: no such file"},
           Case{"missing.pt", "", good, "'map_layer1.bias' is missing, expected [24]"},
           Case{"misshaped.pt", "", good, "'map_layer1.bias': expected [24], found [7]"},
           Case{"nan.pt", "", good, "'map_layer1.bias' holds values that are not finite"},
           Case{"grid.nc", "", good, "grid.nc: not a plain state_dict"},
           Case{"state_dict.pt", "--window 5", good, "window has 3 hours"},
           Case{"state_dict.pt", "--variables psl,tas", good, "12 channels"},
           Case{"state_dict.pt", "--crop 0:16,0:22", good, "22 points along lon, expected a multiple of 4"},
           Case{"state_dict.pt", "", "--quantiles falling.npy --grid grid.nc", "falling.npy: psl"},
           Case{"state_dict.pt", "", "--quantiles constant.npy --grid grid.nc", "it does not vary"},
           Case{"state_dict.pt", "", "--quantiles short.json --grid grid.nc",
                "tas: expected one value at level 0.95"},
           Case{"state_dict.pt", "", "--quantiles grid.nc --grid grid.nc", "no variable psl"},
           Case{"state_dict.pt", "", "--quantiles quantiles.nc --grid quantiles.nc",
                "quantiles.nc: expected 1-D"},
       }) {
    const Outcome outcome = run_tool(one.weights, std::string("--weights-only ") + one.options, one.fields);
    EXPECT_EQ(outcome.code, 1) << one.message;
    EXPECT_THAT(outcome.output, HasSubstr(one.message));
    EXPECT_FALSE(has_prior()) << one.message;
  }
}

}  // namespace
}  // namespace foehn::import_test
