#include "cli/progress_model.hpp"

#include "cli/text.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace mcp::cluster {
namespace {

constexpr std::size_t name_columns = 12;
constexpr std::size_t widest_name = 24;
constexpr std::int64_t bytes_per_token = 4;
constexpr std::size_t arguments_shown = 200;

nlohmann::json content_of(const run_event& event) {
  auto content = nlohmann::json::parse(event.json, nullptr, false);
  return content.is_discarded() ? nlohmann::json{} : content;
}

std::string text_at(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::int64_t number_at(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return 0;
  return std::clamp<std::int64_t>(found->get<std::int64_t>(), 0, 1'000'000'000'000);
}

std::chrono::milliseconds between(progress_model::instant from, progress_model::instant to) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to - from);
}

}  // namespace

std::string node_path(std::string_view ns, std::string_view node) {
  std::string path;
  while (!ns.empty()) {
    const auto part = ns.substr(0, ns.find('|'));
    ns.remove_prefix(std::min(ns.size(), part.size() + 1));
    path.append(part.substr(0, part.find(':'))).append("/");
  }
  return path.append(node);
}

event_mask progress_model::events() noexcept {
  return event_kind::tasks | event_kind::messages | event_kind::custom | event_kind::errors;
}

void progress_model::apply(const run_event& event, instant now) {
  if (event.ns.empty()) step_ = std::max(step_, event.step);
  if (event.node.empty()) return;
  const auto who = node_path(event.ns, event.node);
  switch (event.kind) {
    case event_kind::tasks:
      return task(event, who, now);
    case event_kind::messages:
      return message_part(event, who);
    case event_kind::custom:
      return custom(event, who);
    case event_kind::errors:
      if (!event.error) return;
      flush_all_of(who);
      say(who, "try " + std::to_string(event.attempt) + " failed: " + event.error->message());
      if (const auto found = rows_.find(who);
          found != rows_.end() && --found->second.at_work <= 0) {
        rows_.erase(found);
      }
      return;
    default:
      return;
  }
}

void progress_model::say(std::string_view who, std::string_view text) {
  lines_.push_back(padded(printable(who), name_columns) + ' ' +
                   printable(text.substr(0, max_line_bytes)));
}

void progress_model::settle() {
  while (!streams_.empty()) {
    flush(streams_.front());
    streams_.pop_front();
  }
  rows_.clear();
}

std::vector<std::string> progress_model::take_lines() {
  return std::exchange(lines_, {});
}

void progress_model::task(const run_event& event, const std::string& who, instant now) {
  if (event.name == "started") return start(event, who, now);
  if (event.name == "finished") return finish(who, "done", now);
  if (event.name == "interrupted") return finish(who, "waits", now);
  flush_all_of(who);  // "failed": the error itself was said before
}

void progress_model::start(const run_event& event, const std::string& who, instant now) {
  if (!live_ && event.attempt <= 1) say(who, "starts");
  if (!live_ && event.attempt > 1) say(who, "starts, try " + std::to_string(event.attempt));
  if (!rows_.contains(who) && rows_.size() >= max_rows) return;
  auto& found = rows_[who];
  if (found.at_work == 0) found.since = now;
  ++found.at_work;
  found.attempt = std::max(event.attempt, 1);
}

void progress_model::finish(const std::string& who, std::string_view how, instant now) {
  flush_all_of(who);
  const auto found = rows_.find(who);
  if (found == rows_.end()) return say(who, how);
  auto& of = found->second;
  auto text = std::string{how} + ", " + duration_text(between(of.since, now));
  if (of.tokens > 0) text += ", " + short_number(of.tokens) + " tokens";
  if (of.tokens == 0 && of.streamed_bytes > 0) {
    text += ", ~" + short_number(of.streamed_bytes / bytes_per_token + 1) + " tokens";
  }
  if (of.cost_micros > 0) text += ", cost " + cost_text(of.cost_micros);
  say(who, text);
  if (--of.at_work <= 0) rows_.erase(found);
}

progress_model::streamed& progress_model::stream_of(const std::string& id, const std::string& who) {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const streamed& one) { return one.id == id; });
  if (found != streams_.end()) return *found;
  if (streams_.size() >= max_messages) {
    flush(streams_.front());
    streams_.pop_front();
  }
  return streams_.emplace_back(streamed{.id = id, .who = who});
}

void progress_model::message_part(const run_event& event, const std::string& who) {
  const auto part = content_of(event);
  if (!part.is_object()) return;
  auto& stream = stream_of(text_at(part, "id"), who);
  const auto text = text_at(part, "content");
  row unseen;  // pieces may come after their task's end
  const auto found = rows_.find(who);
  auto& at = found == rows_.end() ? unseen : found->second;
  at.streamed_bytes += static_cast<std::int64_t>(text.size());
  if (!text.empty()) {
    end_call(stream);
    add_text(stream, text);
    at.what = stream.line;
  }
  const auto calls = part.value("tool_calls", nlohmann::json::array());
  if (!calls.is_array()) return;
  for (const auto& call : calls) {
    if (!call.is_object()) continue;
    const auto tool = text_at(call, "name") + '\n' + text_at(call, "id");
    if (stream.tool != tool) {
      end_call(stream);
      stream.tool = tool;
    }
    const auto more = text_at(call, "arguments");
    at.streamed_bytes += static_cast<std::int64_t>(more.size());
    if (stream.arguments.size() < arguments_shown) stream.arguments += more;
    at.what = "calls " + text_at(call, "name");
  }
}

