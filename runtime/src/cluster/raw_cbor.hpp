#pragma once

#include "mcp/codec.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace mcp::cluster {

/// A value of a type that this process need not know: its CBOR. Copies share the bytes.
struct raw_cbor {
  std::shared_ptr<const std::string> bytes{};  ///< null: null

  [[nodiscard]] std::string_view view() const noexcept {
    return bytes ? std::string_view{*bytes} : std::string_view{"\xf6", 1};
  }
};

}  // namespace mcp::cluster

namespace mcp {

template <>
struct codec<cluster::raw_cbor> {
  static void encode(cbor_writer& w, const cluster::raw_cbor& value) { w.raw(value.view()); }
  static void decode(cbor_reader& r, cluster::raw_cbor& value) {
    value.bytes = r.skip_null() ? nullptr : std::make_shared<const std::string>(r.raw());
  }
  static bool equal(const cluster::raw_cbor& a, const cluster::raw_cbor& b) {
    return a.view() == b.view();
  }
  static std::string schema(schema_writer&) { return "{}"; }
};

}  // namespace mcp
