#include "teams/document_parts.hpp"

#include "tools/text.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace mcp {
namespace {

/// Where to cut, the best first; the cut is behind it.
constexpr std::array<std::string_view, 8> borders{"\n\n", "\r\n\r\n", "\n", ". ",
                                                  "! ",   "? ",       "; ", " "};

/// Length of the first chunk of `rest`, which is longer than `most`.
std::size_t first_chunk(std::string_view rest, std::size_t most) {
  const auto window = rest.substr(0, most);
  for (const auto border : borders) {
    const auto at = window.rfind(border);
    // A cut near the beginning would make a chunk of next to nothing.
    if (at != std::string_view::npos && at + border.size() > most / 4) return at + border.size();
  }
  const auto whole = tools::cut_text(rest, most).size();
  return whole > 0 ? whole : most;
}

}  // namespace

std::vector<document_citation> split_document(std::string_view name, std::string_view text,
                                              std::size_t chunk_bytes) {
  if (chunk_bytes == 0) throw error{errc::invalid_argument, "chunk_bytes is at least 1"};
  std::vector<document_citation> chunks;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto rest = text.substr(at);
    const auto size = rest.size() <= chunk_bytes ? rest.size() : first_chunk(rest, chunk_bytes);
    chunks.push_back({.document = std::string{name},
                      .chunk = static_cast<std::int64_t>(chunks.size()) + 1,
                      .begin = static_cast<std::int64_t>(at),
                      .end = static_cast<std::int64_t>(at + size)});
    at += size;
  }
  return chunks;
}

namespace teams {

std::vector<std::vector<document_finding>> pack(const std::vector<document_finding>& findings,
                                                std::size_t most) {
  std::vector<std::vector<document_finding>> groups;
  std::size_t left = 0;
  for (const auto& one : findings) {
    const auto size = one.text.size() + finding_frame_bytes;
    if (groups.empty() || size > left) {
      groups.emplace_back();
      left = std::max(most, size);
    }
    left -= size;
    groups.back().push_back(one);
  }
  return groups;
}

std::vector<document_citation> sources_of(const std::vector<document_finding>& findings,
                                          const std::vector<std::int64_t>& used) {
  std::vector<document_citation> sources;
  std::set<std::pair<std::string_view, std::int64_t>> seen;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    if (std::count(used.begin(), used.end(), static_cast<std::int64_t>(i) + 1) == 0) continue;
    for (const auto& one : findings[i].sources) {
      if (seen.emplace(one.document, one.chunk).second) sources.push_back(one);
    }
  }
  return sources;
}

}  // namespace teams
}  // namespace mcp
