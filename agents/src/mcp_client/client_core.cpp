#include "mcp_client/client_core.hpp"

#include "io/default_loop.hpp"
#include "mcp_client/remote_tool.hpp"

#include <algorithm>
#include <future>
#include <set>
#include <utility>

namespace mcp::protocol {
namespace {

constexpr std::size_t log_level_bytes = 20;

session_options session_options_of(const mcp_server_options& options) {
  return {
      .name = options.name,
      .limits = {.message_bytes = options.max_message_bytes, .pending = options.max_pending_calls},
      .patience = {options.call_timeout, options.total_call_timeout},
      .connect_timeout = options.connect_timeout,
      .restarts = options.restarts,
      .restart_period = options.restart_period};
}

}  // namespace

/// A list that is read page by page.
struct client_core::listing {
  std::string method{};
  std::string key{};
  std::vector<json> entries{};
  std::set<std::string> cursors{};  ///< seen: a server may send us in a circle
  std::string cursor{};
  listed on_end{};
};

client_core::client_core(mcp_server_options options)
    : options_(std::move(options)), log_(options_.on_log) {}

session_events client_core::heard() {
  const auto with = [weak = weak_from_this()](auto work) {
    return [weak, work](const auto&... given) {
      if (const auto self = weak.lock()) work(*self, given...);
    };
  };
  return {.on_ready = with([](client_core& self) { self.refresh(); }),
          .on_given_up = with([](client_core& self, const error& why) {
            const std::lock_guard lock{self.mutex_};
            self.failure_ = why;
            self.changed_.notify_all();
          }),
          .on_notification = with([](client_core& self, const std::string& method,
                                     const json& params) { self.notified(method, params); }),
          .on_log = options_.on_log};
}

void client_core::notified(const std::string& method, const json& params) {
  if (method == "notifications/tools/list_changed") refresh();
  if (method == "notifications/message") show_log(params);
}

void client_core::show_log(const json& params) {
  const auto data = params.value("data", json{});
  auto line = "MCP server \"" + options_.name + "\" (" +
              cut(text_of(params, "level"), log_level_bytes) + "): " +
              cut(data.is_string() ? data.get<std::string>()
                                   : data.dump(-1, ' ', false, json::error_handler_t::replace),
                  log_bytes);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
  const std::lock_guard lock{log_mutex_};
  log_.line(line, io::default_loop().now());
}

void client_core::connect() {
  session_ = std::make_shared<session>(session_options_of(options_), heard(), io::default_loop());
  session_->start(
      [this](transport_events events) { return make_transport(options_, std::move(events)); });
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return listed_ || failure_; });
  if (failure_) throw error{*failure_};
}

void client_core::stop() {
  if (session_) session_->stop();
}

void client_core::remark(const std::string& text) const {
  if (options_.on_log) options_.on_log("MCP server \"" + options_.name + "\": " + text);
}

void client_core::refresh() {
  {
    const std::lock_guard lock{mutex_};
    again_ = refreshing_;
    if (std::exchange(refreshing_, true)) return;
  }
  const auto server = session_->server();
  const auto offers = server.value("capabilities", json::object());
  if (!offers.is_object() || !offers.contains("tools")) return refreshed(std::vector<json>{});
  list("tools/list", "tools", [weak = weak_from_this()](auto found) {
    if (const auto self = weak.lock()) self->refreshed(std::move(found));
  });
}

void client_core::refreshed(std::variant<std::vector<json>, error> found) {
  if (const auto* entries = std::get_if<std::vector<json>>(&found)) replace_tools(*entries);
  const std::lock_guard lock{mutex_};
  if (const auto* why = std::get_if<error>(&found)) {
    remark("its tools are as they were, as " + why->message());
    if (!listed_) failure_ = *why;
  } else {
    listed_ = true;
  }
  changed_.notify_all();
  if (!again_) {
    refreshing_ = false;
    return;
  }
  // However often the server says that its list has changed.
  auto& loop = io::default_loop();
  loop.call_at(loop.now() + refresh_pause, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    {
      const std::lock_guard inner{self->mutex_};
      self->refreshing_ = false;
    }
    self->refresh();
  });
}

