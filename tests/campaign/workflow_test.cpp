#include "foehn/campaign/workflow.hpp"

#include <gmock/gmock.h>

namespace foehn::campaign::workflow_test {
namespace {

using ::testing::HasSubstr;

const std::vector<JobFile> kJobs{{"A_ssp585_r1i1p1f1_20500101-20501231", "/runs/my jobs/a.ini"},
                                 {"B_ssp585_r1i1p1f1_20500101-20501231", "/runs/my jobs/b.ini"}};

TEST(JobArray, HasALinePerJob) {
  EXPECT_EQ(array_list(kJobs), "/runs/my jobs/a.ini\n/runs/my jobs/b.ini\n");
}

TEST(Snakefile, NamesEveryJobAndItsFile) {
  const std::string text = snakefile(kJobs, "/opt/foe hn/bin/foehn");
  EXPECT_THAT(text, HasSubstr(R"(    "A_ssp585_r1i1p1f1_20500101-20501231": "/runs/my jobs/a.ini",)"));
  EXPECT_THAT(text, HasSubstr(R"({params.launcher} {params.foehn:q} sample --config {input:q})"));
  EXPECT_THAT(text, HasSubstr(R"(foehn = config.get("foehn", "/opt/foe hn/bin/foehn"))"));
  EXPECT_THAT(text, HasSubstr("retries: 50"));
  EXPECT_THAT(text, HasSubstr("if [ $status -ne 0 ] && [ $status -ne 75 ]; then"));
}

TEST(CylcFlow, HasATaskPerJob) {
  const std::string text = cylc_flow(kJobs, "/opt/foe hn/bin/foehn");
  EXPECT_THAT(text, HasSubstr("    [[B_ssp585_r1i1p1f1_20500101-20501231]]\n        inherit = SAMPLE\n"));
  EXPECT_THAT(text, HasSubstr(R"(JOB = "/runs/my jobs/b.ini")"));
  EXPECT_THAT(text, HasSubstr(R"(FOEHN = "/opt/foe hn/bin/foehn")"));
  EXPECT_THAT(text, HasSubstr("execution retry delays = 50*PT1M"));
}

}  // namespace
}  // namespace foehn::campaign::workflow_test
