#include "file_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string_view>

#include "foehn/core/text.hpp"

namespace foehn::io {
namespace {

using namespace std::string_view_literals;

/// A kind of file that begins in a way of its own.
struct Kind {
  std::size_t offset;
  std::string_view bytes;
  const char* name;
  const char* advice;
};

constexpr const char* kUnpackZip = "unpack it (unzip) and name the files in it";
constexpr const char* kFromGrib =
    "convert it, with 'cdo -f nc4 copy FILE.grib FILE.nc' or ecCodes' grib_to_netcdf";
constexpr const char* kFetchAgain = "the download did not give the data: look at the file and fetch it again";

constexpr std::array kKinds{
    // The Climate Data Store serves several sets of one request in one archive.
    Kind{0, "PK\x03\x04"sv, "a ZIP archive", kUnpackZip},
    Kind{0, "PK\x05\x06"sv, "an empty ZIP archive", "fetch it again"},
    Kind{0, "GRIB"sv, "a GRIB file", kFromGrib},
    Kind{0, "BUFR"sv, "a BUFR file", "it holds observations at stations, not fields"},
    Kind{0, "\x1f\x8b"sv, "compressed by gzip", "unpack it (gunzip)"},
    Kind{0, "\x1f\x9d"sv, "compressed by compress", "unpack it (gunzip)"},
    Kind{0, "BZh"sv, "compressed by bzip2", "unpack it (bunzip2)"},
    Kind{0,
         "\xfd"
         "7zXZ\0"sv,
         "compressed by xz", "unpack it (unxz)"},
    Kind{0, "\x28\xb5\x2f\xfd"sv, "compressed by Zstandard", "unpack it (unzstd)"},
    Kind{0, "\x04\x22\x4d\x18"sv, "compressed by LZ4", "unpack it (unlz4)"},
    Kind{0, "7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive", "unpack it (7z x) and name the files in it"},
    Kind{0, "Rar!"sv, "a RAR archive", "unpack it (unrar) and name the files in it"},
    Kind{257, "ustar"sv, "a tar archive", "unpack it (tar -xf) and name the files in it"},
    Kind{0, "\x0e\x03\x13\x01"sv, "an HDF4 file", "convert it to NetCDF-4 (h4tonccf_nc4)"},
    Kind{0, "II*\0"sv, "a TIFF image", "convert it (gdal_translate -of netCDF)"},
    Kind{0, "MM\0*"sv, "a TIFF image", "convert it (gdal_translate -of netCDF)"},
    Kind{0, "PAR1"sv, "a Parquet table", "it must be written as CF NetCDF"},
    Kind{0, "\x93NUMPY"sv, "a NumPy array", "it must be written as CF NetCDF"},
    Kind{0, "%PDF"sv, "a PDF document", kFetchAgain},
    Kind{0, "version https://git-lfs"sv, "a pointer of Git LFS",
         "fetch the file that it stands for (git lfs pull)"},
    Kind{0, "/annex/objects/"sv, "a pointer of git-annex",
         "fetch the file that it stands for (git annex get)"},
};

/// Texts begin with one of these words, in letters of any case, after white space.
struct TextKind {
  std::string_view word;
  const char* name;
  const char* advice;
};
constexpr std::array kTextKinds{
    TextKind{"<!doctype html", "a web page (HTML)", kFetchAgain},
    TextKind{"<html", "a web page (HTML)", kFetchAgain},
    TextKind{"<", "an XML text", kFetchAgain},
    TextKind{"{", "a JSON text", kFetchAgain},
    TextKind{"netcdf ", "NetCDF as text (CDL)", "make NetCDF of it (ncgen -4 -o FILE.nc FILE.cdl)"},
};

std::string first_bytes(const std::filesystem::path& path) {
  constexpr std::size_t kMostBytes = 4096;
  std::string bytes(kMostBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

bool is_text(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](unsigned char byte) {
    return byte >= 0x20 || byte == '\n' || byte == '\r' || byte == '\t';
  });
}

std::optional<std::string> describe_text(std::string_view bytes) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  const auto first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || !is_text(bytes)) return std::nullopt;
  const std::string text = core::lower_case(bytes.substr(first));
  for (const TextKind& kind : kTextKinds)
    if (text.starts_with(kind.word)) return fmt::format("it is {}: {}", kind.name, kind.advice);
  return fmt::format("it is text, which begins '{}'",
                     bytes.substr(first, text.find_first_of("\r\n")).substr(0, 60));
}

/// The length that an HDF5 file's superblock says the file has; nothing if it has none at its beginning.
/// Source: HDF5 File Format Specification 3.0, II.A; the fields of versions 0 to 3 with addresses of 8 bytes.
std::optional<std::uint64_t> hdf5_length(std::string_view bytes) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  if (!bytes.starts_with(kSignature) || bytes.size() < 64) return std::nullopt;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i]));
  };
  const std::uint64_t version = byte(8);
  if (version > 3 || byte(version < 2 ? 13 : 9) != 8) return std::nullopt;
  const std::size_t place = version == 0 ? 40 : version == 1 ? 44 : 28;
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | byte(place + i);
  return length;
}

}  // namespace

std::string describe_unreadable(const std::filesystem::path& path, const std::string& reason) {
  const std::string bytes = first_bytes(path);
  std::error_code ignored;
  const std::uintmax_t size = std::filesystem::file_size(path, ignored);
  if (size == 0) return "it is empty (truncated to 0 bytes): fetch it again";
  for (const Kind& kind : kKinds)
    if (bytes.size() >= kind.offset && std::string_view(bytes).substr(kind.offset).starts_with(kind.bytes))
      return fmt::format("it is {}: {}", kind.name, kind.advice);
  if (const auto length = hdf5_length(bytes); length && *length > size)
    return fmt::format("it is truncated: {} of {} bytes are there; fetch it again", size, *length);
  if (!bytes.empty() && bytes.find_first_not_of('\0') == std::string::npos)
    return "it begins with zeros, as what was not copied or downloaded to its end does; fetch it again";
  if (const auto text = describe_text(bytes)) return *text;
  return fmt::format("truncated, unreadable or of another kind ({})", reason);
}

}  // namespace foehn::io
