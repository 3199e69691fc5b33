#pragma once

#include "mcp/plugin.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// What a plugin must be to be used. Pure.
namespace mcp::cluster {

inline constexpr std::size_t max_offers = 1000;  ///< of each kind
inline constexpr std::size_t max_description_bytes = 10'000;

/// Throws `invalid_plugin`.
[[noreturn]] void refuse_plugin(const std::string& why);

/// A text of a manifest, whose places may be null.
[[nodiscard]] inline std::string_view text_or_none(const char* given) {
  return given == nullptr ? std::string_view{} : std::string_view{given};
}

/// Whether a plugin, or something that it offers, may have this name.
[[nodiscard]] bool is_plugin_name(std::string_view name) noexcept;

/// Whether the manifest is ours and of this ABI, and its name and version are such. Throws
/// `invalid_plugin`. Reads nothing behind the ABI number when that is another one.
void check_manifest(const plugin_manifest& manifest);

/// Whether all things that are offered are complete, and their names are such and different. Throws
/// `invalid_plugin` with the first that is not.
void check_offers(const plugin& offers);

}  // namespace mcp::cluster
