#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "foehn/config/choice.hpp"

namespace foehn::config {

/// What an option declares in addition to its name, type and default.
struct Description {
  std::string doc;        ///< one sentence or two, in the words of the field
  std::string unit = "";  ///< of a number: "1", "h", "K"; empty for text
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool minimum_excluded = false;          ///< the minimum itself is out of range
  std::vector<std::string> choices = {};  ///< allowed values of a text; empty: any
  bool are_files = false;                 ///< a list of paths, which may hold spaces
  bool is_path = false;                   ///< a text that names one file or folder
  std::size_t fewest = 0;                 ///< values of a list
  std::size_t most = std::numeric_limits<std::size_t>::max();
  bool required = false;  ///< must be given
  /// May also be given as a bare word: one text per table, and after it one list, for all words that follow.
  bool positional = false;
  bool changes_result = true;  ///< whether the output's values depend on it, and so the digest of a run
};

/// The options of one subcommand. Each is declared once; parsing, checks, --help, the reference page and
/// run.json derive from the declaration.
///
/// An option is bound to a field of a component's options struct, whose value at declaration is the default.
/// Names are "section.name" (an INI section and key, and --section.name on the command line) or plain "name".
class OptionTable {
 public:
  using Target = std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::string>*,
                              std::vector<double>*, std::vector<std::int64_t>*, std::optional<bool>*,
                              std::optional<double>*, std::optional<std::int64_t>*, Choice, Form>;

  /// @param command  subcommand, such as "sample"
  /// @param summary  one line on what it does
  /// @param example  a command line that works, for --help
  OptionTable(std::string command, std::string summary, std::string example);

  /// Declares an option. A list is given as words separated by commas or spaces, one of files by commas
  /// alone. Quotes around a value, single or double, keep what would separate.
  /// @throws std::logic_error if the name is taken, the doc is missing, a number has no unit, the default of
  ///         an option that is not required is out of its range or choices, or bare words are taken by a
  ///         second option, or by one that is neither a text nor a list that follows a text
  void add(const std::string& name, Target target, Description description);
  /// The same for a field of an enumeration, whose values have names.
  template <class Enum>
  requires std::is_enum_v<Enum>
  void add(const std::string& name, Enum* field, Description description) {
    add(name, Target(Choice(field)), std::move(description));
  }

  /// What parse found in addition to the options.
  struct Outcome {
    std::string page;            ///< --help was given: print this and stop with code 0
    bool validate_only = false;  ///< --validate-only was given
  };

  /// Sets the bound fields from `arguments` and from the files that `--config FILE` names, which may be given
  /// more than once: a later file wins over an earlier one, the arguments over both. Where --help is among
  /// the arguments, nothing else is looked at.
  ///
  /// @param arguments  the words after the subcommand; "--name value", "--name=value", "--name" alone for a
  ///                   BOOL that is to be true, or the bare words of positional options
  /// @throws UsageError naming the option (and the file and line where it came from one): unknown (with the
  ///         nearest known name), given twice, of the wrong type, out of range (with the range), not among
  ///         its choices (with them), required and missing or empty (with the usage); or a configuration file
  ///         that cannot be read
  Outcome parse(const std::vector<std::string>& arguments);

  /// Sets the bound fields from the text of a configuration file.
  /// @param where  names the text in messages
  /// @throws UsageError as parse
  void parse_text(const std::string& text, const std::string& where);

  /// The options whose values differ from their defaults, as the text of a configuration file that gives the
  /// same values, with relative paths and globs made absolute.
  /// @param folder  where relative paths begin, itself absolute
  /// @throws UsageError naming a value that such a file cannot hold, such as a path with '#'
  std::string config_text(const std::filesystem::path& folder) const;

  /// The names of options that hold a relative path or glob, whose meaning depends on the current folder.
  std::vector<std::string> relative_paths() const;

  /// The form of a command line: "foehn submit SPOOL JOBS... [--config FILE] [--name value ...]".
  std::string usage() const;
  /// Every option with type, unit, default, range and doc, by section.
  std::string help() const;
  /// The same as a Markdown section.
  std::string reference() const;
  /// The values in force, by name.
  nlohmann::json values() const;
  /// The values in force of the options that change the result, as canonical text ("name = value" lines in
  /// order of name): what a run's digest is made of.
  std::string result_values() const;

  struct Option {
    std::string name;
    Target target;
    Description description;
    std::string default_text;
  };
  const std::vector<Option>& options() const { return options_; }

 private:
  std::string command_, summary_, example_;
  std::vector<Option> options_;
};

/// The known word nearest to `word` by edit distance, if one is near enough to be what was meant.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace foehn::config
