// Remember, recall and forget, step by step, on behalf of a task.
#include "memory/memory_errand.hpp"
#include "memory/note_rules.hpp"
#include "tools/text.hpp"

#include <utility>

namespace mcp::memories {
namespace {

constexpr std::size_t longest_question = 4 * 1024;  // bytes of it that are embedded

template <class Result>
std::function<void(error)> failing(const std::function<void(Result)>& done) {
  return [done](error reason) {
    Result result;
    result.error = std::move(reason);
    done(std::move(result));
  };
}

class remember_flow final : public memory_errand {
 public:
  remember_flow(std::shared_ptr<const agent_memory_options> options, memory_place place,
                std::vector<memory_note> notes, context& ctx,
                std::function<void(remember_result)> done)
      : memory_errand(std::move(options), ctx, failing(done)),
        place_(std::move(place)),
        notes_(std::move(notes)),
        done_(std::move(done)) {}

  void begin(const stop_hook& on_cancel) {
    watch(on_cancel);
    step([this] {
      check_place(place_);
      check_notes(notes_, options());
      if (notes_.empty()) return finish();
      // What is remembered stays: not before the step that says it would be repeated as it is.
      ctx().when_durable([self = shared()] { self->step([&] { self->embed_notes(); }); });
    });
  }

 private:
  [[nodiscard]] std::shared_ptr<remember_flow> shared() {
    return std::static_pointer_cast<remember_flow>(shared_from_this());
  }

  void embed_notes() {
    if (!options().embeddings) return keep({});
    embed(texts_of(notes_), [self = shared()](embedding_outcome outcome) {
      if (outcome.failure) self->result_.degraded = std::move(outcome.failure->error);
      self->keep(outcome.answer ? std::move(outcome.answer->vectors) : no_vectors{});
    });
  }

  using no_vectors = std::vector<std::vector<float>>;
  void keep(std::vector<std::vector<float>> vectors) {
    on_shelf([self = shared(), vectors = std::move(vectors)](note_shelf& shelf) {
      self->result_.keys = shelf.put(self->place_, self->notes_, vectors);
      self->finish();
    });
  }

  void finish() {
    if (may_answer()) done_(std::move(result_));
  }

  const memory_place place_;
  const std::vector<memory_note> notes_;
  const std::function<void(remember_result)> done_;
  remember_result result_;
};

class recall_flow final : public memory_errand {
 public:
  recall_flow(std::shared_ptr<const agent_memory_options> options, recall_query query, context& ctx,
              std::function<void(recall_result)> done)
      : memory_errand(std::move(options), ctx, failing(done)),
        query_(std::move(query)),
        done_(std::move(done)) {}

  void begin(const stop_hook& on_cancel) {
    watch(on_cancel);
    step([this] {
      check_query(query_);
      auto text = asked_text(query_);
      if (!options().embeddings || text.empty()) return search();
      embed({std::move(text)}, [self = shared()](embedding_outcome outcome) {
        if (outcome.failure) self->result_.degraded = std::move(outcome.failure->error);
        if (outcome.answer) self->asked_ = std::move(outcome.answer->vectors.front());
        self->search();
      });
    });
  }

 private:
  [[nodiscard]] std::shared_ptr<recall_flow> shared() {
    return std::static_pointer_cast<recall_flow>(shared_from_this());
  }

  void search() {
    on_shelf([self = shared()](note_shelf& shelf) {
      self->found_ = shelf.find(self->query_, self->asked_);
      self->result_.by_meaning = !self->asked_.empty();
      if (self->found_.without.empty()) return self->finish(shelf);
      self->renew();
    });
  }

  void renew() {
    embed(note_shelf::texts_without(found_), [self = shared()](embedding_outcome outcome) {
      if (outcome.failure) self->result_.degraded = std::move(outcome.failure->error);
      auto vectors =
          outcome.answer ? std::move(outcome.answer->vectors) : std::vector<std::vector<float>>{};
      self->on_shelf([self, vectors = std::move(vectors)](note_shelf& shelf) {
        shelf.renew(self->found_, self->query_, vectors, self->asked_);
        self->result_.renewed = vectors.size();
        self->finish(shelf);
      });
    });
  }

  void finish(note_shelf& shelf) {
    result_.notes = shelf.best(found_, query_);
    if (may_answer()) done_(std::move(result_));
  }

  const recall_query query_;
  const std::function<void(recall_result)> done_;
  std::vector<float> asked_;
  findings found_;
  recall_result result_;
};

class forget_flow final : public memory_errand {
 public:
  forget_flow(std::shared_ptr<const agent_memory_options> options, memory_place place,
              std::string key, context& ctx, std::function<void(forget_result)> done)
      : memory_errand(std::move(options), ctx, failing(done)),
        place_(std::move(place)),
        key_(std::move(key)),
        done_(std::move(done)) {}

  void begin(const stop_hook& on_cancel) {
    watch(on_cancel);
    const auto self = std::static_pointer_cast<forget_flow>(shared_from_this());
    step([&] {
      check_place(place_);
      ctx().when_durable([self] {
        self->step([&] {
          self->on_shelf([self](note_shelf& shelf) {
            forget_result result{.found = shelf.forget(self->place_, self->key_)};
            if (self->may_answer()) self->done_(std::move(result));
          });
        });
      });
    });
  }

 private:
  const memory_place place_;
  const std::string key_;
  const std::function<void(forget_result)> done_;
};

}  // namespace

std::string asked_text(const recall_query& query) {
  const auto text = tools::cut_text(query.text, longest_question);
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  return std::string{text};
}

std::vector<std::string> texts_of(const std::vector<memory_note>& notes) {
  std::vector<std::string> texts;
  for (const auto& note : notes) texts.push_back(note.text);
  return texts;
}

void start_remember(std::shared_ptr<const agent_memory_options> options, memory_place place,
                    std::vector<memory_note> notes, context& ctx, const stop_hook& on_cancel,
                    std::function<void(remember_result)> done) {
  std::make_shared<remember_flow>(std::move(options), std::move(place), std::move(notes), ctx,
                                  std::move(done))
      ->begin(on_cancel);
}

void start_recall(std::shared_ptr<const agent_memory_options> options, recall_query query,
                  context& ctx, const stop_hook& on_cancel,
                  std::function<void(recall_result)> done) {
  std::make_shared<recall_flow>(std::move(options), std::move(query), ctx, std::move(done))
      ->begin(on_cancel);
}

void start_forget(std::shared_ptr<const agent_memory_options> options, memory_place place,
                  std::string key, context& ctx, const stop_hook& on_cancel,
                  std::function<void(forget_result)> done) {
  std::make_shared<forget_flow>(std::move(options), std::move(place), std::move(key), ctx,
                                std::move(done))
      ->begin(on_cancel);
}

}  // namespace mcp::memories
