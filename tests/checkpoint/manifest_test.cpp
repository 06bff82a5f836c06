#include "checkpoint/manifest.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "foehn/checkpoint/identity.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"

namespace foehn::checkpoint::manifest_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Manifest example() {
  return {"seed = 3\nsteps = 16\n",
          12,
          {{"draw", "4"}},
          {{"slab", {2, 4, 5}}, {"previous", {2, 4, 5}}},
          {{0, 20, 1000, "aa"}, {20, 49, 2000, "bb"}}};
}

/// A manifest with another content and a digest that fits it.
std::string forged(const std::function<void(nlohmann::json& content)>& change) {
  auto json = nlohmann::json::parse(manifest_text(example()));
  change(json["content"]);
  json["sha256"] = core::sha256(json["content"].dump());
  return json.dump();
}

TEST(Manifest, IsReadAsItWasWritten) {
  const Manifest read = parse_manifest(manifest_text(example()));
  EXPECT_EQ(read.identity, example().identity);
  EXPECT_EQ(read.step, 12);
  EXPECT_EQ(read.facts, example().facts);
  EXPECT_EQ(read.fields, example().fields);
  ASSERT_EQ(read.files.size(), 2U);
  EXPECT_EQ(read.files[1].name(), "hours_0000020_0000049.nc");
  EXPECT_EQ(read.files[1].bytes, 2000);
  EXPECT_EQ(read.files[1].digest, "bb");
}

TEST(Manifest, IsRefusedWithAnyByteFlipped) {
  const std::string text = manifest_text(example());
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    std::string flipped = text;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    try {
      const Manifest read = parse_manifest(flipped);
      // White space between tokens may change.
      EXPECT_EQ(manifest_text(read), text) << "byte " << i;
    } catch (const core::Error&) {
    }
  }
}

TEST(Manifest, IsRefusedTruncatedAnywhere) {
  const std::string text = manifest_text(example());
  for (std::size_t size = 0; size + 2 < text.size(); size += 3)
    EXPECT_THROW(parse_manifest(text.substr(0, size)), core::Error) << size;
}

TEST(Manifest, IsRefusedIfItStatesWhatCannotBe) {
  const auto refused = [](const std::function<void(nlohmann::json&)>& change, const std::string& word) {
    EXPECT_THAT([&] { parse_manifest(forged(change)); }, ThrowsMessage<core::Error>(HasSubstr(word)));
  };
  refused([](auto& content) { content["files"][1]["first"] = 21; }, "hours 21 to 49, expected one from 20");
  refused([](auto& content) { content["files"][1]["last"] = 20; }, "expected one from 20");
  refused([](auto& content) { content["files"][1]["last"] = std::int64_t{1} << 50; }, "expected one from 20");
  refused([](auto& content) { content["files"] = nlohmann::json::array(); }, "no file");
  refused([](auto& content) { content["fields"]["slab"] = {2, -4, 5}; }, "sizes out of range");
  refused(
      [](auto& content) {
        content["fields"]["slab"] = {std::int64_t{1} << 39, 4};
      },
      "sizes out of range");
  refused([](auto& content) { content["step"] = 0; }, "step 0");
  refused([](auto& content) { content["foehn_checkpoint"] = 2; }, "format 2, expected 1");
  refused([](auto& content) { content.erase("facts"); }, "facts");
}

TEST(Difference, NamesWhatIsNotTheSame) {
  EXPECT_EQ(difference("a = 1\nb = 2\n", "a = 1\nb = 2\n"), "");
  EXPECT_EQ(difference("a = 1\nb = 2\n", "a = 1\nb = 3\n"), "b: 2 there, 3 here");
  EXPECT_EQ(difference("a = 1\n", "b = 3\n"), "a: 1 there, nothing here; b: nothing there, 3 here");
  EXPECT_THAT(difference("a = 1\nb = 1\nc = 1\nd = 1\n", ""), HasSubstr("(and 1 more)"));
}

}  // namespace
}  // namespace foehn::checkpoint::manifest_test
