#include "foehn/core/digest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "foehn/core/error.hpp"

namespace foehn::core::digest_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// FIPS 180-2, appendix B.
constexpr const char* kDigestOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kDigestOfMillionAs = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256, GivesThePublishedAnswers) {
  EXPECT_EQ(sha256("abc"), kDigestOfAbc);
  EXPECT_EQ(sha256(std::string(1000000, 'a')), kDigestOfMillionAs);
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256OfFile, IsTheDigestOfItsContent) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "foehn_digest_test.bin";
  // Longer than one block of reading, with a ragged end.
  const std::string content = std::string(3000001, 'x') + '\0' + "tail";
  std::ofstream(path, std::ios::binary) << content;
  EXPECT_EQ(sha256_of_file(path), sha256(content));
  std::filesystem::remove(path);
}

TEST(Sha256OfFiles, IsOfTheirContentWhateverTheirOrder) {
  const auto folder = std::filesystem::path(::testing::TempDir());
  const auto one = folder / "foehn_digest_one", two = folder / "foehn_digest_two";
  std::ofstream(one) << "abc";
  std::ofstream(two) << "";
  EXPECT_EQ(sha256_of_files({one}), kDigestOfAbc);
  EXPECT_EQ(sha256_of_files({one, two}), sha256_of_files({two, one}));
  EXPECT_NE(sha256_of_files({one, two}), sha256_of_files({one, one}));
  EXPECT_EQ(sha256_of_files({one, two}), sha256(std::string(kDigestOfAbc) + "\n" + sha256("") + "\n"));
  std::filesystem::remove(one);
  std::filesystem::remove(two);
}

TEST(Sha256OfFile, NamesAFileItCannotRead) {
  EXPECT_THAT([] { sha256_of_file("no_such_dir/weights.safetensors"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("no_such_dir/weights.safetensors"),
                                         HasSubstr("No such file or directory"))));
  const std::string directory = ::testing::TempDir();
  EXPECT_THAT([&] { sha256_of_file(directory); },
              ThrowsMessage<Error>(AllOf(HasSubstr(directory), HasSubstr("Is a directory"))));
}

}  // namespace
}  // namespace foehn::core::digest_test
