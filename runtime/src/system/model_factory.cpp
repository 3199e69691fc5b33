#include "system/model_factory.hpp"

#include "mcp/agents/anthropic.hpp"
#include "mcp/agents/cassette.hpp"
#include "mcp/agents/model_policies.hpp"
#include "mcp/agents/openai.hpp"

#include <cstdlib>
#include <utility>

namespace mcp::cluster {
namespace {

bool is_remote(model_provider provider) {
  return provider == model_provider::openai || provider == model_provider::anthropic ||
         provider == model_provider::plugin;  // it may use one
}

/// `text` up to `mark`, and what stands behind it; nothing when it has none.
std::optional<std::string> cut_behind(std::string& text, std::string_view mark) {
  const auto at = text.rfind(mark);
  if (at == std::string::npos) return std::nullopt;
  auto rest = text.substr(at + mark.size());
  text.resize(at);
  return rest;
}

/// The description with what the command line puts in its place. What the file says of keys and
/// headers is for the address that it names, and goes to no other.
std::optional<model_description> replaced(model_description what, const std::string& spec) {
  const auto split = spec.find(':');
  const auto provider = spec.substr(0, split);
  auto rest = split == std::string::npos ? std::string{} : spec.substr(split + 1);
  if (spec == "scripted") {
    what.provider = model_provider::scripted;
    return what;
  }
  if (rest.empty()) return std::nullopt;
  if (provider == "replay") {
    what.provider = model_provider::replay;
    what.replay_file = rest;
    return what;
  }
  if (provider != "openai" && provider != "anthropic") return std::nullopt;
  const auto before = std::exchange(
      what.provider, provider == "openai" ? model_provider::openai : model_provider::anthropic);
  const auto key = cut_behind(rest, ",key_env=");
  std::string url;
  if (auto given = cut_behind(rest, "@http")) url = "http" + *given;
  if (before != what.provider || what.endpoint.base_url != url) {
    what.endpoint = model_endpoint{.base_url = std::move(url),
                                   .timeouts = what.endpoint.timeouts,
                                   .max_answer_bytes = what.endpoint.max_answer_bytes};
  }
  if (key) {
    what.endpoint.api_key_env = *key;
    what.endpoint.api_key_file.clear();
  }
  if (!what.retry) what.retry.emplace();
  what.model = rest;
  return what;
}

std::vector<std::string> values_of(const std::vector<std::string>& variables) {
  std::vector<std::string> values;
  for (const auto& variable : variables) {
    const auto* value = std::getenv(variable.c_str());
    if (value != nullptr && *value != '\0') values.emplace_back(value);
  }
  return values;
}

class model_maker {
 public:
  model_maker(const cluster_description& file, const model_choices& choices,
              const plugin_set& plugins, problem_list& problems)
      : file_(file), choices_(choices), plugins_(plugins), problems_(problems) {}

  std::map<std::string, ready_model> run() {
    for (const auto& one : file_.models) models_.emplace(one.name, apply_choices(one));
    check_overrides();
    for (const auto& one : file_.models) make_base(models_.at(one.name));
    for (const auto& one : file_.models) {
      const auto& what = models_.at(one.name);
      check_price(what);
      ready_model ready{with_others(what), what.request};
      if (what.provider == model_provider::scripted) ready.request.model.clear();
      result_.emplace(one.name, std::move(ready));
    }
    return std::move(result_);
  }

 private:
  model_description apply_choices(const model_description& what) {
    if (const auto spec = choices_.overrides.find(what.name); spec != choices_.overrides.end()) {
      if (auto other = replaced(what, spec->second)) {
        if (!choices_.offline || !is_remote(other->provider)) return *other;
        problems_.error({},
                        "the model \"" + what.name + "\" cannot be \"" + spec->second +
                            "\" offline: it needs a network",
                        "leave --offline or this --model out");
        return what;
      }
      problems_.error(
          {}, "the model \"" + what.name + "\" cannot be replaced by \"" + spec->second + "\"",
          "write scripted, replay:FILE, openai:MODEL or anthropic:MODEL, these with @URL and "
          ",key_env=VARIABLE behind them where it is needed");
    }
    auto same = what;
    if (choices_.offline && is_remote(what.provider)) same.provider = model_provider::scripted;
    return same;
  }

  void check_overrides() {
    std::vector<std::string> known;
    for (const auto& one : file_.models) known.push_back(one.name);
    for (const auto& [name, spec] : choices_.overrides) {
      if (models_.contains(name)) continue;
      problems_.error({}, "there is no model \"" + name + "\" to replace" + nearest(name, known),
                      "name a model of the file");
    }
  }

  void check_price(const model_description& what) {
    const bool priceless =
        what.provider == model_provider::openai || what.provider == model_provider::anthropic;
    if (!priceless || what.price || !file_.limits.budget.counters.contains("cost_micros")) return;
    problems_.warning(what.at,
                      "the model \"" + what.name +
                          "\" has no `price`: what it costs does not count against the budget",
                      "add `price: {input: …, output: …}`, per million tokens");
  }

