#pragma once

#include <string>
#include <string_view>

namespace mcp::core::schema {

/// Resolves a URI reference against a base as RFC 3986, 5.2 says. Fragments are dropped. The base
/// may be empty or relative; then the result may be relative, too.
[[nodiscard]] std::string resolve_uri(std::string_view base, std::string_view reference);
/// The part after '#', percent-decoded; empty when there is none.
[[nodiscard]] std::string fragment_of(std::string_view reference);

}  // namespace mcp::core::schema
