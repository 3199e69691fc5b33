#include "team/executor.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace research {
namespace {

constexpr int max_hits = 30;

/// Waits as a slow tool would, and stops waiting when nobody wants the result any more.
void pretend_to_be_slow(int milliseconds, mcp::context& ctx) {
  constexpr int slice = 10;
  for (int waited = 0; waited < milliseconds && !ctx.cancelled(); waited += slice) {
    std::this_thread::sleep_for(std::chrono::milliseconds{slice});
    ctx.heartbeat();
  }
}

/// Finds passages. A vector store would take its place.
class search_agent {
 public:
  explicit search_agent(std::shared_ptr<shelf> documents) : documents_(std::move(documents)) {}
  mcp::update<executor_state> operator()(const executor_state& s, mcp::context& ctx) const {
    ctx.emit("note", progress_note{s.part.text});
    pretend_to_be_slow(s.slow_ms, ctx);
    const auto folder = documents_->open(s.folder);
    auto hits = folder->index.search(to_query(s.part), max_hits);
    return mcp::update<executor_state>{}.set(&executor_state::hits, std::move(hits));
  }

 private:
  std::shared_ptr<shelf> documents_;
};

/// Takes quotations out of the passages. The seam for a reader with a model.
class extract_agent {
 public:
  explicit extract_agent(std::shared_ptr<shelf> documents) : documents_(std::move(documents)) {}
  mcp::update<executor_state> operator()(const executor_state& s) const {
    const auto folder = documents_->open(s.folder);
    return mcp::update<executor_state>{}.set(
        &executor_state::candidates, choose_evidence(s.part, s.number, s.hits, folder->index));
  }

 private:
  std::shared_ptr<shelf> documents_;
};

/// Keeps the best quotations and drops those that say the same.
mcp::update<executor_state> grade(const executor_state& s, mcp::context& ctx) {
  auto kept = merge_evidence(s.candidates);
  ctx.emit("note", progress_note{std::to_string(kept.size()) + " quotation(s) from " +
                                 std::to_string(s.hits.size()) + " passage(s): " + s.part.text});
  return mcp::update<executor_state>{}.set(&executor_state::kept, std::move(kept));
}

}  // namespace

mcp::graph<executor_state> executor_graph(std::shared_ptr<shelf> documents) {
  const mcp::node_options on_disk{.blocking = true};  // the first one to ask reads the folder
  return mcp::graph<executor_state>("executor")
      .node("search", search_agent{documents}, on_disk)
      .node("extract", extract_agent{documents}, on_disk)
      .node("grade", grade)
      .entry_point("search")
      .sequence({"search", "extract", "grade"})
      .finish_point("grade");
}

}  // namespace research
