// Code for each kind of processor, in one library: which of it runs is decided when it is loaded.

#pragma once

#include <cstdlib>
#include <cstring>

#define INLINE __attribute__((always_inline)) inline

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma,bmi,bmi2,f16c,lzcnt,movbe")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi,bmi2,f16c,lzcnt,movbe")))
#else
#define AVX2
#define AVX512
#endif

namespace whence {

// Each can what those before it can.
enum class Processor { kAny, kAvx2, kAvx512, kVnni };

constexpr const char* kIsas[] = {"any", "avx2", "avx512", "avx512vnni"};

// What this one is, and at most what WHENCE_MAX_ISA names, so that tests run the code of others too.
inline Processor processor() {
  static const Processor found = [] {
    int best = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
      best = 1;
      if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
          __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
          __builtin_cpu_supports("avx512vl")) {
        best = __builtin_cpu_supports("avx512vnni") ? 3 : 2;
      }
    }
#endif
    const char* most = std::getenv("WHENCE_MAX_ISA");
    for (int i = 0; most != nullptr && i < best; i++) {
      if (std::strcmp(most, kIsas[i]) == 0) best = i;
    }
    return static_cast<Processor>(best);
  }();
  return found;
}

template <auto any, auto avx2 = any, auto avx512 = avx2>
struct Compiled;

// A function, INLINE as all that it calls, compiled for each kind of processor: the same, or one for each.
template <typename R, typename... Args, R (*any_body)(Args...), R (*avx2_body)(Args...), R (*avx512_body)(Args...)>
struct Compiled<any_body, avx2_body, avx512_body> {
  static R any(Args... args) { return any_body(args...); }
  AVX2 static R avx2(Args... args) { return avx2_body(args...); }
  AVX512 static R avx512(Args... args) { return avx512_body(args...); }

  // The one for this processor.
  static auto best() {
    return processor() >= Processor::kAvx512 ? avx512 : processor() == Processor::kAvx2 ? avx2 : any;
  }
};

}  // namespace whence
