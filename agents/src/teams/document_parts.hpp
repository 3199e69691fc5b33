#pragma once

#include "mcp/agents/teams_documents.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace mcp::teams {

/// Bytes that a finding takes beside its text when it is shown to a model.
inline constexpr std::size_t finding_frame_bytes = 32;

/// Groups of neighbours, each of at most `most` bytes, with the frames; at least two findings in
/// each but the last as long as no finding with its frame is longer than half of `most`.
[[nodiscard]] std::vector<std::vector<document_finding>> pack(
    const std::vector<document_finding>& findings, std::size_t most);

/// The sources of the findings with these numbers (from 1), each once, in the order of the
/// findings.
[[nodiscard]] std::vector<document_citation> sources_of(
    const std::vector<document_finding>& findings, const std::vector<std::int64_t>& used);

}  // namespace mcp::teams