  void complain(const model_description& of, const std::string& why, std::string what_to_do = {}) {
    problems_.error(of.at, "the model \"" + of.name + "\": " + why, std::move(what_to_do));
  }

  /// The model as its provider makes it, and the limit of its account.
  void make_base(const model_description& what) {
    auto& made = bases_[what.name];
    try {
      made = base(what);
    } catch (const error& wrong) {
      complain(what, wrong.message(), std::string{advice(wrong.code())});
    } catch (const std::exception& wrong) {  // of a plugin
      complain(what, wrong.what());
    }
    if (made && what.limit) limits_.emplace(made->account(), *what.limit);
  }

  /// The model without its fallbacks, made once; null when it cannot be made, which was said. All
  /// models of an account take turns at its limiter, whichever of them names the limit.
  std::shared_ptr<chat_model> alone(const std::string& name) {
    if (const auto found = alone_.find(name); found != alone_.end()) return found->second;
    const auto& what = models_.at(name);
    auto model = bases_.at(name);
    try {
      if (model) model = with_policies(std::move(model), what);
    } catch (const error& wrong) {
      complain(what, wrong.message(), std::string{advice(wrong.code())});
      model = nullptr;
    }
    return alone_.emplace(name, std::move(model)).first->second;
  }

  [[nodiscard]] std::shared_ptr<chat_model> with_policies(std::shared_ptr<chat_model> model,
                                                          const model_description& what) const {
    if (!what.record_file.empty() && !choices_.check_only) {
      model = record(std::move(model), what.record_file, {.redact = values_of(what.redact_env)});
    }
    const auto shared = limits_.find(model->account());
    if (what.limit || shared != limits_.end()) {
      const auto& limit = what.limit ? *what.limit : shared->second;
      model = with_limit(std::move(model), limit);
    }
    if (what.retry) model = with_retry(std::move(model), *what.retry);
    return what.price ? with_price(std::move(model), *what.price) : model;
  }

  /// Null: there is no such model, which was said.
  [[nodiscard]] std::shared_ptr<chat_model> of_plugin(const model_description& what) const {
    const auto found = plugins_.model(what.type.name);
    if (!found) {
      plugins_.report_unknown("model", what.type, problems_);
      return nullptr;
    }
    auto made = found.offer->make(
        {.name = what.name, .options = options_or_none(what.options), .config = found.of->config});
    if (made) return made;
    throw error{errc::invalid_plugin, "the plugin made none"};
  }

  [[nodiscard]] std::shared_ptr<chat_model> base(const model_description& what) const {
    switch (what.provider) {
      case model_provider::openai:
        return openai_model({.model = what.model, .endpoint = what.endpoint});
      case model_provider::anthropic:
        return anthropic_model({.model = what.model, .endpoint = what.endpoint});
      case model_provider::replay:
        return replay(what.replay_file, {.redact = values_of(what.redact_env)});
      case model_provider::plugin:
        return of_plugin(what);
      default:
        return make_scripted_model(what, file_.limits.lua);
    }
  }

  /// A fallback stands in alone: its own fallbacks do not count, so that there are no circles.
  std::shared_ptr<chat_model> with_others(const model_description& what) {
    auto first = alone(what.name);
    std::vector<std::shared_ptr<chat_model>> chain{first};
    for (const auto& [name, at] : what.fallbacks) {
      if (!models_.contains(name) || name == what.name) {
        std::vector<std::string> known;
        for (const auto& one : file_.models) known.push_back(one.name);
        problems_.error(at, "there is no other model \"" + name + "\"" + nearest(name, known),
                        "name another model of the file");
        continue;
      }
      chain.push_back(alone(name));
    }
    for (const auto& one : chain) {
      if (!one) return nullptr;
    }
    if (chain.size() == 1) return first;
    try {
      return with_fallbacks(std::move(chain));
    } catch (const error& wrong) {
      complain(what, wrong.message());
      return nullptr;
    }
  }

  const cluster_description& file_;
  const model_choices& choices_;
  const plugin_set& plugins_;
  problem_list& problems_;
  std::map<std::string, model_description> models_;
  std::map<std::string, std::shared_ptr<chat_model>> bases_;
  std::map<std::string, rate_limit> limits_;  ///< by account
  std::map<std::string, std::shared_ptr<chat_model>> alone_;
  std::map<std::string, ready_model> result_;
};

}  // namespace

std::map<std::string, ready_model> make_models(const cluster_description& file,
                                               const model_choices& choices,
                                               const plugin_set& plugins, problem_list& problems) {
  return model_maker{file, choices, plugins, problems}.run();
}

}  // namespace mcp::cluster
