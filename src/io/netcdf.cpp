#include "foehn/io/netcdf.hpp"

#include <fcntl.h>
#include <hdf5.h>
#include <netcdf.h>
#include <netcdf_mem.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "classic_netcdf.hpp"
#include "compression_filters.hpp"
#include "file_kind.hpp"
#include "foehn/core/error.hpp"
#include "library_lock.hpp"
#include "netcdf_attributes.hpp"

namespace foehn::io {
namespace {

/// Sizes come from headers, which may lie: no more values than this (1 GiB of float64) are read or written at
/// once.
constexpr std::int64_t kMostValuesAtOnce = std::int64_t{1} << 27;

nc_type type_code(NetcdfType type) {
  switch (type) {
    case NetcdfType::float32:
      return NC_FLOAT;
    case NetcdfType::float64:
      return NC_DOUBLE;
    case NetcdfType::int32:
      return NC_INT;
    case NetcdfType::int64:
      return NC_INT64;
  }
  throw core::Error("unknown NetCDF type");
}

std::size_t type_size(NetcdfType type) {
  return type == NetcdfType::float32 || type == NetcdfType::int32 ? 4 : 8;
}

bool is_number_type(nc_type type) {
  return type >= NC_BYTE && type <= NC_UINT64 && type != NC_CHAR;
}

std::vector<std::size_t> to_sizes(std::span<const std::int64_t> values) {
  return {values.begin(), values.end()};
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

/// After a write that failed (a full disk), HDF5 keeps a broken file and crashes on it when it tidies up at
/// the end of the program. Every file is closed by its owner, so there is nothing to tidy up. HDF5 takes this
/// only before its first work, hence before main.
[[maybe_unused]] const bool kHdf5LeavesExitAlone = H5dont_atexit() >= 0;

/// The hyperslab to be read or written, checked against the variable's size.
struct Hyperslab {
  std::vector<std::size_t> start;
  std::vector<std::size_t> count;
  std::int64_t values = 1;
};

/// @param growing  when writing, an unlimited dimension grows as needed
Hyperslab make_hyperslab(const std::string& where, const NetcdfVariable& variable,
                         std::span<const std::int64_t> start, std::span<const std::int64_t> count,
                         bool growing) {
  const std::size_t rank = variable.dimensions.size();
  std::vector<std::int64_t> first(start.begin(), start.end());
  std::vector<std::int64_t> size(count.begin(), count.end());
  if (start.empty() && count.empty()) {
    first.assign(rank, 0);
    for (const auto& dimension : variable.dimensions) size.push_back(dimension.size);
  }
  if (first.size() != rank || size.size() != rank) {
    throw core::Error(where + ": a hyperslab of " + std::to_string(first.size()) + " starts and " +
                      std::to_string(size.size()) + " counts, but the variable has " + std::to_string(rank) +
                      " dimensions");
  }
  Hyperslab slab;
  for (std::size_t i = 0; i < rank; ++i) {
    const NetcdfDimension& dimension = variable.dimensions[i];
    const bool bounded = !(growing && dimension.unlimited);
    if (first[i] < 0 || size[i] < 0 ||
        (bounded && (first[i] > dimension.size || size[i] > dimension.size - first[i]))) {
      throw core::Error(where + ": entries " + std::to_string(first[i]) + " to " +
                        std::to_string(first[i] + size[i]) + " of dimension " + dimension.name +
                        ", which has " + std::to_string(dimension.size));
    }
    if (size[i] > 0 && slab.values > kMostValuesAtOnce / size[i]) {
      throw core::Error(where + ": more than " + std::to_string(kMostValuesAtOnce) + " values at once");
    }
    slab.values *= size[i];
  }
  slab.start = to_sizes(first);
  slab.count = to_sizes(size);
  return slab;
}

Hyperslab make_write_slab(const NetcdfFile& file, const NetcdfVariable& variable, std::size_t values,
                          std::span<const std::int64_t> start, std::span<const std::int64_t> count) {
  const std::string where = file.path().string() + ": writing " + variable.name;
  Hyperslab slab = make_hyperslab(where, variable, start, count, true);
  if (slab.values != static_cast<std::int64_t>(values)) {
    throw core::Error(where + ": " + std::to_string(values) + " values, expected " +
                      std::to_string(slab.values));
  }
  return slab;
}

}  // namespace

std::optional<std::string> NetcdfVariable::text(const std::string& attribute) const {
  const auto found = attributes.find(attribute);
  if (found == attributes.end()) return std::nullopt;
  const auto* value = std::get_if<std::string>(&found->second);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<double> NetcdfVariable::number(const std::string& attribute) const {
  const auto found = attributes.find(attribute);
  if (found == attributes.end()) return std::nullopt;
  if (const auto* value = std::get_if<double>(&found->second)) return *value;
  if (const auto* value = std::get_if<float>(&found->second)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&found->second)) return static_cast<double>(*value);
  const auto* list = std::get_if<std::vector<double>>(&found->second);
  return list && !list->empty() ? std::optional(list->front()) : std::nullopt;
}

std::vector<double> NetcdfVariable::numbers(const std::string& attribute) const {
  const auto found = attributes.find(attribute);
  if (found != attributes.end())
    if (const auto* list = std::get_if<std::vector<double>>(&found->second)) return *list;
  const auto one = number(attribute);
  return one ? std::vector{*one} : std::vector<double>{};
}

NetcdfFile NetcdfFile::open(const std::filesystem::path& path) {
  const LibraryLock lock;
  // Asked first: NetCDF-C would take a name such as "https://..." for a server to talk to.
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) throw core::Error(path.string() + ": no such file");
  if (!std::filesystem::is_regular_file(path, ignored))
    throw core::Error(path.string() + ": not a regular file");
  check_classic_header(path);
  int id = -1;
  const int status = nc_open(path.c_str(), NC_NOWRITE, &id);
  if (status != NC_NOERR)
    throw core::Error(path.string() +
                      ": cannot be opened as NetCDF: " + describe_unreadable(path, nc_strerror(status)));
  NetcdfFile file(id, path);
  check_classic_length(id, path);
  return file;
}

NetcdfFile NetcdfFile::open_content(const std::filesystem::path& name, std::span<const std::byte> content) {
  const LibraryLock lock;
  int id = -1;
  // It is not written to, whatever the type says.
  const int status =
      nc_open_mem(name.c_str(), NC_NOWRITE, content.size(), const_cast<std::byte*>(content.data()), &id);
  if (status != NC_NOERR)
    throw core::Error(name.string() + ": cannot be opened as NetCDF: " + nc_strerror(status));
  return {id, name};
}

NetcdfFile NetcdfFile::create(const std::filesystem::path& path, NetcdfModel model,
                              const std::filesystem::path& final_name) {
  const LibraryLock lock;
  const std::filesystem::path& name = final_name.empty() ? path : final_name;
  // The system says why a file cannot be made; HDF5 would not.
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) throw core::Error(name.string() + ": cannot be created: " + std::strerror(errno));
  ::close(descriptor);
  int id = -1;
  const int model_flag = model == NetcdfModel::classic ? NC_CLASSIC_MODEL : 0;
  const int status = nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER | model_flag, &id);
  if (status != NC_NOERR) throw core::Error(name.string() + ": cannot be created: " + nc_strerror(status));
  NetcdfFile file(id, name);
  file.is_defining_ = model == NetcdfModel::classic;
  return file;
}

