#include "cli/input.hpp"

#include "mcp/json.hpp"
#include "mcp/json_schema.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

[[noreturn]] void unreadable(const std::string& what, int code) {
  throw error{errc::invalid_argument,
              "cannot read the input from " + what + ": " + std::generic_category().message(code)};
}

std::string read_all(int file, const std::string& what) {
  std::string text;
  std::array<char, 65536> piece{};
  for (;;) {
    const auto count = ::read(file, piece.data(), piece.size());
    if (count == 0) return text;
    if (count < 0) {
      if (errno == EINTR) continue;
      unreadable(what, errno);
    }
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > max_input_bytes) {
      throw error{errc::too_large, "the input from " + what + " is larger than " +
                                       std::to_string(max_input_bytes >> 20) + " MB"};
    }
  }
}

/// Closes itself.
struct open_file {
  explicit open_file(const std::string& path) : number(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (number < 0) unreadable("\"" + path + "\"", errno);
  }
  ~open_file() { ::close(number); }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  int number;
};

std::string names_of(const nlohmann::json& fields) {
  std::string list;
  for (const auto& [name, field] : fields.items()) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "none" : list;
}

}  // namespace

std::string read_input(const std::string& given) {
  if (given.empty()) return "{}";
  if (given == "-") return read_all(STDIN_FILENO, "standard input");
  if (given.front() != '@') return given;
  const auto path = given.substr(1);
  const open_file file{path};
  return read_all(file.number, "\"" + path + "\"");
}

nlohmann::json parse_input(const std::string& text, const nlohmann::json& schema) {
  static_cast<void>(json_to_cbor(text));  // says where it is wrong, and bounds the nesting
  auto input = nlohmann::json::parse(text);
  if (!input.is_object()) {
    throw error{errc::invalid_state, "the input must be a JSON object of the state's fields, not " +
                                         std::string{input.type_name()}};
  }
  const auto fields = schema.value("properties", nlohmann::json::object());
  for (const auto& [name, content] : input.items()) {
    if (!fields.contains(name)) {
      throw error{errc::invalid_state,
                  "the input has no field \"" + name + "\"; its fields are: " + names_of(fields)};
    }
  }
  const auto problems = json_schema{schema}.validate(input);
  if (!problems.empty()) {
    throw error{errc::invalid_state, "the input does not fit at \"" + problems.front().at +
                                         "\": " + problems.front().message};
  }
  return input;
}

}  // namespace mcp::cluster
