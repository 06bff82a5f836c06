#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace foehn::io {

/// Text, a number, or a list of numbers.
using AttributeValue = std::variant<std::string, double, std::vector<double>, std::int64_t, float>;
using Attributes = std::map<std::string, AttributeValue>;

struct NetcdfDimension {
  std::string name;
  std::int64_t size = 0;
  bool unlimited = false;
};

/// What a file's header says of one variable.
struct NetcdfVariable {
  int id = -1;
  std::string name;
  std::vector<NetcdfDimension> dimensions;
  Attributes attributes;
  bool is_numeric = true;
  int type = 0;  ///< of NetCDF-C: NC_SHORT, NC_FLOAT, ...

  /// The attribute as text; nothing if absent or not text.
  std::optional<std::string> text(const std::string& attribute) const;
  /// The attribute as a number (the first of a list); nothing if absent or not numeric.
  std::optional<double> number(const std::string& attribute) const;
  /// Every number of the attribute; none if absent or not numeric.
  std::vector<double> numbers(const std::string& attribute) const;
};

enum class NetcdfType { float32, float64, int32, int64 };

/// What a new file may hold: everything of NetCDF-4, or the classic data model in it (no 64-bit integers),
/// which every reader knows.
enum class NetcdfModel { netcdf4, classic };

/// How a variable is laid out in a new file.
struct NetcdfStorage {
  std::vector<std::int64_t> chunks;  ///< one length a dimension; empty: the library's choice
  int deflate = 0;                   ///< 0 (none) to 9, with shuffle
};

/// An open NetCDF file; closed by the destructor. Of one thread at a time; those of others wait meanwhile.
///
/// Every error names the file and, where there is one, the variable. Sizes in a header are not trusted:
/// attributes, and what is read or written at once, are bounded.
class NetcdfFile {
 public:
  /// Opens a file for reading. @throws Error if it is missing, truncated or no NetCDF
  static NetcdfFile open(const std::filesystem::path& path);
  /// Opens a file's content, which must outlive this, for reading.
  /// @param name  what errors call it
  /// @throws Error if it is not NetCDF
  static NetcdfFile open_content(const std::filesystem::path& name, std::span<const std::byte> content);
  /// Creates a NetCDF-4 file, replacing one of that name. @throws Error if it cannot be written
  /// @param final_name  what errors call the file, where `path` is but temporary; empty: `path`
  static NetcdfFile create(const std::filesystem::path& path, NetcdfModel model = NetcdfModel::netcdf4,
                           const std::filesystem::path& final_name = {});
  NetcdfFile(NetcdfFile&& other) noexcept;
  NetcdfFile& operator=(NetcdfFile&&) = delete;
  ~NetcdfFile();

  /// What errors call the file.
  const std::filesystem::path& path() const { return path_; }

  // Reading.
  std::vector<std::string> variable_names() const;
  bool has_variable(const std::string& name) const;
  /// The size of a dimension; nothing if no dimension has that name.
  std::optional<std::int64_t> dimension_size(const std::string& name) const;
  /// Whether there are groups below the root, whose variables are not seen.
  bool has_groups() const;
  /// @throws Error naming the variable and those that the file has
  NetcdfVariable variable(const std::string& name) const;
  /// The type of an attribute that the variable has, of NetCDF-C.
  int attribute_type(const NetcdfVariable& variable, const std::string& attribute) const;
  Attributes global_attributes() const;
  /// The lengths of a variable's chunks, one a dimension; empty where it is stored whole.
  std::vector<std::int64_t> chunk_lengths(const NetcdfVariable& variable) const;
  /// Bytes of decompressed chunks of a variable that are kept while it is read.
  std::int64_t chunk_cache_bytes(const NetcdfVariable& variable) const;
  void set_chunk_cache_bytes(const NetcdfVariable& variable, std::int64_t bytes) const;
  /// Raw values (packing is not undone) of a hyperslab; the whole variable where `start` and `count` are
  /// empty.
  /// @throws Error if the hyperslab leaves the variable or holds more than 2^27 values
  std::vector<double> read_doubles(const NetcdfVariable& variable, std::span<const std::int64_t> start = {},
                                   std::span<const std::int64_t> count = {}) const;
  /// Whether the libraries here can undo the compression of a variable's values; reading them says so too.
  /// @throws Error naming the filter that is missing
  void check_compression(const NetcdfVariable& variable) const;

  // Writing. Definitions come first; the first write ends them.
  /// @param size  0: unlimited
  void define_dimension(const std::string& name, std::int64_t size);
  void define_variable(const std::string& name, NetcdfType type, const std::vector<std::string>& dimensions,
                       const Attributes& attributes, const NetcdfStorage& storage = {});
  void set_global_attributes(const Attributes& attributes);
  void write(const std::string& variable, std::span<const double> values,
             std::span<const std::int64_t> start = {}, std::span<const std::int64_t> count = {});
  void write(const std::string& variable, std::span<const float> values,
             std::span<const std::int64_t> start = {}, std::span<const std::int64_t> count = {});
  /// Flushes and closes; errors of a late write (a full disk) surface here, not in the destructor.
  void close();

 private:
  NetcdfFile(int id, std::filesystem::path path) : id_(id), path_(std::move(path)) {}
  [[noreturn]] void fail(int status, const std::string& doing) const;
  void check(int status, const std::string& doing) const {
    if (status != 0) fail(status, doing);
  }
  void end_definitions();
  int id_ = -1;
  std::filesystem::path path_;
  bool is_defining_ = false;  // the classic model wants to be told when definitions end
};

}  // namespace foehn::io
