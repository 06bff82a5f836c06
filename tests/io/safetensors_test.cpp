#include "foehn/io/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <random>

#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::io::safetensors_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

/// The bytes of a file with this header, whatever it says.
std::string file_bytes(const std::string& header, const std::string& data) {
  std::string bytes(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

/// Opens a file of these bytes.
std::function<void()> opening(const std::filesystem::path& path, const std::string& bytes) {
  return [path, bytes] {
    write_content(path, bytes);
    SafetensorsFile file(path);
  };
}

const std::string kGoodHeader =
    R"({"__metadata__":{"kind":"test"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
    R"("b":{"dtype":"I64","shape":[],"data_offsets":[16,24]}})";
const std::string kGoodData(24, '\x01');

TEST(Safetensors, ReadsBackWhatWasWritten) {
  const TemporaryFolder folder;
  const std::array<float, 6> weights{1, 2, 3, 4, 5, -0.0F};
  const std::array<std::int64_t, 1> scalar{-7};
  const std::array<std::uint16_t, 3> halves{0x3c00, 0x4000, 0x4200};
  const std::array<double, 2> doubles{0.1, 1e300};
  const std::map<std::string, TensorView> tensors{
      {"weights", {TensorType::f32, {2, 3}, std::as_bytes(std::span(weights))}},
      {"scalar", {TensorType::i64, {}, std::as_bytes(std::span(scalar))}},
      {"half", {TensorType::f16, {3}, std::as_bytes(std::span(halves))}},
      {"brain", {TensorType::bf16, {3, 1}, std::as_bytes(std::span(halves))}},
      {"double", {TensorType::f64, {2}, std::as_bytes(std::span(doubles))}},
      {"empty", {TensorType::f32, {0, 5}, {}}},
  };
  const std::map<std::string, std::string> metadata{{"foehn.kind", "gaussian"},
                                                    {"text", "\"quoted\"\n\u00e9"}};
  write_safetensors(folder / "a.safetensors", tensors, metadata);
  EXPECT_THAT(folder.names(), ElementsAre("a.safetensors"));

  const SafetensorsFile file(folder / "a.safetensors");
  EXPECT_EQ(file.metadata(), metadata);
  EXPECT_EQ(file.metadata_value("foehn.kind"), "gaussian");
  ASSERT_EQ(file.tensors().size(), tensors.size());
  for (const auto& [name, expected] : tensors) {
    const TensorView& found = file.tensor(name);
    EXPECT_EQ(found.type, expected.type) << name;
    EXPECT_EQ(found.shape, expected.shape) << name;
    EXPECT_TRUE(std::ranges::equal(found.bytes, expected.bytes)) << name;
  }
  // A copy is the same file, byte for byte.
  write_safetensors(folder / "b.safetensors", file.tensors(), file.metadata());
  EXPECT_EQ(content_of(folder / "a.safetensors"), content_of(folder / "b.safetensors"));
}

TEST(Safetensors, StaysReadableAfterAMove) {
  const TemporaryFolder folder;
  write_content(folder / "a", file_bytes(kGoodHeader, kGoodData));
  SafetensorsFile first(folder / "a");
  const SafetensorsFile second(std::move(first));
  EXPECT_EQ(second.tensor("a").bytes.size(), 16U);
  EXPECT_EQ(static_cast<char>(second.tensor("a").bytes[15]), '\x01');
  EXPECT_EQ(second.metadata_value("kind"), "test");
}

TEST(Safetensors, NamesWhatIsNotThere) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { SafetensorsFile(folder / "absent"); },
              ThrowsMessage<core::Error>((folder / "absent").string() + ": No such file or directory"));
  EXPECT_THAT([&] { SafetensorsFile(folder / ""); },
              ThrowsMessage<core::Error>(HasSubstr("not a regular file")));
  write_content(folder / "a", file_bytes(kGoodHeader, kGoodData));
  const SafetensorsFile file(folder / "a");
  EXPECT_THAT([&] { file.tensor("c"); },
              ThrowsMessage<core::Error>((folder / "a").string() + ": no tensor c"));
  EXPECT_THAT([&] { file.metadata_value("c"); },
              ThrowsMessage<core::Error>((folder / "a").string() + ": no metadata c"));
}

TEST(Safetensors, RefusesEveryTruncation) {
  const TemporaryFolder folder;
  const std::string whole = file_bytes(kGoodHeader, kGoodData);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(opening(folder / "cut", whole.substr(0, size)),
                ThrowsMessage<core::Error>(HasSubstr("cut: ")))
        << size << " bytes";
  }
  EXPECT_NO_THROW(opening(folder / "whole", whole)());
  EXPECT_THAT(opening(folder / "longer", whole + "x"),
              ThrowsMessage<core::Error>(HasSubstr("1 bytes of data belong to no tensor")));
}

TEST(Safetensors, RefusesHeaderLengthsThatLie) {
  const TemporaryFolder folder;
  for (const std::uint64_t length : {~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1} << 40,
                                     std::uint64_t{kGoodHeader.size() + kGoodData.size() + 1}}) {
    std::string bytes = file_bytes(kGoodHeader, kGoodData);
    std::memcpy(bytes.data(), &length, 8);
    EXPECT_THAT(opening(folder / "a", bytes),
                ThrowsMessage<core::Error>(HasSubstr("claims " + std::to_string(length) + " bytes")));
  }
}

