#pragma once

#include "mcp/log_fields.hpp"

#include <string>

namespace mcp::cluster {

/// For `log_scope`: lines about a member. Borrows the name.
struct about_member {
  const std::string& name;
  void operator()(log_fields& to) const { to.member = name; }
};

}  // namespace mcp::cluster
