#include "io/http_client.hpp"
#include "mcp/agents/mcp_client.hpp"
#include "mcp_client/client_core.hpp"
#include "mcp_client/http_transport.hpp"
#include "mcp_client/remote_tool.hpp"
#include "mcp_client/stdio_transport.hpp"

#include <cstdlib>
#include <utility>

namespace mcp {
namespace protocol {
namespace {

/// What a program needs to run, and no secrets of this process.
constexpr const char* passed_on[] = {"PATH", "HOME", "LANG", "USER", "SHELL", "TERM", "TMPDIR"};

std::vector<std::string> environment_of(const mcp_server_options& options) {
  auto out = options.environment;
  for (const std::string name : passed_on) {
    const char* value = std::getenv(name.c_str());
    bool given = value == nullptr;
    for (const auto& one : options.environment) given = given || one.starts_with(name + "=");
    if (!given) out.push_back(name + "=" + value);
  }
  return out;
}

json member_of(const json& object, const char* key) {
  auto found = object.is_object() ? object.value(key, json{}) : json{};
  return found.is_array() ? found : json::array();
}

/// The messages of a prompt. Throws `malformed_answer`.
std::vector<message> messages_in(const json& answer) {
  if (!answer.is_object() || !answer.value("messages", json{}).is_array()) {
    throw error{errc::malformed_answer, "the server's prompt has no list of messages"};
  }
  std::vector<message> out;
  for (const auto& one : answer["messages"]) {
    message said{.role = text_of(one, "role")};
    if (said.role != "user" && said.role != "assistant") {
      throw error{errc::malformed_answer,
                  "a message of the server's prompt is neither the user's nor the assistant's"};
    }
    const auto content = one.is_object() ? one.value("content", json{}) : json{};
    const auto type = text_of(content, "type");
    const auto inside = type == "resource" ? content.value("resource", json{}) : content;
    said.content = inside.is_object() && inside.contains("text") ? text_of(inside, "text")
                                                                 : "[" + type + ", not shown]";
    out.push_back(std::move(said));
  }
  return out;
}

void require(bool fine, const std::string& what) {
  if (!fine) throw error{errc::invalid_argument, "mcp_server_options: " + what};
}

}  // namespace

void check(const mcp_server_options& options) {
  require(!options.name.empty(), "name is empty");
  require(options.command.empty() != options.url.empty(), "give either command or url");
  require(options.url.empty() || io::place_of(options.url), "url is no http or https URL");
  require(options.connect_timeout.count() > 0, "connect_timeout is not above zero");
  require(options.call_timeout.count() > 0, "call_timeout is not above zero");
  require(options.total_call_timeout.count() > 0, "total_call_timeout is not above zero");
  require(options.exit_grace.count() >= 0, "exit_grace is below zero");
  require(options.restarts >= 0 && options.restarts <= 1000, "restarts is not within 0 to 1000");
  require(options.restart_period.count() > 0, "restart_period is not above zero");
  require(options.max_message_bytes > 0, "max_message_bytes is zero");
  require(options.max_pending_calls > 0, "max_pending_calls is zero");
  require(options.max_pages > 0, "max_pages is zero");
  for (const auto& one : options.environment) {
    require(one.find('=') != std::string::npos && one.front() != '=',
            "environment holds an entry that is not NAME=value");
  }
}

std::unique_ptr<transport> make_transport(const mcp_server_options& options,
                                          transport_events events) {
  if (!options.url.empty()) {
    http_options http{.url = options.url,
                      .ca_file = options.ca_file,
                      .message_bytes = options.max_message_bytes,
                      .connect_timeout = options.connect_timeout};
    for (const auto& [name, value] : options.headers) http.headers.push_back({name, value});
    return std::make_unique<http_transport>(std::move(http), std::move(events));
  }
  stdio_options stdio{.child = {.command = options.command,
                                .arguments = options.arguments,
                                .environment = environment_of(options),
                                .working_folder = options.working_folder,
                                .max_memory_bytes = options.max_memory_bytes,
                                .max_open_files = options.max_open_files},
                      .message_bytes = options.max_message_bytes,
                      .waiting_bytes = 2 * options.max_message_bytes,
                      .grace = options.exit_grace};
  return std::make_unique<stdio_transport>(std::move(stdio), std::move(events));
}

}  // namespace protocol

using protocol::json;
using protocol::member_of;
using protocol::text_of;

std::string mcp_tool_name(std::string_view prefix, std::string_view name) {
  return protocol::tool_name(prefix, name);
}

std::shared_ptr<mcp_client> mcp_client::connect(mcp_server_options options) {
  protocol::check(options);
  auto client =
      std::make_shared<mcp_client>(std::make_shared<protocol::client_core>(std::move(options)));
  client->core_->connect();
  return client;
}

mcp_client::mcp_client(std::shared_ptr<protocol::client_core> core) : core_(std::move(core)) {}

mcp_client::~mcp_client() {
  core_->stop();
}

void mcp_client::put_tools(const tool_set& into) {
  core_->put_tools(into);
}

void mcp_client::watch_tools(std::function<void(const std::vector<mcp_server_tool>&)> listener) {
  core_->watch_tools(std::move(listener));
}

std::vector<std::shared_ptr<tool>> mcp_client::tools() const {
  return core_->tools();
}

std::vector<left_out_tool> mcp_client::left_out() const {
  return core_->left_out();
}

std::string mcp_client::protocol_version() const {
  return core_->talk().version();
}

std::string mcp_client::instructions() const {
  return text_of(core_->talk().server(), "instructions");
}

mcp_client_counts mcp_client::counts() const {
  const auto counts = core_->talk().counts();
  return {counts.malformed, counts.unknown_answers, core_->talk().starts()};
}

std::vector<mcp_resource> mcp_client::resources() {
  std::vector<mcp_resource> out;
  for (const auto& one : core_->ask_all("resources/list", "resources")) {
    out.push_back({text_of(one, "uri"), text_of(one, "name"), text_of(one, "description"),
                   text_of(one, "mimeType")});
  }
  return out;
}

std::vector<mcp_resource_template> mcp_client::resource_templates() {
  std::vector<mcp_resource_template> out;
  for (const auto& one : core_->ask_all("resources/templates/list", "resourceTemplates")) {
    out.push_back({text_of(one, "uriTemplate"), text_of(one, "name"), text_of(one, "description"),
                   text_of(one, "mimeType")});
  }
  return out;
}

std::vector<mcp_resource_content> mcp_client::read_resource(const std::string& uri) {
  std::vector<mcp_resource_content> out;
  for (const auto& one : member_of(core_->ask("resources/read", {{"uri", uri}}), "contents")) {
    out.push_back({text_of(one, "uri"), text_of(one, "mimeType"), text_of(one, "text"),
                   text_of(one, "blob")});
  }
  return out;
}

std::vector<mcp_prompt> mcp_client::prompts() {
  std::vector<mcp_prompt> out;
  for (const auto& one : core_->ask_all("prompts/list", "prompts")) {
    mcp_prompt made{text_of(one, "name"), text_of(one, "description"), {}};
    for (const auto& argument : member_of(one, "arguments")) {
      const bool required =
          argument.is_object() && argument.value("required", json{}) == json(true);
      made.arguments.push_back(
          {text_of(argument, "name"), text_of(argument, "description"), required});
    }
    out.push_back(std::move(made));
  }
  return out;
}

std::vector<message> mcp_client::prompt(const std::string& name,
                                        const std::map<std::string, std::string>& arguments) {
  return protocol::messages_in(
      core_->ask("prompts/get", {{"name", name}, {"arguments", arguments}}));
}

std::function<void()> mcp_client::start_prompt(const std::string& name,
                                               const std::map<std::string, std::string>& arguments,
                                               std::function<void(mcp_prompt_result)> done) {
  const auto id = core_->talk().call("prompts/get", {{"name", name}, {"arguments", arguments}},
                                     [done = std::move(done)](protocol::outcome how) {
                                       mcp_prompt_result result;
                                       try {
                                         if (auto* failure = std::get_if<error>(&how))
                                           throw error{*failure};
                                         result.messages =
                                             protocol::messages_in(std::get<json>(how));
                                       } catch (const error& why) {
                                         result.error = why;
                                       }
                                       done(std::move(result));
                                     });
  return [weak = std::weak_ptr{core_}, id] {
    const auto core = weak.lock();
    if (core && id != 0) core->talk().cancel(id);
  };
}

}  // namespace mcp
