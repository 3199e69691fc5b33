#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace mcp::cluster {
namespace {

/// Lets Graphviz write the drawing to our standard output.
int draw_svg(const std::string& dot_text) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> source{std::tmpfile(), &std::fclose};
  if (!source ||
      std::fwrite(dot_text.data(), 1, dot_text.size(), source.get()) != dot_text.size() ||
      std::fflush(source.get()) != 0) {
    throw error{errc::invalid_argument, "cannot write a temporary file for the drawing"};
  }
  std::rewind(source.get());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(source.get()), STDIN_FILENO);
  std::string program = "dot";
  std::string format = "-Tsvg";
  char* arguments[] = {program.data(), format.data(), nullptr};
  pid_t child = 0;
  const int problem =
      ::posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) {
    complain("cannot draw SVG: the program \"dot\" of Graphviz does not start: " +
                 std::generic_category().message(problem),
             "install Graphviz, or take --format dot or --format mermaid");
    return exit_failed;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return exit_done;
  complain("the program \"dot\" failed", "see its message above, or take --format dot");
  return exit_failed;
}

}  // namespace

int graph_command(const command_options& options) {
  const auto system = load_system(options);
  if (options.format == "svg") {
    return draw_svg(system->graph().draw(drawing::dot, options.depth));
  }
  const auto format = options.format == "dot"    ? drawing::dot
                      : options.format == "json" ? drawing::json
                                                 : drawing::mermaid;
  auto text = system->graph().draw(format, options.depth);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (options.json && format != drawing::json) {
    text = to_line({{"format", options.format}, {"graph", text}});
  }
  print_line(text);
  return exit_done;
}

}  // namespace mcp::cluster