NetcdfFile::NetcdfFile(NetcdfFile&& other) noexcept
    : id_(other.id_), path_(std::move(other.path_)), is_defining_(other.is_defining_) {
  other.id_ = -1;
}

NetcdfFile::~NetcdfFile() {
  const LibraryLock lock;
  if (id_ >= 0) nc_close(id_);
}

void NetcdfFile::fail(int status, const std::string& doing) const {
  // HDF5 does not say why the system refused; errno, cleared before data are moved, may.
  const std::string reason =
      status == NC_EHDFERR && errno != 0 ? std::string(" (") + std::strerror(errno) + ")" : "";
  throw core::Error(path_.string() + ": " + doing + ": " + nc_strerror(status) + reason);
}

std::vector<std::string> NetcdfFile::variable_names() const {
  const LibraryLock lock;
  int count = 0;
  check(nc_inq_nvars(id_, &count), "cannot list the variables");
  std::vector<std::string> names;
  for (int variable = 0; variable < count; ++variable) {
    char name[NC_MAX_NAME + 1] = {};
    check(nc_inq_varname(id_, variable, name), "cannot list the variables");
    names.emplace_back(name);
  }
  return names;
}

bool NetcdfFile::has_variable(const std::string& name) const {
  const LibraryLock lock;
  int variable = -1;
  return nc_inq_varid(id_, name.c_str(), &variable) == NC_NOERR;
}

