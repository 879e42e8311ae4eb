// BatchNorm + ReLU + 2x2 max pooling in one pass over NHWC bfloat16, and the same behind a 3x3 convolution of one
// channel. Each function works on `n` images and is called on slices of a batch from several threads.
// The pooled value of relu(scale * x + shift) is relu(scale * m + shift), m being the largest x where scale >= 0 and
// the smallest elsewhere (`sign`), so the full-size image is read once for statistics and pooling together.
#include "fused.h"

extern "C" {

// x (n, h, w, c) -> m, where (n, h/2, w/2, c); sum and square (c) of all x.
void pool_forward(const bf16* x, int n, int h, int w, int c, const float* sign, bf16* m, uint8_t* where, double* sum,
                  double* square) {
    Sums sums(c, sum), squares(c, square);
    float *s = sums.row.data(), *q = squares.row.data();
    for (int row = 0; row < n * h / 2; row++) {
        for (int col = 0; col < w / 2; col++) {
            const bf16* p0 = x + (int64_t(2 * row) * w + 2 * col) * c;
            const bf16 *p1 = p0 + c, *p2 = p0 + int64_t(w) * c, *p3 = p2 + c;
            bf16* out = m + (int64_t(row) * (w / 2) + col) * c;
            uint8_t* at = where + (int64_t(row) * (w / 2) + col) * c;
#pragma GCC ivdep
            for (int i = 0; i < c; i++) {
                float a = widen(p0[i]), b = widen(p1[i]), d = widen(p2[i]), e = widen(p3[i]);
                s[i] += (a + b) + (d + e);
                q[i] += (a * a + b * b) + (d * d + e * e);
                float best = a * sign[i];
                uint32_t k = 0;
                float v = b * sign[i];
                k = v > best ? 1u : k; best = v > best ? v : best;
                v = d * sign[i];
                k = v > best ? 2u : k; best = v > best ? v : best;
                v = e * sign[i];
                k = v > best ? 3u : k; best = v > best ? v : best;
                out[i] = narrow(best * sign[i]);
                at[i] = uint8_t(k);
            }
        }
        sums.flush();
        squares.flush();
    }
}

// dx = scale * (g at the pooled place) + offset + slope * x.
void pool_backward(const bf16* x, const bf16* g, const uint8_t* where, int n, int h, int w, int c, const float* scale,
                   const float* offset, const float* slope, bf16* dx) {
    for (int row = 0; row < n * h / 2; row++)
        for (int col = 0; col < w / 2; col++) {
            int64_t pooled = (int64_t(row) * (w / 2) + col) * c, full = (int64_t(2 * row) * w + 2 * col) * c;
            for (int k = 0; k < 4; k++) {
                int64_t at = full + (k & 1) * c + int64_t(k >> 1) * w * c;
#pragma GCC ivdep
                for (int i = 0; i < c; i++) {
                    float here = where[pooled + i] == k ? widen(g[pooled + i]) * scale[i] : 0.f;
                    dx[at + i] = narrow(here + offset[i] + slope[i] * widen(x[at + i]));
                }
            }
        }
}

// y = relu(scale * m + shift) over `pixels` rows of c.
void relu_forward(const bf16* m, int64_t pixels, int c, const float* scale, const float* shift, bf16* y) {
    for (int64_t p = 0; p < pixels; p++)
#pragma GCC ivdep
        for (int i = 0; i < c; i++) {
            float v = widen(m[p * c + i]) * scale[i] + shift[i];
            y[p * c + i] = narrow(v < 0.f ? 0.f : v);
        }
}

// g = dy where the ReLU was open, else 0; sum (c) of g and moment (c) of g * m.
void relu_backward(const bf16* dy, const bf16* m, int64_t pixels, int c, const float* scale, const float* shift,
                   bf16* g, double* sum, double* moment) {
    Sums sums(c, sum), moments(c, moment);
    float *s = sums.row.data(), *q = moments.row.data();
    for (int64_t p = 0; p < pixels; p++) {
#pragma GCC ivdep
        for (int i = 0; i < c; i++) {
            float v = widen(m[p * c + i]);
            bf16 open = v * scale[i] + shift[i] > 0.f ? dy[p * c + i] : bf16(0);
            g[p * c + i] = open;
            float d = widen(open);
            s[i] += d;
            q[i] += d * v;
        }
        if (p % 128 == 127 || p + 1 == pixels) { sums.flush(); moments.flush(); }
    }
}

// x (n, h + 2, w + 2) padded -> first (9) and second (9, 9) moments of all 3x3 patches, as sums.
void patch_moments(const float* x, int n, int h, int w, double* first, double* second) {
    int stride = w + 2;
    for (int image = 0; image < n; image++)
        for (int row = 0; row < h; row++) {
            const float* at = x + int64_t(image) * (h + 2) * stride + int64_t(row) * stride;
            for (int a = 0; a < 9; a++) {
                const float* pa = at + (a / 3) * stride + a % 3;
                float sum = 0.f;
                for (int i = 0; i < w; i++) sum += pa[i];
                first[a] += sum;
                for (int b = a; b < 9; b++) {
                    const float* pb = at + (b / 3) * stride + b % 3;
                    float dot = 0.f;
                    for (int i = 0; i < w; i++) dot += pa[i] * pb[i];
                    second[a * 9 + b] += dot;
                }
            }
        }
}

// 3x3 convolution of x (n, h + 2, w + 2) padded with weight (9, 32), then 2x2 pooling: m, where (n, h/2, w/2, 32).
void first_forward(const float* x, int n, int h, int w, const float* weight, const float* sign, bf16* m,
                   uint8_t* where) {
    const int stride = w + 2;
    for (int half = 0; half < 32; half += 16) {
        Lanes kernel[9], signs = load(sign + half);
        for (int t = 0; t < 9; t++) kernel[t] = load(weight + t * 32 + half) * signs;
        for (int row = 0; row < n * h / 2; row++) {
            const float* line = x + (int64_t(row / (h / 2)) * (h + 2) + 2 * (row % (h / 2))) * stride;
            for (int col = 0; col < w / 2; col++, line += 2) {
                Lanes best;
                LaneInts at = {};
#pragma GCC unroll 4
                for (int k = 0; k < 4; k++) {
                    const float* q = line + (k >> 1) * stride + (k & 1);
                    Lanes v = kernel[0] * q[0];
#pragma GCC unroll 8
                    for (int t = 1; t < 9; t++) v += kernel[t] * q[(t / 3) * stride + t % 3];
                    if (k == 0) { best = v; continue; }
                    LaneInts better = v > best;
                    at = better ? LaneInts{} + k : at;
                    best = better ? v : best;
                }
                best *= signs;
                int64_t out = (int64_t(row) * (w / 2) + col) * 32 + half;
                store(best, m + out);
                for (int i = 0; i < 16; i++) where[out + i] = uint8_t(at[i]);
            }
        }
    }
}

// dweight (9, 32) += sum of g times the patch of the place it was pooled from.
void first_backward(const float* x, const bf16* g, const uint8_t* where, int n, int h, int w, double* dweight) {
    const int stride = w + 2;
    for (int half = 0; half < 32; half += 16)
        for (int row = 0; row < n * h / 2; row++) {
            const float* line = x + (int64_t(row / (h / 2)) * (h + 2) + 2 * (row % (h / 2))) * stride;
            Lanes acc[9] = {};
            for (int col = 0; col < w / 2; col++, line += 2) {
                int64_t out = (int64_t(row) * (w / 2) + col) * 32 + half;
                Lanes d = load(g + out);
                LaneInts at;
                for (int i = 0; i < 16; i++) at[i] = where[out + i];
#pragma GCC unroll 4
                for (int k = 0; k < 4; k++) {
                    const float* q = line + (k >> 1) * stride + (k & 1);
                    Lanes here = at == k ? d : Lanes{};
#pragma GCC unroll 9
                    for (int t = 0; t < 9; t++) acc[t] += here * q[(t / 3) * stride + t % 3];
                }
            }
            for (int t = 0; t < 9; t++)
                for (int i = 0; i < 16; i++) dweight[t * 32 + half + i] += acc[t][i];
        }
}

}  // extern "C"
