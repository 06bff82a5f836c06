#include "job/packed_hours.hpp"

#include <gmock/gmock.h>

#include "foehn/core/error.hpp"

namespace foehn::job::packed_hours_test {
namespace {

PackedHours some_hours() {
  PackedHours packed;
  packed.chunks = {{std::byte{1}, std::byte{2}}, {}, {std::byte{3}}};
  packed.facts.resize(4);
  packed.facts[2].squares = 0.1;
  packed.facts[3].points[HourFacts::kPoints - 1] = -7.5F;
  return packed;
}

TEST(PackedHours, ComeBackAsTheyWere) {
  const PackedHours packed = some_hours(), back = parse_packed_hours(serialise(packed));
  EXPECT_EQ(back.chunks, packed.chunks);
  ASSERT_EQ(back.facts.size(), 4U);
  EXPECT_EQ(back.facts[2].squares, 0.1);
  EXPECT_EQ(back.facts[3].points[HourFacts::kPoints - 1], -7.5F);
}

TEST(PackedHours, AreRefusedWhereTheyEndTooEarly) {
  const core::PagedVector<std::byte> bytes = serialise(some_hours());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(parse_packed_hours({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}),
                 core::Error)
        << size;
}

}  // namespace
}  // namespace foehn::job::packed_hours_test
