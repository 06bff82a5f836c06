// What the layout cordex says of the driving simulation, beside what the observations say of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "app/log_to.hpp"
#include "foehn/core/error.hpp"
#include "job/member_output.hpp"

namespace foehn::job::driving_simulation_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// What is logged where the metadata name the scenario.
std::string log_beside(const std::string& experiments) {
  io::CordexMetadata metadata;
  for (const char* name : {"source_id", "institution_id", "variant_label"})
    metadata.attributes[std::string("driving_") + name] = "any";
  metadata.attributes["driving_experiment_id"] = "ssp585";
  std::ostringstream log;
  const foehn::testing::LogTo scope(log);
  check_driving(metadata, {"observations.nc", {{"experiment_id", experiments}}});
  return log.str();
}

TEST(DrivingSimulation, IsTheObservationsOwn) {
  EXPECT_EQ(log_beside("ssp585"), "");
  EXPECT_THAT([] { log_beside("ssp126, historical"); },
              ThrowsMessage<core::UsageError>(AllOf(HasSubstr("driving_experiment_id is ssp585"),
                                                    HasSubstr("ssp126, historical (experiment_id)"))));
}

TEST(DrivingSimulation, IsWarnedOfWhereItIsOneOfSeveral) {
  EXPECT_THAT(log_beside("historical, ssp585"),
              AllOf(HasSubstr("observations.nc comes from historical, ssp585 (experiment_id)"),
                    HasSubstr("all files will be labelled ssp585")));
}

}  // namespace
}  // namespace foehn::job::driving_simulation_test