std::optional<std::int64_t> NetcdfFile::dimension_size(const std::string& name) const {
  const LibraryLock lock;
  int dimension = -1;
  if (nc_inq_dimid(id_, name.c_str(), &dimension) != NC_NOERR) return std::nullopt;
  std::size_t size = 0;
  check(nc_inq_dimlen(id_, dimension, &size), "reading the size of dimension " + name);
  return static_cast<std::int64_t>(size);
}

bool NetcdfFile::has_groups() const {
  const LibraryLock lock;
  int count = 0;
  check(nc_inq_grps(id_, &count, nullptr), "cannot list the groups");
  return count > 0;
}

NetcdfVariable NetcdfFile::variable(const std::string& name) const {
  const LibraryLock lock;
  NetcdfVariable variable;
  variable.name = name;
  const std::string doing = "cannot read the header of variable " + name;
  const int found = nc_inq_varid(id_, name.c_str(), &variable.id);
  if (found == NC_ENOTVAR) {
    throw core::Error(path_.string() + ": no variable " + name + "; there are: " + joined(variable_names()));
  }
  check(found, doing);

  nc_type type = NC_NAT;
  int rank = 0;
  int attributes = 0;
  check(nc_inq_var(id_, variable.id, nullptr, &type, &rank, nullptr, &attributes), doing);
  variable.is_numeric = is_number_type(type);
  variable.type = type;
  std::vector<int> ids(static_cast<std::size_t>(rank));
  check(nc_inq_vardimid(id_, variable.id, ids.data()), doing);
  int unlimited_count = 0;
  check(nc_inq_unlimdims(id_, &unlimited_count, nullptr), doing);
  std::vector<int> unlimited(static_cast<std::size_t>(unlimited_count));
  check(nc_inq_unlimdims(id_, &unlimited_count, unlimited.data()), doing);
  for (const int id : ids) {
    char dimension[NC_MAX_NAME + 1] = {};
    std::size_t size = 0;
    check(nc_inq_dim(id_, id, dimension, &size), doing);
    const bool is_unlimited = std::find(unlimited.begin(), unlimited.end(), id) != unlimited.end();
    variable.dimensions.push_back({dimension, static_cast<std::int64_t>(size), is_unlimited});
  }
  variable.attributes = read_attributes(id_, variable.id, attributes, path_.string() + ": variable " + name);
  return variable;
}

int NetcdfFile::attribute_type(const NetcdfVariable& variable, const std::string& attribute) const {
  const LibraryLock lock;
  nc_type type = NC_NAT;
  check(nc_inq_atttype(id_, variable.id, attribute.c_str(), &type),
        "reading attribute " + attribute + " of variable " + variable.name);
  return type;
}

Attributes NetcdfFile::global_attributes() const {
  const LibraryLock lock;
  int count = 0;
  check(nc_inq_natts(id_, &count), "cannot list the global attributes");
  return read_attributes(id_, NC_GLOBAL, count, path_.string());
}

std::vector<std::int64_t> NetcdfFile::chunk_lengths(const NetcdfVariable& variable) const {
  const LibraryLock lock;
  int format = 0, storage = NC_CONTIGUOUS;
  const std::string doing = "reading the chunks of variable " + variable.name;
  check(nc_inq_format(id_, &format), doing);
  const bool may_be_chunked = format == NC_FORMAT_NETCDF4 || format == NC_FORMAT_NETCDF4_CLASSIC;
  if (!may_be_chunked) return {};
  std::vector<std::size_t> lengths(variable.dimensions.size());
  check(nc_inq_var_chunking(id_, variable.id, &storage, lengths.data()), doing);
  if (storage != NC_CHUNKED) return {};
  return {lengths.begin(), lengths.end()};
}

std::int64_t NetcdfFile::chunk_cache_bytes(const NetcdfVariable& variable) const {
  const LibraryLock lock;
  std::size_t bytes = 0;
  check(nc_get_var_chunk_cache(id_, variable.id, &bytes, nullptr, nullptr),
        "reading the chunk cache of variable " + variable.name);
  return static_cast<std::int64_t>(bytes);
}

void NetcdfFile::set_chunk_cache_bytes(const NetcdfVariable& variable, std::int64_t bytes) const {
  const LibraryLock lock;
  const std::string doing = "setting the chunk cache of variable " + variable.name;
  std::size_t slots = 0;
  float preemption = 0;
  check(nc_get_var_chunk_cache(id_, variable.id, nullptr, &slots, &preemption), doing);
  check(nc_set_var_chunk_cache(id_, variable.id, static_cast<std::size_t>(bytes), slots, preemption), doing);
}

