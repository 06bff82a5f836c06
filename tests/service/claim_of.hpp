#pragma once

#include <string>

#include "foehn/service/ticket.hpp"

namespace foehn::testing {

/// A claim on the first job that arrived.
inline service::Claim claim_of(const std::string& service, const std::string& name,
                               std::int64_t crashes = 0) {
  service::Claim claim;
  claim.ticket.serial = 1;
  claim.ticket.name = name;
  claim.ticket.crashes = crashes;
  claim.service = service;
  return claim;
}

}  // namespace foehn::testing
