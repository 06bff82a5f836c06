#include "foehn/service/ticket.hpp"

#include <gmock/gmock.h>

#include "foehn/core/error.hpp"

namespace foehn::service::ticket_test {
namespace {

TEST(Ticket, IsReadBackFromTheNameOfItsFile) {
  for (const std::string name : {"europe", "MPI-ESM1-2.ssp585", "a.0", "0-1", "9"}) {
    const Ticket ticket{7, 12, name, 2};
    EXPECT_EQ(parse_ticket(ticket.file()), ticket) << ticket.file();
    const Claim claim{ticket, "node7-123"};
    EXPECT_EQ(parse_claim(claim.file()), claim) << claim.file();
  }
  EXPECT_EQ((Ticket{7, 12, "europe", 2}.file()), "007-00000012-europe.2.ini");
}

TEST(Ticket, IsNotReadFromOtherFiles) {
  for (const std::string file : {"", ".ini", "europe.ini", "007-europe.0.ini", "007-00000012-europe.ini",
                                 "007-00000012-.0.ini", "-07-00000012-europe.0.ini",
                                 "x-00000012-europe.0.ini", "7-12-europe.0.ini", "007-00000012-europe.0.txt"})
    EXPECT_FALSE(parse_ticket(file)) << file;
  for (const std::string file : {"007-00000012-europe.ini", "007-00000012-europe.0.ini", "europe.a.ini"})
    EXPECT_FALSE(parse_claim(file)) << file;
}

TEST(Ticket, OfHigherPriorityComesFirstThenTheOneThatArrivedFirst) {
  const Ticket urgent{900, 9, "z"}, early{500, 1, "b"}, late{500, 2, "a"}, twin{500, 2, "c"};
  EXPECT_TRUE(is_before(urgent, early));
  EXPECT_TRUE(is_before(early, late));
  EXPECT_TRUE(is_before(late, twin));
  EXPECT_FALSE(is_before(twin, urgent));
}

TEST(JobName, IsRefusedWhereAFileCannotBearIt) {
  for (const std::string name : {"", ".hidden", "-a", "a b", "a/b", "a\n", "caf\xc3\xa9"})
    EXPECT_THROW(check_job_name(name), core::UsageError) << name;
  EXPECT_THROW(check_job_name(std::string(151, 'a')), core::UsageError);
  for (const std::string name : {"a", "MPI-ESM1-2_ssp585.2050", "0"}) EXPECT_NO_THROW(check_job_name(name));
}

}  // namespace
}  // namespace foehn::service::ticket_test
