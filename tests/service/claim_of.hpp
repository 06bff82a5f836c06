#pragma once

#include <gtest/gtest.h>

#include <string>

#include "foehn/service/spool.hpp"
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

/// Puts a job into the queue as it is: the folder is all that counts.
inline void put(const service::Spool& spool, const service::Ticket& ticket, const std::string& text) {
  ASSERT_TRUE(spool.files().create(spool.folder(service::State::queued) / ticket.file(), text));
}

}  // namespace foehn::testing
