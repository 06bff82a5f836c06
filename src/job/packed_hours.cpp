#include "packed_hours.hpp"

#include <cstring>
#include <span>
#include <type_traits>

#include "foehn/core/error.hpp"

namespace foehn::job {
namespace {

static_assert(std::is_trivially_copyable_v<HourFacts>);

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::uint64_t size() {
    std::uint64_t value = 0;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > bytes_.size()) throw core::Error("a packed chunk ends too early");
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  /// How many entries follow. @param least  bytes of one
  std::uint64_t count(std::size_t least) {
    const std::uint64_t entries = size();
    if (entries > bytes_.size() / least) throw core::Error("a packed chunk ends too early");
    return entries;
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace

core::PagedVector<std::byte> serialise(const PackedHours& packed) {
  std::size_t total = packed.facts.size() * sizeof(HourFacts) + 2 * sizeof(std::uint64_t);
  for (const io::Chunk& chunk : packed.chunks) total += chunk.size() + sizeof(std::uint64_t);
  core::PagedVector<std::byte> bytes(total);
  std::byte* end = bytes.data();
  const auto add = [&](const void* from, std::size_t count) {
    if (count > 0) std::memcpy(end, from, count);
    end += count;
  };
  const auto add_size = [&](std::uint64_t size) { add(&size, sizeof size); };
  add_size(packed.chunks.size());
  for (const io::Chunk& chunk : packed.chunks) {
    add_size(chunk.size());
    add(chunk.data(), chunk.size());
  }
  add_size(packed.facts.size());
  add(packed.facts.data(), packed.facts.size() * sizeof(HourFacts));
  return bytes;
}

PackedHours parse_packed_hours(const core::PagedVector<std::byte>& bytes) {
  Reader reader(bytes);
  PackedHours packed;
  packed.chunks.resize(reader.count(sizeof(std::uint64_t)));
  for (io::Chunk& chunk : packed.chunks) {
    const auto content = reader.take(reader.size());
    chunk.assign(content.begin(), content.end());
  }
  packed.facts.resize(reader.count(sizeof(HourFacts)));
  const auto facts = reader.take(packed.facts.size() * sizeof(HourFacts));
  if (!facts.empty()) std::memcpy(packed.facts.data(), facts.data(), facts.size());
  return packed;
}

}  // namespace foehn::job
