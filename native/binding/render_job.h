#pragma once

#include <string>
#include <utility>

#include "async.h"
#include "convert.h"
#include "inline_work.h"
#include "millrace/guard.h"

namespace millrace::binding {

/// @param text  a response; without bytes: what was to be shown is not there, which is null
[[nodiscard]] inline Napi::Value to_answer(Napi::Env env, std::string text) {
  return text.empty() ? env.Null() : to_buffer(env, std::move(text));
}

/// Renders a response on an engine thread. `Work` gives Result<std::string>, keeps what it reads alive, and touches no
/// memory of JavaScript.
template <typename Work>
class RenderJob final : public Job {
 public:
  RenderJob(Napi::Env env, Work work) : Job(env), work_(std::move(work)) {}

  void work() noexcept override { text_ = guard(work_); }
  void settle(Napi::Env env) override {
    if (!text_) return deferred.Reject(error_object(env, text_.error()));
    deferred.Resolve(to_answer(env, std::move(text_.value())));
  }

 private:
  Work work_;
  Result<std::string> text_ = std::string();
};

/// @return the response as a Buffer or null, or its promise when the estimate says that it takes long
template <typename Work>
[[nodiscard]] Napi::Value render(Napi::Env env, std::uint64_t estimate, Work work) {
  if (estimate > kInlineRenderMax)
    return Completions::of(env).run(env, std::make_unique<RenderJob<Work>>(env, std::move(work)));
  auto text = guard(work);
  return text ? to_answer(env, std::move(text.value())) : fail(env, text.error());
}

}  // namespace millrace::binding
