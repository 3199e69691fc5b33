#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "net/pki.hpp"

namespace mcp::cluster {
namespace {

constexpr std::size_t days_of_authority = 3'650;
constexpr std::size_t days_of_member = 365;

std::chrono::days days_of(const command_options& options, std::size_t otherwise) {
  return std::chrono::days{options.days == 0 ? otherwise : options.days};
}

int print_files(const command_options& options, const std::string& name) {
  const auto base = options.folder + '/' + name;
  if (options.json) {
    print_line(to_line({{"certificate", base + ".crt"}, {"key", base + ".key"}}));
  } else {
    print_line(base + ".crt\n" + base + ".key");
  }
  return exit_done;
}

}  // namespace

int pki_init_command(const command_options& options) {
  make_authority(options.folder, options.cluster, days_of(options, days_of_authority));
  return print_files(options, "authority");
}

int pki_issue_command(const command_options& options) {
  issue_certificate(options.folder, options.member,
                    options.for_server ? certificate_use::server : certificate_use::worker,
                    days_of(options, days_of_member));
  return print_files(options, options.member);
}

}  // namespace mcp::cluster
