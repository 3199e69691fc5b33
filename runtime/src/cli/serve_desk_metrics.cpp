#include "cli/serve_desk.hpp"
#include "cli/version.hpp"

namespace mcp::cluster {

void serve_desk::measure(metrics& to) {
  using type = metric_family::type;
  static constexpr metric_family info{"mcp_info", "What serves; always 1.", type::gauge};
  static constexpr metric_family up{"mcp_up_seconds", "Since the server began.", type::gauge};
  static constexpr metric_family loaded{"mcp_systems_loaded", "Versions of systems.", type::gauge};
  static constexpr metric_family under_way{"mcp_runs_under_way", "Runs.", type::gauge};
  static constexpr metric_family most{"mcp_runs_most", "--max-runs.", type::gauge};
  static constexpr metric_family refused{"mcp_runs_refused_total", "Runs beyond --max-runs."};
  static constexpr metric_family waiting{"mcp_tasks_waiting", "Tasks that wait for a worker.",
                                         type::gauge};
  static constexpr metric_family connected{"mcp_member_connected", "1, or 0 for one that is lost.",
                                           type::gauge};
  static constexpr metric_family at_work{"mcp_member_tasks", "Tasks that a member has.",
                                         type::gauge};
  static constexpr metric_family slots{"mcp_member_slots", "Tasks that it takes.", type::gauge};
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - start_;
  const auto& own = systems_.own();
  to.set(info,
         {{"system", own ? own->name() : ""},
          {"file", own ? own->content_hash() : ""},
          {"version", program_version}},
         1);
  to.set(loaded, {}, static_cast<double>(systems_.loaded().size()));
  to.set(up, {}, since.count());
  to.set(waiting, {}, static_cast<double>(server_->waiting()));
  for (const auto* family : {&connected, &at_work, &slots}) to.clear(*family);
  for (const auto& one : server_->members()) {
    to.set(connected, {{"member", one.name}}, one.connected ? 1 : 0);
    to.set(at_work, {{"member", one.name}}, static_cast<double>(one.at_work));
    to.set(slots, {{"member", one.name}}, static_cast<double>(one.offer.slots));
  }
  const auto book = runs_->counted();
  to.set(under_way, {}, static_cast<double>(book.running));
  to.set(most, {}, static_cast<double>(runs_->most()));
  to.set(refused, {}, static_cast<double>(book.refused));
}

}  // namespace mcp::cluster