TEST(Safetensors, SaysWhatIsWrongWithAHeader) {
  struct Case {
    const char* header;
    const char* problem;
  };
  const std::string data(16, '\0');
  const std::vector<Case> cases{
      {R"([1,2])", "the header is not a JSON object"},
      {R"("text")", "the header is not a JSON object"},
      {R"()", "the header is not JSON"},
      {R"({"a":)", "the header is not JSON"},
      {R"({"a":NaN})", "the header is not JSON"},
      {"{\"\xff\":1}", "the header is not JSON"},
      {R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})",
       "the key 'a' twice"},
      {R"({"a":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}})", "the key 'dtype' twice"},
      {R"({"a":{"dtype":"F32","shape":[[[[4]]]],"data_offsets":[0,16]}})", "nests too deeply"},
      {R"({"a":7})", "tensor a: it is not a JSON object"},
      {R"({"a":{"shape":[4],"data_offsets":[0,16]}})", "tensor a: it has no dtype"},
      {R"({"a":{"dtype":"F32","data_offsets":[0,16]}})", "tensor a: it has no shape"},
      {R"({"a":{"dtype":"F32","shape":[4]}})", "tensor a: it has no data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"more":1}})", "it has keys other than"},
      {R"({"a":{"dtype":"F8_E4M3","shape":[16],"data_offsets":[0,16]}})", "dtype F8_E4M3 is not supported"},
      {R"({"a":{"dtype":32,"shape":[4],"data_offsets":[0,16]}})", "tensor a: dtype"},
      {R"({"a":{"dtype":"F32","shape":4,"data_offsets":[0,16]}})", "shape is not a list"},
      {R"({"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}})", "shape is not a list"},
      {R"({"a":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}})", "shape is not a list"},
      {R"({"a":{"dtype":"F32","shape":["4"],"data_offsets":[0,16]}})", "shape is not a list"},
      {R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,16]}})",
       "shape is not a list"},
      {R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4],"data_offsets":[0,16]}})",
       "shape is not a list"},
      {R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,16]}})",
       "more than any file holds"},
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
       "more than any file holds"},
      {R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}})", "span 16 bytes, but its shape needs 12"},
      {R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0]}})", "data_offsets do not lie within"},
      {R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}})", "data_offsets do not lie within"},
      {R"({"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}})",
       "data_offsets do not lie within the 16 bytes"},
      {R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[9223372036854775800,9223372036854775807]}})",
       "data_offsets do not lie within"},
      {R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}})", "data_offsets is not a list"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})", "tensor a leaves a hole"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "8 bytes of data belong to no tensor"},
      {R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
       "tensor b overlaps"},
      {R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})",
       "overlaps"},
      {R"({"__metadata__":7})", "__metadata__ is not a JSON object of texts"},
      {R"({"__metadata__":{"a":1}})", "__metadata__ is not a JSON object of texts"},
      {R"({"__metadata__":{"a":{"b":"c"}}})", "__metadata__ is not a JSON object of texts"},
  };
  const TemporaryFolder folder;
  for (const auto& one : cases) {
    EXPECT_THAT(
        opening(folder / "a", file_bytes(one.header, data)),
        ThrowsMessage<core::Error>(AllOf(HasSubstr((folder / "a").string() + ": "), HasSubstr(one.problem))))
        << one.header;
  }
}

TEST(Safetensors, RefusesDeepNestingWithoutRunningOutOfStack) {
  const TemporaryFolder folder;
  for (const std::string open : {"[", "{\"a\":"}) {
    std::string header;
    for (int i = 0; i < 1'000'000; ++i) header += open;
    EXPECT_THAT(opening(folder / "a", file_bytes(header, "")),
                ThrowsMessage<core::Error>(HasSubstr("nests too deeply")));
  }
}

TEST(Safetensors, SurvivesFlippedBytes) {
  const TemporaryFolder folder;
  const std::string whole = file_bytes(kGoodHeader, kGoodData);
  std::mt19937 random(1);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int trial = 0; trial < 4; ++trial) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(random());
      if (trial > 1) bytes[random() % bytes.size()] = static_cast<char>(random());
      write_content(folder / "a", bytes);
      try {
        const SafetensorsFile file(folder / "a");
        // What is accepted must be safe to read.
        for (const auto& [name, tensor] : file.tensors()) {
          ASSERT_LE(std::count(tensor.bytes.begin(), tensor.bytes.end(), std::byte{1}), 24);
        }
      } catch (const core::Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, whole.size() / 2);
}

TEST(WriteSafetensors, RefusesATensorWhoseBytesAreNotItsShape) {
  const TemporaryFolder folder;
  const std::array<float, 3> values{};
  const std::map<std::string, TensorView> tensors{
      {"w", {TensorType::f32, {2, 2}, std::as_bytes(std::span(values))}}};
  EXPECT_THAT([&] { write_safetensors(folder / "a", tensors, {}); },
              ThrowsMessage<core::Error>(HasSubstr("tensor w of type F32 has 12 bytes")));
  EXPECT_THAT(
      [&] {
        write_safetensors(folder / "a", {}, {{"key", "\xff"}});
      },
      ThrowsMessage<core::Error>(HasSubstr("not UTF-8")));
  EXPECT_THAT([&] { write_safetensors(folder / "no/a", {}, {}); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("no/a"), HasSubstr("no folder"))));
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(Safetensors, ReadsFilesOfOtherPrograms) {
  const auto folder = folder_from("FOEHN_REFERENCE_DIR", "shared/reference/climate2weather");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: no reference files";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".safetensors") continue;
    const SafetensorsFile file(entry.path());
    EXPECT_FALSE(file.tensors().empty()) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 1U);
  const SafetensorsFile schedule(folder / "schedule.safetensors");
  const TensorView& t = schedule.tensor("t");
  EXPECT_EQ(t.type, TensorType::f64);
  ASSERT_EQ(t.shape.size(), 1U);
  double last = 0;
  std::memcpy(&last, t.bytes.data() + t.bytes.size() - 8, 8);
  EXPECT_EQ(last, 1.0);
}

}  // namespace
}  // namespace foehn::io::safetensors_test
