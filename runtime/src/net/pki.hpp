#pragma once

#include <chrono>
#include <string>

/// The authority of a cluster, and certificates of its members, as PEM files in one folder.
namespace mcp::cluster {

/// What a member may be: a server may also connect.
enum class certificate_use : std::uint8_t { worker, server };

/// Makes `authority.key` and `authority.crt`. Throws `invalid_argument` when they are there,
/// `store_failed` when they cannot be written.
void make_authority(const std::string& folder, const std::string& cluster, std::chrono::days valid);
/// Makes `NAME.key` and `NAME.crt`, signed by the folder's authority; replaces those that are
/// there, each at once. Throws `invalid_argument` with what is wrong with the authority or the
/// name.
void issue_certificate(const std::string& folder, const std::string& name, certificate_use use,
                       std::chrono::days valid);

}  // namespace mcp::cluster
