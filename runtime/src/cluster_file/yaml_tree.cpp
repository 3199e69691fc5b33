#include "cluster_file/yaml_tree.hpp"

#include <algorithm>
#include <map>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace mcp::cluster {
namespace {

/// Leaves the parser when a limit is reached.
struct too_much {
  file_position at;
  std::string what;
};

file_position position_of(const YAML::Mark& mark) {
  return mark.is_null() ? file_position{} : file_position{mark.line + 1, mark.column + 1};
}

std::size_t count_nodes(const yaml_node& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& entry : node.entries) count += count_nodes(entry.value) + 1;
  return count;
}

int depth_of(const yaml_node& node) {
  int deepest = 0;
  for (const auto& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const auto& entry : node.entries) deepest = std::max(deepest, depth_of(entry.value));
  return deepest + 1;
}

/// Makes the tree while the parser goes on, and stops it as soon as a limit is passed.
class tree_builder final : public YAML::EventHandler {
 public:
  tree_builder(std::string_view text, problem_list& problems) : problems_(problems) {
    for (std::size_t at = 0; at != std::string_view::npos && at < text.size();) {
      lines_.push_back(text.substr(at));
      at = text.find('\n', at);
      if (at != std::string_view::npos) ++at;
    }
  }

  [[nodiscard]] yaml_node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    yaml_node node;
    node.at = position_of(mark);
    add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto at = position_of(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw too_much{at, "an alias stands inside of what it stands for"};
    }
    count(count_nodes(found->second), at);
    check_depth(static_cast<int>(open_.size()) + depth_of(found->second), at);
    auto copy = found->second;
    copy.at = at;
    place(std::move(copy));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    yaml_node node;
    node.what = yaml_node::kind::scalar;
    node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    node.at = position_of(mark);
    node.block = starts_block(node.at);
    node.text = value;
    if (!node.quoted && tag != "?" && !tag.empty()) {
      problems_.error(node.at, "the tag " + tag + " is not known", "leave it out");
    }
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(yaml_node::kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(yaml_node::kind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct open_node {
    yaml_node node{};
    YAML::anchor_t anchor = 0;
    std::optional<yaml_node> key{};  ///< of a mapping, before its value
  };

  [[nodiscard]] bool starts_block(file_position at) const {
    const auto line = static_cast<std::size_t>(at.line - 1);
    const auto column = static_cast<std::size_t>(at.column - 1);
    if (at.line < 1 || line >= lines_.size() || column >= lines_[line].size()) return false;
    return lines_[line][column] == '|' || lines_[line][column] == '>';
  }

  void count(std::size_t more, file_position at) {
    nodes_ += more;
    if (nodes_ > max_yaml_nodes) {
      throw too_much{at, "the file has more than " + std::to_string(max_yaml_nodes) +
                             " mappings, lists and values; aliases count as what they stand for"};
    }
  }

  static void check_depth(int depth, file_position at) {
    if (depth > max_yaml_depth) {
      throw too_much{
          at, "the file is nested deeper than " + std::to_string(max_yaml_depth) + " levels"};
    }
  }

  void open(yaml_node::kind what, const YAML::Mark& mark, YAML::anchor_t anchor) {
    const auto at = position_of(mark);
    count(1, at);
    check_depth(static_cast<int>(open_.size()) + 1, at);
    open_.emplace_back();
    open_.back().node.what = what;
    open_.back().node.at = at;
    open_.back().anchor = anchor;
  }

  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) anchors_[done.anchor] = done.node;
    place(std::move(done.node));
  }

  void add(yaml_node node, YAML::anchor_t anchor) {
    count(1, node.at);
    if (anchor != 0) anchors_[anchor] = node;
    place(std::move(node));
  }

