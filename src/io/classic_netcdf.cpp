#include "classic_netcdf.hpp"

#include <netcdf.h>

#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "foehn/core/error.hpp"
#include "stored_type.hpp"

namespace foehn::io {
namespace {

double padded(double bytes) {
  return std::ceil(bytes / 4) * 4;
}

/// Adds up the parts of a file as the specification of the classic formats lays them out. Sizes are float64:
/// exact for any file there can be, and a header that lies cannot make them overflow.
class ClassicLength {
 public:
  ClassicLength(int file, int format)
      : file_(file),
        count_bytes_(format == NC_FORMAT_64BIT_DATA ? 8 : 4),
        offset_bytes_(format == NC_FORMAT_CLASSIC ? 4 : 8) {}

  /// The least length of the file.
  double bytes() {
    int dimensions = 0;
    int variables = 0;
    int attributes = 0;
    check(nc_inq(file_, &dimensions, &variables, &attributes, &record_dimension_));
    constexpr double kMagicBytes = 4;
    header_ = kMagicBytes + count_bytes_ + 3 * list_bytes();
    for (int id = 0; id < dimensions; ++id) add_dimension(id);
    add_attributes(NC_GLOBAL, attributes);
    for (int id = 0; id < variables; ++id) add_variable(id);
    // Padding follows every variable, except between the records of a single record variable and, perhaps, at
    // the end.
    const double record = record_variables_ == 1 ? unpadded_record_ : record_;
    return header_ + fixed_ + records_ * record - (has_padding_ ? 3 : 0);
  }

 private:
  void check(int status) const {
    if (status != NC_NOERR) throw core::Error(std::string("cannot read the header: ") + nc_strerror(status));
  }
  double list_bytes() const { return 4 + count_bytes_; }
  double name_bytes(const char* name) const {
    return count_bytes_ + padded(static_cast<double>(std::strlen(name)));
  }

  void add_dimension(int id) {
    char name[NC_MAX_NAME + 1] = {};
    std::size_t length = 0;
    check(nc_inq_dim(file_, id, name, &length));
    header_ += name_bytes(name) + count_bytes_;
    if (id == record_dimension_) records_ = static_cast<double>(length);
  }

  void add_attributes(int variable, int count) {
    for (int i = 0; i < count; ++i) {
      char name[NC_MAX_NAME + 1] = {};
      nc_type type = NC_NAT;
      std::size_t length = 0;
      check(nc_inq_attname(file_, variable, i, name));
      check(nc_inq_att(file_, variable, name, &type, &length));
      header_ += name_bytes(name) + 4 + count_bytes_ +
                 padded(static_cast<double>(length) * static_cast<double>(bytes_of(type)));
    }
  }

  void add_variable(int id) {
    char name[NC_MAX_NAME + 1] = {};
    nc_type type = NC_NAT;
    int rank = 0;
    int attributes = 0;
    check(nc_inq_var(file_, id, name, &type, &rank, nullptr, &attributes));
    std::vector<int> dimensions(static_cast<std::size_t>(rank));
    check(nc_inq_vardimid(file_, id, dimensions.data()));
    // Name, rank, dimensions, attributes, type, size, offset.
    header_ += name_bytes(name) + count_bytes_ * (1 + rank) + list_bytes() + 4 + count_bytes_ + offset_bytes_;
    add_attributes(id, attributes);

    double bytes = static_cast<double>(bytes_of(type));
    bool has_records = false;
    for (const int dimension : dimensions) {
      std::size_t length = 0;
      check(nc_inq_dimlen(file_, dimension, &length));
      if (dimension == record_dimension_) {
        has_records = true;
      } else {
        bytes *= static_cast<double>(length);
      }
    }
    if (has_records) {
      ++record_variables_;
      record_ += padded(bytes);
      unpadded_record_ = bytes;
    } else {
      fixed_ += padded(bytes);
    }
    if (padded(bytes) != bytes) has_padding_ = true;
  }

