#pragma once

#include <string>

#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Reads the attributes of a variable (or NC_GLOBAL) of an open NetCDF file. Text may be stored as characters
/// or as strings (several are joined by line ends); attributes of user-defined types are left out.
/// @param count  how many attributes the variable has
/// @param where  beginning of error messages: the file and variable
Attributes read_attributes(int file, int variable, int count, const std::string& where);

/// Writes one attribute: integers as NC_INT where they fit, text as characters.
void write_attribute(int file, int variable, const std::string& name, const AttributeValue& value,
                     const std::string& where);

}  // namespace foehn::io
