// What stands on the command line and in configurations: options, crops, variables, cell methods.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/cell_methods.hpp"
#include "foehn/io/field_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace foehn;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const auto tried = [](const auto& parse) {
    try {
      parse();
    } catch (const core::Error&) {
    }
  };
  tried([&] {
    const grid::Crop crop = grid::parse_crop(text);
    if (crop.y0 >= crop.y1 || crop.x0 >= crop.x1) __builtin_trap();
  });
  tried([&] { io::parse_variable(text); });
  io::cell_method(text, "time");
  tried([&] {
    std::int64_t count = 3;
    double size_of = 1;
    std::vector<double> list;
    std::optional<double> maybe;
    std::string name, choice = "a";
    bool flag = false;
    config::OptionTable table("fuzz", "Reads whatever comes.", "foehn fuzz");
    table.add("a.count", &count, {.doc = "A count.", .unit = "1", .minimum = 1, .maximum = 9});
    table.add("a.size", &size_of, {.doc = "A size.", .unit = "m", .minimum = 0});
    table.add("a.list", &list, {.doc = "A list.", .unit = "1"});
    table.add("b.maybe", &maybe, {.doc = "Perhaps.", .unit = "1"});
    table.add("b.name", &name, {.doc = "A name."});
    table.add("b.choice", &choice, {.doc = "A choice.", .choices = {"a", "b"}});
    table.add("b.flag", &flag, {.doc = "A flag."});
    std::vector<std::string> words;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
      if (!line.starts_with("--config")) words.push_back(line);
    table.parse(words);
    if (count < 1 || count > 9 || size_of < 0 || (choice != "a" && choice != "b")) __builtin_trap();
  });
  return 0;
}
