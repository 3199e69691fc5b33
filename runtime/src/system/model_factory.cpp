#include "system/model_factory.hpp"

#include "mcp/agents/anthropic.hpp"
#include "mcp/agents/cassette.hpp"
#include "mcp/agents/openai.hpp"

#include <set>

namespace mcp::cluster {
namespace {

bool is_remote(model_provider provider) {
  return provider == model_provider::openai || provider == model_provider::anthropic ||
         provider == model_provider::plugin;  // it may use one
}

/// The description with what the command line puts in its place.
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
  what.provider = provider == "openai" ? model_provider::openai : model_provider::anthropic;
  what.endpoint.base_url.clear();
  if (const auto url = rest.find("@http"); url != std::string::npos) {
    what.endpoint.base_url = rest.substr(url + 1);
    rest.resize(url);
  }
  what.model = rest;
  return what;
}

std::string account_of(const model_description& what) {
  return std::to_string(static_cast<int>(what.provider)) + " " + what.endpoint.base_url + " " +
         what.model + " " + what.endpoint.api_key_env + what.endpoint.api_key_file + " " +
         what.type.name + what.options.dump();
}

class model_maker {
 public:
  model_maker(const cluster_description& file, const model_choices& choices,
              const plugin_set& plugins, problem_list& problems)
      : file_(file), choices_(choices), plugins_(plugins), problems_(problems) {}

  std::map<std::string, ready_model> run() {
    for (const auto& one : file_.models) models_.emplace(one.name, apply_choices(one));
    check_overrides();
    for (const auto& one : file_.models) static_cast<void>(alone(one.name));
    for (const auto& one : file_.models) {
      const auto& what = models_.at(one.name);
      ready_model ready{with_others(what), what.request, what.price};
      if (what.provider == model_provider::scripted) ready.request.model.clear();
      result_.emplace(one.name, std::move(ready));
    }
    return std::move(result_);
  }

 private:
  model_description apply_choices(const model_description& what) {
    if (const auto spec = choices_.overrides.find(what.name); spec != choices_.overrides.end()) {
      if (auto other = replaced(what, spec->second)) return *other;
      problems_.error(
          {}, "the model \"" + what.name + "\" cannot be replaced by \"" + spec->second + "\"",
          "write scripted, replay:FILE, openai:MODEL[@URL] or anthropic:MODEL");
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

  /// The model without its fallbacks, made once.
  std::shared_ptr<chat_model> alone(const std::string& name) {
    if (const auto found = alone_.find(name); found != alone_.end()) return found->second;
    const auto& what = models_.at(name);
    std::shared_ptr<chat_model> model;
    try {
      model = base(what);
      if (!model) return alone_.emplace(name, nullptr).first->second;
      if (!what.record_file.empty() && !choices_.check_only) {
        model = record(std::move(model), what.record_file);
      }
      if (what.limit) model = with_limit(std::move(model), *what.limit, account_of(what));
      if (what.retry) model = with_retry(std::move(model), *what.retry);
    } catch (const error& wrong) {
      problems_.error(what.at, "the model \"" + name + "\": " + wrong.message(),
                      std::string{advice(wrong.code())});
      model = nullptr;
    } catch (const std::exception& wrong) {  // of a plugin
      problems_.error(what.at, "the model \"" + name + "\": " + wrong.what());
      model = nullptr;
    }
    return alone_.emplace(name, std::move(model)).first->second;
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
        return replay(what.replay_file);
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
      problems_.error(what.at, "the model \"" + what.name + "\": " + wrong.message());
      return nullptr;
    }
  }

  const cluster_description& file_;
  const model_choices& choices_;
  const plugin_set& plugins_;
  problem_list& problems_;
  std::map<std::string, model_description> models_;
  std::map<std::string, std::shared_ptr<chat_model>> alone_;
  std::map<std::string, ready_model> result_;
};

}  // namespace

std::map<std::string, ready_model> make_models(const cluster_description& file,
                                               const model_choices& choices,
                                               const plugin_set& plugins,
                                               problem_list& problems) {
  return model_maker{file, choices, plugins, problems}.run();
}

}  // namespace mcp::cluster
