#include "core/graph_plan.hpp"
#include "core/picture.hpp"

#include <array>
#include <unordered_map>

#include <nlohmann/json.hpp>

namespace mcp {
namespace {

using core::drawn_edge;
using core::drawn_edge_kind;
using core::drawn_group;
using core::drawn_node;
using core::figure;
using core::picture;

/// The second line of a node: what is special about it.
std::string remarks(const drawn_node& node) {
  std::string result;
  const auto add = [&result](const std::string& remark) {
    if (!result.empty()) result += ", ";
    result += remark;
  };
  if (node.attempts > 1) add("retry " + std::to_string(node.attempts));
  if (node.breaker) add("breaker");
  if (node.deferred) add("deferred");
  if (node.interrupt_before) add("interrupt before");
  if (node.interrupt_after) add("interrupt after");
  return result;
}

std::string_view label(drawn_edge_kind what) {
  if (what == drawn_edge_kind::join) return "join";
  if (what == drawn_edge_kind::fallback) return "fallback";
  return {};
}

class mermaid_drawing {
 public:
  std::string draw(const picture& what) {
    out_ = "flowchart TD\n";
    contents(what.root, "  ");
    for (const auto& edge : what.edges) {
      out_ += "  " + id(edge.source) + (edge.conditional() ? " -.->" : " -->");
      if (const auto text = label(edge.what); !text.empty()) out_ += "|" + std::string{text} + "|";
      out_ += " " + id(edge.target) + "\n";
    }
    if (!deferred_.empty()) {
      out_ += "  classDef deferred stroke-dasharray: 4 3\n  class " + deferred_ + " deferred\n";
    }
    return std::move(out_);
  }

 private:
  /// Names can be anything; identifiers cannot.
  const std::string& id(const std::string& name) {
    auto& result = ids_[name];
    if (result.empty()) result = "n" + std::to_string(ids_.size() - 1);
    return result;
  }
  static std::string escape(std::string_view text) {
    std::string result;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20) {
        result += ' ';
      } else if (std::string_view{"\"#<>&`\\"}.find(c) != std::string_view::npos) {
        result += "#" + std::to_string(byte) + ";";
      } else {
        result += c;
      }
    }
    return result;
  }
  void contents(const drawn_group& group, const std::string& indent) {
    for (const auto& one : group.nodes) node(one, indent);
    for (const auto& inner : group.groups) {
      out_ += indent + "subgraph " + id(inner.id) + "[\"" + escape(inner.label) + "\"]\n";
      contents(inner, indent + "  ");
      out_ += indent + "end\n";
    }
  }
  void node(const drawn_node& one, const std::string& indent) {
    using brackets = std::array<const char*, 2>;
    const auto shape = [&]() -> brackets {
      switch (one.what) {
        case figure::start:
        case figure::end:
          return {"([", "])"};
        case figure::blocking:
          return {"[/", "/]"};
        case figure::async:
          return {"{{", "}}"};
        case figure::subgraph:
          return {"[[", "]]"};
        case figure::note:
          return {">", "]"};
        case figure::plain:
          break;
      }
      return {"[", "]"};
    }();
    out_ += indent + id(one.id) + shape[0] + "\"" + escape(one.label);
    if (const auto text = remarks(one); !text.empty()) out_ += "<br/><small>" + text + "</small>";
    out_ += std::string{"\""} + shape[1] + "\n";
    if (one.deferred) deferred_ += (deferred_.empty() ? "" : ",") + id(one.id);
  }

  std::string out_;
  std::string deferred_;
  std::unordered_map<std::string, std::string> ids_;
};

class dot_drawing {
 public:
  std::string draw(const picture& what) {
    out_ = "digraph " + quote(what.root.label) + " {\n  node [shape=box];\n";
    contents(what.root, "  ");
    for (const auto& edge : what.edges) {
      out_ += "  " + quote(edge.source) + " -> " + quote(edge.target);
      const auto text = label(edge.what);
      if (edge.conditional() || !text.empty()) {
        out_ += " [";
        if (edge.conditional()) out_ += "style=dashed";
        if (edge.conditional() && !text.empty()) out_ += ", ";
        if (!text.empty()) out_ += "label=" + quote(text);
        out_ += "]";
      }
      out_ += ";\n";
    }
    return std::move(out_) + "}\n";
  }

 private:
  static std::string escape(std::string_view text) {
    std::string result;
    for (const char c : text) {
      if (c == '"' || c == '\\') result += '\\';
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result;
  }
  static std::string quote(std::string_view text) { return "\"" + escape(text) + "\""; }
  void contents(const drawn_group& group, const std::string& indent) {
    for (const auto& one : group.nodes) node(one, indent);
    for (const auto& inner : group.groups) {
      out_ += indent + "subgraph " + quote("cluster_" + inner.id) + " {\n" + indent +
              "  label=" + quote(inner.label) + ";\n";
      contents(inner, indent + "  ");
      out_ += indent + "}\n";
    }
  }
  static const char* shape(figure what) {
    switch (what) {
      case figure::start:
      case figure::end:
        return "oval";
      case figure::blocking:
        return "parallelogram";
      case figure::async:
        return "hexagon";
      case figure::subgraph:
        return "box3d";
      case figure::note:
        return "note";
      case figure::plain:
        break;
    }
    return "";
  }
  void node(const drawn_node& one, const std::string& indent) {
    out_ += indent + quote(one.id) + " [label=\"" + escape(one.label);
    if (const auto text = remarks(one); !text.empty()) out_ += "\\n(" + text + ")";
    out_ += "\"";
    if (const std::string_view form = shape(one.what); !form.empty()) {
      out_ += ", shape=" + std::string{form};
    }
    if (one.deferred) out_ += ", style=dashed";
    out_ += "];\n";
  }

  std::string out_;
};

nlohmann::ordered_json metadata(const drawn_node& node) {
  auto result = nlohmann::ordered_json::object();
  if (node.attempts > 1) result["retry"] = node.attempts;
  if (node.breaker) result["breaker"] = true;
  if (node.deferred) result["deferred"] = true;
  if (node.interrupt_before) result["interrupt_before"] = true;
  if (node.interrupt_after) result["interrupt_after"] = true;
  return result;
}

void add_nodes(nlohmann::ordered_json& out, const drawn_group& group) {
  for (const auto& node : group.nodes) {
    out.push_back({{"id", node.id}, {"type", name(node.what)}, {"metadata", metadata(node)}});
  }
  for (const auto& inner : group.groups) add_nodes(out, inner);
}

std::string draw_json(const picture& what) {
  auto nodes = nlohmann::ordered_json::array();
  add_nodes(nodes, what.root);
  auto edges = nlohmann::ordered_json::array();
  for (const auto& edge : what.edges) {
    edges.push_back(
        {{"source", edge.source}, {"target", edge.target}, {"conditional", edge.conditional()}});
  }
  const nlohmann::ordered_json result{
      {"name", what.root.label}, {"nodes", std::move(nodes)}, {"edges", std::move(edges)}};
  return result.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string draw_picture(const picture& what, drawing format) {
  switch (format) {
    case drawing::mermaid:
      return mermaid_drawing{}.draw(what);
    case drawing::dot:
      return dot_drawing{}.draw(what);
    case drawing::json:
      break;
  }
  return draw_json(what);
}

}  // namespace

std::string draw(const graph_builder& builder, drawing format, int depth) {
  return draw_picture(core::make_picture(builder, depth), format);
}

std::string draw(const graph_plan& plan, drawing format, int depth) {
  return draw_picture(core::make_picture(plan, depth), format);
}

}  // namespace mcp