std::vector<double> NetcdfFile::read_doubles(const NetcdfVariable& variable,
                                             std::span<const std::int64_t> start,
                                             std::span<const std::int64_t> count) const {
  const LibraryLock lock;
  const std::string where = path_.string() + ": reading " + variable.name;
  if (!variable.is_numeric) throw core::Error(where + ": it holds no numbers");
  const Hyperslab slab = make_hyperslab(where, variable, start, count, false);
  std::vector<double> values(static_cast<std::size_t>(slab.values));
  if (!values.empty()) {
    errno = 0;
    const int status =
        nc_get_vara_double(id_, variable.id, slab.start.data(), slab.count.data(), values.data());
    if (status != NC_NOERR) check_compression(variable);
    check(status, "reading " + variable.name);
  }
  return values;
}

void NetcdfFile::check_compression(const NetcdfVariable& variable) const {
  const LibraryLock lock;
  check_filters(id_, variable, path_);
}

void NetcdfFile::define_dimension(const std::string& name, std::int64_t size) {
  const LibraryLock lock;
  int id = -1;
  check(nc_def_dim(id_, name.c_str(), static_cast<std::size_t>(size), &id), "defining dimension " + name);
}

void NetcdfFile::define_variable(const std::string& name, NetcdfType type,
                                 const std::vector<std::string>& dimensions, const Attributes& attributes,
                                 const NetcdfStorage& storage) {
  const LibraryLock lock;
  const std::string doing = "defining variable " + name;
  std::vector<int> ids;
  for (const auto& dimension : dimensions) {
    check(nc_inq_dimid(id_, dimension.c_str(), &ids.emplace_back()), doing + " on dimension " + dimension);
  }
  int variable = -1;
  check(nc_def_var(id_, name.c_str(), type_code(type), static_cast<int>(ids.size()), ids.data(), &variable),
        doing);
  if (!storage.chunks.empty()) {
    if (storage.chunks.size() != ids.size()) {
      throw core::Error(path_.string() + ": " + doing + ": " + std::to_string(storage.chunks.size()) +
                        " chunk lengths, expected " + std::to_string(ids.size()));
    }
    const std::vector<std::size_t> chunks = to_sizes(storage.chunks);
    check(nc_def_var_chunking(id_, variable, NC_CHUNKED, chunks.data()), doing);
    // Room for one chunk: it is filled in time order, compressed once when full, and never read back.
    std::size_t bytes = type_size(type);
    for (const std::size_t length : chunks) bytes *= length;
    constexpr std::size_t kSlots = 7;
    constexpr float kEvictWrittenFirst = 1.0F;
    check(nc_set_var_chunk_cache(id_, variable, bytes, kSlots, kEvictWrittenFirst), doing);
  }
  if (storage.deflate > 0) check(nc_def_var_deflate(id_, variable, 1, 1, storage.deflate), doing);
  for (const auto& [key, value] : attributes) {
    write_attribute(id_, variable, key, value, path_.string() + ": variable " + name);
  }
}

void NetcdfFile::set_global_attributes(const Attributes& attributes) {
  const LibraryLock lock;
  for (const auto& [key, value] : attributes) {
    write_attribute(id_, NC_GLOBAL, key, value, path_.string());
  }
}

void NetcdfFile::end_definitions() {
  if (!is_defining_) return;
  check(nc_enddef(id_), "ending the definitions");
  is_defining_ = false;
}

void NetcdfFile::write(const std::string& variable, std::span<const double> values,
                       std::span<const std::int64_t> start, std::span<const std::int64_t> count) {
  const LibraryLock lock;
  const NetcdfVariable header = this->variable(variable);
  const Hyperslab slab = make_write_slab(*this, header, values.size(), start, count);
  errno = 0;
  end_definitions();
  check(nc_put_vara_double(id_, header.id, slab.start.data(), slab.count.data(), values.data()),
        "writing " + variable);
}

void NetcdfFile::write(const std::string& variable, std::span<const float> values,
                       std::span<const std::int64_t> start, std::span<const std::int64_t> count) {
  const LibraryLock lock;
  const NetcdfVariable header = this->variable(variable);
  const Hyperslab slab = make_write_slab(*this, header, values.size(), start, count);
  errno = 0;
  end_definitions();
  check(nc_put_vara_float(id_, header.id, slab.start.data(), slab.count.data(), values.data()),
        "writing " + variable);
}

void NetcdfFile::close() {
  const LibraryLock lock;
  const int id = std::exchange(id_, -1);
  errno = 0;
  check(nc_close(id), "closing");
}

}  // namespace foehn::io
