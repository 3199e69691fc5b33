#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"
#include "cli/version.hpp"

namespace mcp::cluster {
namespace {

std::string words(const std::vector<std::string>& list) {
  return joined(list, " ");
}

/// Within single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return result;
}

std::vector<std::string> names_of(const std::vector<command_words>& commands) {
  std::vector<std::string> names;
  for (const auto& one : commands) names.push_back(one.name);
  return names;
}

std::string bash_script(const std::vector<command_words>& commands) {
  std::string script =
      "# Completion of mcp-cluster for bash.\n"
      "_mcp_cluster() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local options= choices=\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W '" +
      words(names_of(commands)) +
      " --help --version' -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const auto& one : commands) {
    std::vector<std::string> options;
    for (const auto& option : one.options) options.push_back(option.name);
    script += "    " + one.name + ") options='" + words(options) + "' choices='" +
              words(one.choices) + "' ;;\n";
  }
  script += "  esac\n  [ \"$COMP_CWORD\" -eq 2 ] || choices=\n";
  for (const auto& one : commands) {
    for (const auto& option : one.options) {
      if (option.choices.empty()) continue;
      script +=
          "  [ \"$before\" = " + option.name + " ] && choices='" + words(option.choices) + "'\n";
    }
  }
  return script +
         "  case $word in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *) if [ -n \"$choices\" ]; then COMPREPLY=($(compgen -W \"$choices\" -- \"$word\"))\n"
         "       else COMPREPLY=($(compgen -f -- \"$word\")); fi ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _mcp_cluster mcp-cluster\n";
}

std::string zsh_script(const std::vector<command_words>& commands) {
  std::string script =
      "#compdef mcp-cluster\n"
      "# Completion of mcp-cluster for zsh.\n"
      "_mcp_cluster() {\n"
      "  if (( CURRENT == 2 )); then\n"
      "    local -a commands=(\n";
  for (const auto& one : commands) {
    script += "      '" + quoted(one.name + ":" + one.description) + "'\n";
  }
  script +=
      "    )\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  case $words[2] in\n";
  for (const auto& one : commands) {
    std::vector<std::string> options;
    for (const auto& option : one.options) options.push_back(option.name);
    script += "    " + one.name + ")\n      if [[ $PREFIX == -* ]]; then compadd -- " +
              words(options) + "\n";
    for (const auto& option : one.options) {
      if (option.choices.empty()) continue;
      script += "      elif [[ $words[CURRENT-1] == " + option.name + " ]]; then compadd " +
                words(option.choices) + "\n";
    }
    if (!one.choices.empty()) {
      script += "      elif (( CURRENT == 3 )); then compadd " + words(one.choices) + "\n";
    }
    script += "      else _files; fi ;;\n";
  }
  return script +
         "  esac\n"
         "}\n"
         "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _mcp_cluster \"$@\"\n"
         "else compdef _mcp_cluster mcp-cluster; fi\n";
}

std::string fish_script(const std::vector<command_words>& commands) {
  std::string script = "# Completion of mcp-cluster for fish.\n";
  const std::string start = "complete -c mcp-cluster ";
  for (const auto& one : commands) {
    script += start + "-f -n __fish_use_subcommand -a " + one.name + " -d '" +
              quoted(one.description) + "'\n";
    const auto here = start + "-n '__fish_seen_subcommand_from " + one.name + "' ";
    for (const auto& option : one.options) {
      script += here + "-l " + option.name.substr(2) + (option.takes_value ? " -r" : "") + " -d '" +
                quoted(option.description) + "'";
      if (!option.choices.empty()) script += " -f -a '" + words(option.choices) + "'";
      script += '\n';
    }
    if (one.choices.empty()) continue;
    const auto all = words(one.choices);
    script += start + "-n '__fish_seen_subcommand_from " + one.name +
              "; and not __fish_seen_subcommand_from " + all + "' -f -a '" + all + "'\n";
  }
  return script;
}

}  // namespace

std::string completion_script(const std::string& shell,
                              const std::vector<command_words>& commands) {
  if (shell == "zsh") return zsh_script(commands);
  return shell == "fish" ? fish_script(commands) : bash_script(commands);
}

int completion_command(const command_options& options) {
  const auto script = completion_script(options.shell, known_commands());
  if (options.json) {
    print_line(to_line({{"shell", options.shell}, {"script", script}}));
  } else {
    print(script);
  }
  return exit_done;
}

int version_command(const command_options& options) {
  if (options.json) {
    print_line(to_line({{"program", "mcp-cluster"}, {"version", program_version}}));
  } else {
    std::string line{"mcp-cluster "};
    print_line(line.append(program_version));
  }
  return exit_done;
}

}  // namespace mcp::cluster