void progress_model::custom(const run_event& event, const std::string& who) {
  const auto content = content_of(event);
  if (event.name == "message_restart") {
    if (!content.is_string()) return;
    auto& stream = stream_of(content.get<std::string>(), who);
    stream.line.clear();
    stream.tool.clear();
    stream.arguments.clear();
    return say(who, "begins its answer again");
  }
  if (event.name == "usage" && content.is_object()) {
    const auto tokens = number_at(content, "input") + number_at(content, "output");
    const auto cost = number_at(content, "cost_micros");
    tokens_ += tokens;
    cost_micros_ += cost;
    const auto found = rows_.find(who);
    if (found == rows_.end()) return;
    found->second.tokens += tokens;
    found->second.cost_micros += cost;
    return;
  }
  const auto text = content.is_string() ? content.get<std::string>() : event.json;
  if (const auto found = rows_.find(who); found != rows_.end()) {
    found->second.what = (event.name + ' ' + text).substr(0, max_line_bytes);
  }
  if (!live_ || event.name == "note")
    say(who, event.name == "note" ? text : event.name + ' ' + text);
}

void progress_model::add_text(streamed& to, std::string_view text) {
  for (;;) {
    const auto end = text.find('\n');
    to.line.append(text.substr(0, end));
    if (to.line.size() > max_line_bytes || end != std::string_view::npos) {
      say(to.who, "| " + to.line);
      to.line.clear();
    }
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void progress_model::end_call(streamed& of) {
  if (of.tool.empty()) return;
  auto arguments = of.arguments;
  if (arguments.size() > arguments_shown) arguments = arguments.substr(0, arguments_shown) + "...";
  say(of.who, "calls " + of.tool.substr(0, of.tool.find('\n')) + ' ' + arguments);
  of.tool.clear();
  of.arguments.clear();
}

void progress_model::flush(streamed& of) {
  if (!of.line.empty()) say(of.who, "| " + of.line);
  of.line.clear();
  end_call(of);
}

void progress_model::flush_all_of(const std::string& who) {
  for (auto& one : streams_) {
    if (one.who == who) flush(one);
  }
  std::erase_if(streams_, [&](const streamed& one) { return one.who == who; });
}

std::string progress_model::row_text(const std::string& who, const row& of, instant now,
                                     std::size_t columns) const {
  std::string right;
  const auto tell = [&](const std::string& text) { right += "  " + text; };
  if (of.at_work > 1) tell("x" + std::to_string(of.at_work));
  if (of.attempt > 1) tell("try " + std::to_string(of.attempt));
  if (of.tokens > 0) {
    tell(short_number(of.tokens) + " tok");
  } else if (of.streamed_bytes > 0) {
    tell("~" + short_number(of.streamed_bytes / bytes_per_token + 1) + " tok");
  }
  if (of.cost_micros > 0) tell(cost_text(of.cost_micros));
  tell(duration_text(between(of.since, now)));
  const auto left = "  " + padded(cut_to(printable(who), widest_name), name_columns) + ' ';
  const auto used = columns_of(left) + columns_of(right);
  if (used >= columns) return cut_to(left + right, columns);
  const auto room = columns - used;
  const auto what = of.what.empty() ? std::string{"at work"} : printable(of.what);
  return left + padded(cut_front_to(what, room), room) + right;
}

std::vector<std::string> progress_model::rows(instant now, std::size_t columns,
                                              std::size_t height) const {
  std::vector<std::string> drawn;
  if (height == 0 || columns == 0 || rows_.empty()) return drawn;
  int at_work = 0;
  for (const auto& [who, of] : rows_) at_work += of.at_work;
  auto header = printable(title_) + ": step " + std::to_string(step_) + ", " +
                std::to_string(at_work) + " at work, " + duration_text(between(start_, now));
  if (tokens_ > 0) header += ", " + short_number(tokens_) + " tokens";
  if (cost_micros_ > 0) header += ", cost " + cost_text(cost_micros_);
  drawn.push_back(cut_to(header, columns));
  for (const auto& [who, of] : rows_) {
    const auto shown = drawn.size() - 1;
    if (drawn.size() + 1 == height && shown + 1 < rows_.size()) {
      drawn.push_back(cut_to("  and " + std::to_string(rows_.size() - shown) + " more", columns));
      break;
    }
    if (drawn.size() >= height) break;
    drawn.push_back(row_text(who, of, now, columns));
  }
  return drawn;
}

}  // namespace mcp::cluster