  void place(yaml_node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& parent = open_.back();
    if (parent.node.is(yaml_node::kind::list)) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = std::move(node);
    } else {
      add_entry(parent, std::move(node));
    }
  }

  void add_entry(open_node& parent, yaml_node value) {
    const auto key = std::move(*parent.key);
    parent.key.reset();
    if (!key.is(yaml_node::kind::scalar)) {
      problems_.error(key.at, "a key is " + std::string{name(key.what)}, "keys are names");
      return;
    }
    if (const auto* before = parent.node.find(key.text); before != nullptr) {
      const auto first =
          std::find_if(parent.node.entries.begin(), parent.node.entries.end(),
                       [&](const yaml_node::entry& one) { return one.key == key.text; });
      problems_.error(key.at,
                      "the key \"" + key.text + "\" is there twice, first at line " +
                          std::to_string(first->at.line),
                      "remove one of them");
      return;
    }
    parent.node.entries.push_back({key.text, key.at, std::move(value)});
  }

  problem_list& problems_;
  std::vector<std::string_view> lines_;  ///< from each line to the end of the file
  std::vector<open_node> open_;
  std::map<YAML::anchor_t, yaml_node> anchors_;
  yaml_node root_;
  std::size_t nodes_ = 0;
};

std::string advice_for(std::string_view message) {
  if (message.find("tab") != std::string_view::npos) return "indent with spaces";
  if (message.find("map") != std::string_view::npos) {
    return "check the indentation, and that a space follows each colon; quote texts with colons";
  }
  return "check the indentation and the quotes";
}

/// YAML forbids tabs in the indentation; the parser's own message for them misleads.
bool find_tabs(std::string_view text, problem_list& problems) {
  int line = 0;
  bool found = false;
  for (std::size_t at = 0; at < text.size();) {
    ++line;
    const auto next = std::min(text.find('\n', at), text.size());
    const auto indent = text.substr(at, next - at);
    const auto first = indent.find_first_not_of(' ');
    if (first != std::string_view::npos && indent[first] == '\t' &&
        indent.find_first_not_of(" \t\r") != std::string_view::npos) {
      problems.error({line, static_cast<int>(first) + 1}, "a tab stands in the indentation",
                     "indent with spaces");
      found = true;
    }
    at = next + 1;
  }
  return found;
}

/// The parser takes a quote that is still open at the last line break for closed; it does not where
/// the end of the document is marked.
std::string with_end(std::string_view text) {
  constexpr std::string_view mark = "...\n";
  std::string result{text};
  if (text.ends_with('\n') && !text.ends_with(mark)) result += mark;
  return result;
}

}  // namespace

const yaml_node* yaml_node::find(std::string_view key) const noexcept {
  for (const auto& one : entries) {
    if (one.key == key) return &one.value;
  }
  return nullptr;
}

std::string_view name(yaml_node::kind what) noexcept {
  switch (what) {
    case yaml_node::kind::scalar:
      return "a text";
    case yaml_node::kind::list:
      return "a list";
    case yaml_node::kind::map:
      return "a mapping";
    default:
      return "nothing";
  }
}

std::optional<yaml_node> read_yaml(std::string_view text, problem_list& problems) {
  if (text.size() > max_yaml_bytes) {
    problems.error({}, "the file is larger than " + std::to_string(max_yaml_bytes) + " bytes",
                   "split it, or move data out of it");
    return std::nullopt;
  }
  tree_builder builder{text, problems};
  try {
    std::istringstream stream{with_end(text)};
    YAML::Parser parser{stream};
    if (!parser.HandleNextDocument(builder)) {
      problems.error({1, 1}, "the file is empty", "write a mapping with `name`, `state`, `nodes`");
      return std::nullopt;
    }
    tree_builder second{text, problems};
    if (parser.HandleNextDocument(second)) {
      problems.error(second.take().at, "the file has a second document",
                     "keep one system in a file");
    }
  } catch (const too_much& reason) {
    problems.error(reason.at, reason.what);
    return std::nullopt;
  } catch (const YAML::Exception& reason) {
    if (!find_tabs(text, problems)) {
      problems.error(position_of(reason.mark), "this is not YAML: " + reason.msg,
                     advice_for(reason.msg));
    }
    return std::nullopt;
  }
  return builder.take();
}

}  // namespace mcp::cluster
