#include "mcp/reducers.hpp"

#include <functional>

namespace mcp {

cbor_writer& patch_writer::begin(std::string_view field, int op) {
  ++count_;
  writer_.array(3);
  writer_.text(field);
  writer_.integer(op);
  return writer_;
}

void patch_writer::clear() noexcept {
  writer_.clear();
  count_ = 0;
}

namespace {

/// Writes the edits of docs/checkpoint-format.md, op 3.
class edit_log {
 public:
  explicit edit_log(bool wanted) : wanted_(wanted) {}
  void put(std::size_t index, const message& content) {
    if (!wanted_) return;
    open(2);
    writer_.unsigned_integer(index);
    codec<message>::encode(writer_, content);
  }
  void remove(std::size_t index) {
    if (!wanted_) return;
    open(1);
    writer_.unsigned_integer(index);
  }
  void clear() {
    if (wanted_) open(0);
  }
  void finish(const patch_target& patch) const {
    if (!wanted_ || count_ == 0) return;
    auto& out = patch.out->begin(patch.field, patch_messages);
    out.array(count_);
    out.raw(writer_.bytes());
  }

 private:
  void open(std::size_t items) {
    ++count_;
    writer_.array(items);
  }

  bool wanted_;
  std::size_t count_ = 0;
  cbor_writer writer_;
};

/// An id for a message that came without: a hash (FNV-1a) of its content, its place and the id
/// before it. Deterministic, so that a repeated superstep gives the same; unlike its neighbours
/// without a search.
std::string make_id(const std::vector<message>& all, const message& content) {
  std::uint64_t hash = 14695981039346656037U;
  const auto mix = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    hash = (hash ^ 0xffU) * 1099511628211U;
  };
  mix(std::to_string(all.size()));
  if (!all.empty()) mix(all.back().id);
  mix(content.role);
  mix(content.content);
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  for (int shift = 60; shift >= 0; shift -= 4) id += digits[(hash >> shift) & 0xfU];
  return id;
}

/// From the end: replies replace recent messages.
std::size_t walk_to(const std::vector<message>& all, std::string_view id) {
  for (std::size_t i = all.size(); i > 0; --i) {
    if (all[i - 1].id == id) return i - 1;
  }
  return all.size();
}

}  // namespace

std::size_t message_index::find(const std::vector<message>& all, std::string_view id) {
  // A list that is searched a few times only is walked: an index costs more than some walks.
  constexpr std::size_t walks = 16;
  if (known_ == 0 && walked_ <= walks * all.size()) {
    const auto found = walk_to(all, id);
    walked_ += found == all.size() ? all.size() : all.size() - found;
    return found;
  }
  const std::hash<std::string_view> hash;
  for (; known_ < all.size(); ++known_) places_[hash(all[known_].id)] = known_;
  const auto place = places_.find(hash(id));
  if (place == places_.end()) return all.size();
  // Another message with the same hash: rare enough to walk.
  return all[place->second].id == id ? place->second : walk_to(all, id);
}

void message_index::forget() noexcept {
  places_.clear();
  known_ = 0;
  walked_ = 0;
}

void reduce(messages_reducer, std::vector<message>& current, std::vector<message>&& incoming,
            const patch_target& patch) {
  edit_log edits{patch.out != nullptr};
  for (auto& arrived : incoming) {
    const bool removes = arrived.role == "__remove__";
    if (removes && arrived.id == "__remove_all__") {
      current.clear();
      if (patch.ids != nullptr) patch.ids->forget();
      edits.clear();
      continue;
    }
    const bool fresh = arrived.id.empty();
    if (fresh) arrived.id = make_id(current, arrived);
    const auto index = fresh                  ? current.size()
                       : patch.ids != nullptr ? patch.ids->find(current, arrived.id)
                                              : walk_to(current, arrived.id);
    if (removes) {
      if (index == current.size()) {
        throw error{errc::invalid_update, "message \"" + arrived.id +
                                              "\" cannot be removed from \"" +
                                              std::string{patch.field} + "\": it is not there"};
      }
      current.erase(current.begin() + static_cast<std::ptrdiff_t>(index));
      if (patch.ids != nullptr) patch.ids->forget();
      edits.remove(index);
    } else {
      edits.put(index, arrived);
      if (index == current.size()) {
        current.push_back(std::move(arrived));
      } else {
        current[index] = std::move(arrived);
      }
    }
  }
  edits.finish(patch);
}

}  // namespace mcp