void client_core::replace_tools(const std::vector<json>& entries) {
  std::vector<mcp_server_tool> made;
  std::vector<left_out_tool> left_out;
  std::set<std::string> names;
  for (const auto& entry : entries) {
    const auto given = entry.is_object() ? entry.value("name", json{}) : json{};
    auto name = given.is_string() ? cut(given.get<std::string>(), remote_limits::name_bytes) : "?";
    try {
      if (!entry.is_object()) throw error{errc::malformed_answer, "its entry is no object"};
      auto one = std::make_shared<remote_tool>(
          entry, options_.prefix_tools ? options_.name : std::string{}, options_.tools, session_);
      if (!names.insert(one->description().name).second) {
        throw error{errc::malformed_answer,
                    "another tool is called \"" + one->description().name + "\" too"};
      }
      made.push_back({std::move(name), std::move(one)});
    } catch (const std::exception& why) {
      const auto* known = dynamic_cast<const error*>(&why);
      left_out.push_back({std::move(name), known != nullptr ? known->message() : why.what()});
    }
  }
  for (const auto& out : left_out) remark("tool \"" + out.name + "\" left out: " + out.reason);
  const std::lock_guard lock{mutex_};
  for (const auto& set : sets_) {
    for (const auto& [name, old] : tools_) {
      // Another tool may have taken the name since.
      if (set.find(old->description().name) == old) set.remove(old->description().name);
    }
    for (const auto& one : made) set.add(one.tool);
  }
  tools_ = std::move(made);
  left_out_ = std::move(left_out);
  for (const auto& told : listeners_) told(tools_);
}

void client_core::put_tools(const tool_set& into) {
  const std::lock_guard lock{mutex_};
  check_room();
  for (const auto& one : tools_) into.add(one.tool);
  sets_.push_back(into);
}

void client_core::watch_tools(listener told) {
  const std::lock_guard lock{mutex_};
  check_room();
  told(tools_);
  listeners_.push_back(std::move(told));
}

void client_core::check_room() const {
  if (sets_.size() + listeners_.size() < max_sets) return;
  throw error{errc::overloaded, "the tools are in " + std::to_string(max_sets) + " sets already"};
}

std::vector<std::shared_ptr<tool>> client_core::tools() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<tool>> result;
  for (const auto& one : tools_) result.push_back(one.tool);
  return result;
}

std::vector<left_out_tool> client_core::left_out() const {
  const std::lock_guard lock{mutex_};
  return left_out_;
}

void client_core::list(const std::string& method, const std::string& key, listed on_end) {
  auto what = std::make_shared<listing>();
  what->method = method;
  what->key = key;
  what->on_end = std::move(on_end);
  next_page(what);
}

void client_core::next_page(const std::shared_ptr<listing>& what) {
  auto params = json::object();
  if (!what->cursor.empty()) params["cursor"] = what->cursor;
  session_->call(what->method, std::move(params), [weak = weak_from_this(), what](outcome how) {
    if (auto* failure = std::get_if<error>(&how)) return what->on_end(std::move(*failure));
    const auto self = weak.lock();
    if (!self) return what->on_end(error{errc::connection_failed, "the client is gone"});
    const auto& page = std::get<json>(how);
    const auto entries = page.is_object() ? page.value(what->key, json{}) : json{};
    if (!entries.is_array()) {
      return what->on_end(error{errc::malformed_answer, what->method + " gave no list"});
    }
    for (const auto& entry : entries) {
      if (what->entries.size() < self->options_.max_entries) what->entries.push_back(entry);
    }
    const auto next = page.value("nextCursor", json{});
    what->cursor = next.is_string() ? next.get<std::string>() : std::string{};
    const bool fits = what->cursor.size() <= cursor_bytes;
    const bool fresh = fits && what->cursors.insert(what->cursor).second;
    const bool room = what->entries.size() < self->options_.max_entries &&
                      what->cursors.size() < self->options_.max_pages;
    if (what->cursor.empty() || !fresh || !room) {
      if (!what->cursor.empty()) self->remark("the rest of " + what->method + " was left out");
      return what->on_end(std::move(what->entries));
    }
    self->next_page(what);
  });
}

json client_core::ask(const std::string& method, json params) {
  auto answer = std::make_shared<std::promise<outcome>>();
  session_->call(method, std::move(params),
                 [answer](outcome how) { answer->set_value(std::move(how)); });
  auto how = answer->get_future().get();
  if (auto* failure = std::get_if<error>(&how)) throw error{*failure};
  return std::get<json>(std::move(how));
}

std::vector<json> client_core::ask_all(const std::string& method, const std::string& key) {
  using found = std::variant<std::vector<json>, error>;
  auto answer = std::make_shared<std::promise<found>>();
  list(method, key, [answer](found how) { answer->set_value(std::move(how)); });
  auto how = answer->get_future().get();
  if (auto* failure = std::get_if<error>(&how)) throw error{*failure};
  return std::get<std::vector<json>>(std::move(how));
}

}  // namespace mcp::protocol
