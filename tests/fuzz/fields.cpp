// NetCDF files of fields, through the library's headers: mutations of a small classic one.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/io/field_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace foehn;
  static const std::string path = "/dev/shm/foehn_fuzz_" + std::to_string(getpid()) + ".nc";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  try {
    const io::FieldReader reader({path}, {{}, {}, 2});
    const auto values = static_cast<std::int64_t>(reader.variables().size()) * reader.grid().cells();
    if (values < 1 << 20) {
      std::vector<float> instant(static_cast<std::size_t>(values));
      reader.read(0, 1, instant);
    }
  } catch (const core::Error&) {
  }
  return 0;
}
