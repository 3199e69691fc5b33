#pragma once

#include "mcp/error.hpp"
#include "net/sockets.hpp"
#include "net/tls.hpp"

#include <memory>

namespace mcp::cluster {

/// Where certificates come from; null when none are given, which is for this machine's own
/// addresses only. Throws `invalid_argument`, also with what is wrong with the files;
/// `connection_failed` for a name that is not known.
[[nodiscard]] inline std::shared_ptr<tls_source> source_of(const tls_files& files,
                                                           const socket_address& where,
                                                           tls_role role) {
  if (files.given()) return std::make_shared<tls_source>(files, role);
  if (is_loopback(where.host)) return nullptr;
  throw error{errc::invalid_argument,
              "connections with " + where.text() +
                  " leave this machine and would be plain: give --cert, --key and --authority; "
                  "mcp-cluster pki makes them"};
}

}  // namespace mcp::cluster
