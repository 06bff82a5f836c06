#include "compression_filters.hpp"

#include <fmt/format.h>
#include <netcdf.h>
#include <netcdf_filter.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"

namespace foehn::io {
namespace {

struct Filter {
  unsigned id;
  const char* name;
};
// Source: HDF Group, registered filter plugins; 1 to 6 are HDF5's own.
constexpr std::array kFilters{
    Filter{1, "deflate"},       Filter{2, "shuffle"},       Filter{3, "fletcher32"},
    Filter{4, "szip"},          Filter{5, "nbit"},          Filter{6, "scale-offset"},
    Filter{305, "LZO"},         Filter{307, "bzip2"},       Filter{32000, "LZF"},
    Filter{32001, "Blosc"},     Filter{32004, "LZ4"},       Filter{32008, "bitshuffle"},
    Filter{32013, "ZFP"},       Filter{32015, "Zstandard"}, Filter{32017, "SZ"},
    Filter{32018, "FCIDECOMP"}, Filter{32019, "JPEG"},      Filter{32022, "Granular BitRound"},
    Filter{32023, "SZ3"},       Filter{32026, "Blosc2"},    Filter{32028, "BitGroom"},
    Filter{37373, "BitRound"},
};

std::string filter_name(unsigned id) {
  const auto found =
      std::find_if(kFilters.begin(), kFilters.end(), [&](const Filter& f) { return f.id == id; });
  return found == kFilters.end() ? fmt::format("the HDF5 filter {}", id)
                                 : fmt::format("{} (HDF5 filter {})", found->name, id);
}

}  // namespace

void check_filters(int file, const NetcdfVariable& variable, const std::filesystem::path& path) {
  std::size_t count = 0;
  // The classic formats have no filters: nothing to check there.
  if (nc_inq_var_filter_ids(file, variable.id, &count, nullptr) != NC_NOERR || count == 0) return;
  std::vector<unsigned> ids(count);
  if (nc_inq_var_filter_ids(file, variable.id, &count, ids.data()) != NC_NOERR) return;
  for (const unsigned id : ids) {
    if (nc_inq_filter_avail(file, id) == NC_NOERR) continue;
    throw core::Error(fmt::format(
        "{}: {}: its values are compressed with {}, which is not available here: set HDF5_PLUGIN_PATH to a "
        "folder with the filter's plugin, or decompress the file where it is (nccopy -F none IN.nc OUT.nc)",
        path.string(), variable.name, filter_name(id)));
  }
}

}  // namespace foehn::io