  int file_;
  double count_bytes_;
  double offset_bytes_;
  int record_dimension_ = -1;
  int record_variables_ = 0;
  double records_ = 0;
  double header_ = 0;
  double fixed_ = 0;
  double record_ = 0;           ///< one record of every record variable
  double unpadded_record_ = 0;  ///< one record of the last record variable
  bool has_padding_ = false;
};

/// Walks through a header as the specification of the classic formats lays it out.
class ClassicHeader {
 public:
  /// @param version  1, 2 or 5: the byte after "CDF"
  ClassicHeader(std::ifstream& file, double bytes, int version)
      : file_(file), left_(bytes), count_bytes_(version == 5 ? 8 : 4), offset_bytes_(version == 1 ? 4 : 8) {}

  void check() {
    number(count_bytes_);  // records
    list([&] {
      name();
      number(count_bytes_);
    });
    attributes();
    list([&] {
      name();
      skip(number(count_bytes_) * count_bytes_);  // of dimensions
      attributes();
      type();
      skip(count_bytes_ + offset_bytes_);
    });
  }

 private:
  [[noreturn]] static void fail(const std::string& what) {
    throw core::Error("cannot be opened as NetCDF (truncated, unreadable or of another kind): " + what);
  }
  /// Every list takes bytes of the file, so that no count can lead far.
  void skip(double bytes) {
    left_ -= bytes;
    if (left_ < 0) fail("its header extends beyond its end");
    file_.seekg(static_cast<std::streamoff>(bytes), std::ios::cur);
  }
  double number(int bytes) {
    left_ -= bytes;
    if (left_ < 0) fail("its header extends beyond its end");
    double value = 0;
    for (int i = 0; i < bytes; ++i) value = 256 * value + file_.get();
    return value;
  }
  void name() {
    const double length = number(count_bytes_);
    if (length > NC_MAX_NAME) fail("a name in its header is too long");
    skip(padded(length));
  }
  nc_type type() {
    const double value = number(4);
    if (value < NC_BYTE || value > NC_UINT64) fail("a type in its header is unknown");
    return static_cast<nc_type>(value);
  }
  template <class Element>
  void list(Element&& element) {
    number(4);  // tag
    for (double count = number(count_bytes_); count > 0; --count) element();
  }
  void attributes() {
    list([&] {
      name();
      const nc_type kind = type();
      skip(padded(number(count_bytes_) * static_cast<double>(bytes_of(kind))));
    });
  }

  std::ifstream& file_;
  double left_;
  int count_bytes_;
  int offset_bytes_;
};

}  // namespace

void check_classic_header(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> magic{};
  if (!file.read(magic.data(), magic.size()) || std::string_view(magic.data(), 3) != "CDF") return;
  const int version = magic[3];
  if (version != 1 && version != 2 && version != 5) return;  // the library says so
  std::error_code error;
  const auto bytes = static_cast<double>(std::filesystem::file_size(path, error));
  if (!error) core::with_context(path.string(), [&] { ClassicHeader(file, bytes - 4, version).check(); });
}

void check_classic_length(int file, const std::filesystem::path& path) {
  core::with_context(path.string(), [&] {
    int format = 0;
    if (nc_inq_format(file, &format) != NC_NOERR) throw core::Error("unknown format");
    if (format == NC_FORMAT_NETCDF4 || format == NC_FORMAT_NETCDF4_CLASSIC) return;
    const double expected = ClassicLength(file, format).bytes();
    std::error_code error;
    const auto found = static_cast<double>(std::filesystem::file_size(path, error));
    if (error) throw core::Error("its size is unknown: " + error.message());
    if (found < expected) {
      throw core::Error(
          "truncated: " + std::to_string(std::llround(found)) + " bytes, but its header needs " +
          (expected < 1e18 ? std::to_string(std::llround(expected)) : std::string("more than any disk")));
    }
  });
}

}  // namespace foehn::io
