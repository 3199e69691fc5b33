#include "cli/errors.hpp"

#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cluster_file/problem_list.hpp"

#include <string>

namespace mcp::cluster {

int exit_code_of(errc code) noexcept {
  switch (code) {
    case errc::store_failed:
    case errc::store_full:
    case errc::corrupt_store:
    case errc::newer_format:
    case errc::no_store:
      return exit_no_store;
    case errc::invalid_cluster_file:
    case errc::invalid_graph:
    case errc::invalid_schema:
    case errc::invalid_plugin:
      return exit_bad_file;
    case errc::invalid_argument:
    case errc::invalid_state:
    case errc::malformed_json:
    case errc::too_large:
    case errc::unknown_thread:
    case errc::unknown_checkpoint:
    case errc::unknown_interrupt:
    case errc::ambiguous_answer:
    case errc::invalid_answer:
      return exit_usage;
    default:
      return exit_failed;
  }
}

void complain(const error& what) {
  if (what.code() == errc::invalid_cluster_file) {
    return complain("the file has problems\n" + what.message());
  }
  if (const auto at = what.message().find(" is in use by process ");
      what.code() == errc::store_failed && at != std::string::npos) {
    return complain(
        what.message().substr(0, what.message().find(';')),
        "stop that process, or wait for its end; threads, state, history, tail and backup "
        "read beside it");
  }
  auto text = std::string{name(what.code())} + ": " + what.message();
  const auto& place = what.place();
  if (!place.node.empty()) {
    text += " (node \"" + place.node + "\"";
    if (place.attempt > 1) text += ", try " + std::to_string(place.attempt);
    text += ")";
  }
  const bool says_what_to_do = dynamic_cast<const file_error*>(&what) != nullptr;
  complain(text, says_what_to_do ? std::string_view{} : advice(what.code()));
}

}  // namespace mcp::cluster
