#include "foehn/core/digest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"

namespace foehn::core {

namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) fail();
  }

  void update(const char* bytes, std::size_t count) {
    if (EVP_DigestUpdate(context_.get(), bytes, count) != 1) fail();
  }

  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest.data(), &length) != 1) fail();
    std::string hexadecimal;
    for (unsigned int i = 0; i < length; ++i) hexadecimal += fmt::format("{:02x}", digest[i]);
    return hexadecimal;
  }

 private:
  [[noreturn]] static void fail() { throw Error("OpenSSL cannot compute SHA-256"); }

  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  for (; bytes.size() > kBlockBytes; bytes.remove_prefix(kBlockBytes)) {
    digest.update(bytes.data(), kBlockBytes);
    beat();
  }
  digest.update(bytes.data(), bytes.size());
  return digest.finish();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  const auto fail = [&path] {
    throw Error(fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
  };

  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) fail();
  Sha256 digest;
  std::vector<char> block(kBlockBytes);
  while (const std::size_t count = std::fread(block.data(), 1, block.size(), file.get())) {
    digest.update(block.data(), count);
    beat();
  }
  if (std::ferror(file.get())) fail();
  return digest.finish();
}

std::string sha256_of_digests(std::vector<std::string> digests) {
  if (digests.size() == 1) return digests.front();
  std::sort(digests.begin(), digests.end());
  return sha256(fmt::format("{}\n", fmt::join(digests, "\n")));
}

std::string sha256_of_files(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> digests;
  for (const auto& path : paths) digests.push_back(sha256_of_file(path));
  return sha256_of_digests(std::move(digests));
}

}  // namespace foehn::core
