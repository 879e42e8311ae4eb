// bfloat16 numbers, sixteen channels at once, and sums over pixels.
#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

using bf16 = uint16_t;

static inline float widen(bf16 value) {
    uint32_t bits = uint32_t(value) << 16;
    float out;
    std::memcpy(&out, &bits, 4);
    return out;
}

static inline bf16 narrow(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    return bf16((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// Sixteen channels at once; the compiler splits them where the processor's registers are narrower.
typedef float Lanes __attribute__((vector_size(64)));
typedef int32_t LaneInts __attribute__((vector_size(64)));

typedef bf16 LaneHalves __attribute__((vector_size(32)));

static inline Lanes load(const float* from) {
    Lanes out;
    std::memcpy(&out, from, sizeof out);
    return out;
}

static inline Lanes load(const bf16* from) {
    LaneHalves halves;
    std::memcpy(&halves, from, sizeof halves);
    return Lanes(__builtin_convertvector(halves, LaneInts) << 16);
}

static inline void store(Lanes from, bf16* to) {
    LaneInts bits = LaneInts(from);
    LaneHalves halves = __builtin_convertvector((bits + 0x7fff + ((bits >> 16) & 1)) >> 16, LaneHalves);
    std::memcpy(to, &halves, sizeof halves);
}

// Sums of a channel gathered in float over one row, in double over all of them.
struct Sums {
    std::vector<float> row;
    double* total;
    Sums(int c, double* total) : row(c, 0.f), total(total) {}
    void flush() {
        for (size_t i = 0; i < row.size(); i++) { total[i] += row[i]; row[i] = 0.f; }
    }
};
