// BatchNorm, ReLU, a residual sum and 2x2 max pooling in few passes over NHWC bfloat16, the first convolution of one
// channel with them, and gradients of convolutions' weights. Called like the functions of fused.cpp.
#include "fused.h"
#ifdef __AMX_BF16__
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

extern "C" {

// sum and square (c) of x over `pixels` rows of c.
void moments(const bf16* x, int64_t pixels, int c, double* sum, double* square) {
    Sums sums(c, sum), squares(c, square);
    float *s = sums.row.data(), *q = squares.row.data();
    for (int64_t p = 0; p < pixels; p++) {
#pragma GCC ivdep
        for (int i = 0; i < c; i++) {
            float v = widen(x[p * c + i]);
            s[i] += v;
            q[i] += v * v;
        }
        if (p % 128 == 127 || p + 1 == pixels) { sums.flush(); squares.flush(); }
    }
}

// dx = scale * g + offset + slope * x; dx may be g.
void affine_backward(const bf16* x, const bf16* g, int64_t pixels, int c, const float* scale, const float* offset,
                     const float* slope, bf16* dx) {
    for (int64_t p = 0; p < pixels; p++)
#pragma GCC ivdep
        for (int i = 0; i < c; i++)
            dx[p * c + i] = narrow(widen(g[p * c + i]) * scale[i] + offset[i] + slope[i] * widen(x[p * c + i]));
}

// y = relu(scale_a * a + scale_b * b + shift).
void add_relu_forward(const bf16* a, const bf16* b, int64_t pixels, int c, const float* scale_a, const float* scale_b,
                      const float* shift, bf16* y) {
    for (int64_t p = 0; p < pixels; p++)
#pragma GCC ivdep
        for (int i = 0; i < c; i++) {
            float v = widen(a[p * c + i]) * scale_a[i] + widen(b[p * c + i]) * scale_b[i] + shift[i];
            y[p * c + i] = narrow(v < 0.f ? 0.f : v);
        }
}

// g = dy where y > 0, else 0; sum (c) of g and moments (c) of g * a and g * b.
void add_relu_backward(const bf16* dy, const bf16* y, const bf16* a, const bf16* b, int64_t pixels, int c, bf16* g,
                       double* sum, double* moment_a, double* moment_b) {
    Sums sums(c, sum), moments_a(c, moment_a), moments_b(c, moment_b);
    float *s = sums.row.data(), *qa = moments_a.row.data(), *qb = moments_b.row.data();
    for (int64_t p = 0; p < pixels; p++) {
#pragma GCC ivdep
        for (int i = 0; i < c; i++) {
            int64_t at = p * c + i;
            bf16 open = y[at] ? dy[at] : bf16(0);
            g[at] = open;
            float d = widen(open);
            s[i] += d;
            qa[i] += d * widen(a[at]);
            qb[i] += d * widen(b[at]);
        }
        if (p % 128 == 127 || p + 1 == pixels) { sums.flush(); moments_a.flush(); moments_b.flush(); }
    }
}

// dx = g at the pooled place, else 0.
void unpool(const bf16* g, const uint8_t* where, int n, int h, int w, int c, bf16* dx) {
    for (int row = 0; row < n * h / 2; row++)
        for (int col = 0; col < w / 2; col++) {
            int64_t pooled = (int64_t(row) * (w / 2) + col) * c, full = (int64_t(2 * row) * w + 2 * col) * c;
            for (int k = 0; k < 4; k++) {
                int64_t at = full + (k & 1) * c + int64_t(k >> 1) * w * c;
#pragma GCC ivdep
                for (int i = 0; i < c; i++) dx[at + i] = where[pooled + i] == k ? g[pooled + i] : bf16(0);
            }
        }
}

// y (n, h, w, 32) = relu(3x3 convolution of x (n, h + 2, w + 2) padded with weight (9, 32), plus shift).
void first_relu_forward(const float* x, int n, int h, int w, const float* weight, const float* shift, bf16* y) {
    const int stride = w + 2;
    for (int row = 0; row < n * h; row++)
        for (int half = 0; half < 32; half += 16) {
            const float* line = x + (int64_t(row / h) * (h + 2) + row % h) * stride;
            bf16* out = y + int64_t(row) * w * 32 + half;
            Lanes kernel[9], shifts = load(shift + half);
            for (int t = 0; t < 9; t++) kernel[t] = load(weight + t * 32 + half);
            for (int col = 0; col < w; col++, line++, out += 32) {
                Lanes v = shifts;
#pragma GCC unroll 9
                for (int t = 0; t < 9; t++) v += kernel[t] * line[(t / 3) * stride + t % 3];
                store(v < 0.f ? Lanes{} : v, out);
            }
        }
}

// With g = dy where y > 0, else 0: sum (32) of g, and dweight (9, 32) += sum of g times the patch.
void first_relu_backward(const float* x, const bf16* dy, const bf16* y, int n, int h, int w, double* sum,
                         double* dweight) {
    const int stride = w + 2;
    for (int row = 0; row < n * h; row++)
        for (int half = 0; half < 32; half += 16) {
            const float* line = x + (int64_t(row / h) * (h + 2) + row % h) * stride;
            int64_t at = int64_t(row) * w * 32 + half;
            Lanes acc[9] = {}, total = {};
            for (int col = 0; col < w; col++, line++, at += 32) {
                Lanes g = load(y + at) > 0.f ? load(dy + at) : Lanes{};
                total += g;
#pragma GCC unroll 9
                for (int t = 0; t < 9; t++) acc[t] += g * line[(t / 3) * stride + t % 3];
            }
            for (int i = 0; i < 16; i++) sum[half + i] += total[i];
            for (int t = 0; t < 9; t++)
                for (int i = 0; i < 16; i++) dweight[t * 32 + half + i] += acc[t][i];
        }
}

// Whether this process may use the processor's matrix tiles, which are 16 rows of 64 bytes each.
int tiles_allowed() {
#ifdef __AMX_BF16__
    const int request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return 0;
#endif
}

// x (images, pixels, c) -> tiles (n, pixels, groups, 2, 16, 16, 2) of the `n` blocks of 32 channels from `start`, for
// sums over images: a tile has 16 channels of 32 images in pairs. Its rows are the pairs, or the channels if `turned`.
void pack_tiles(const bf16* x, int start, int n, int images, int pixels, int c, int groups, int turned,
                uint32_t* tiles) {
    static const bf16 none[16] = {};
    for (int block = start; block < start + n; block++)
        for (int p = 0; p < pixels; p++)
            for (int first = 0; first < 32 * groups; first += 32)
                for (int half = 0; half < 32; half += 16, tiles += 256) {
                    uint32_t pairs[256];
                    auto channels = [&](int image) {
                        return image < images ? x + (int64_t(image) * pixels + p) * c + 32 * block + half : none;
                    };
                    for (int pair = 0; pair < 16; pair++) {
                        const bf16 *even = channels(first + 2 * pair), *odd = channels(first + 2 * pair + 1);
                        for (int i = 0; i < 16; i++) pairs[pair * 16 + i] = even[i] | uint32_t(odd[i]) << 16;
                    }
                    for (int at = 0; at < 256; at++) tiles[at] = pairs[turned ? at % 16 * 16 + at / 16 : at];
                }
}

#ifdef __AMX_BF16__
// dweight (n, 32, size, size, c) of a convolution over h x w pixels, from packed x and turned packed dy: at every place
// of the kernel, dy's tiles times x's. As the products' sums are over images, a shift by pixels needs no other packing.
void weight_gradient(const uint32_t* dy, const uint32_t* x, int n, int groups, int h, int w, int c, int size,
                     float* dweight) {
    alignas(64) uint8_t config[64] = {1};
    for (int tile = 0; tile < 8; tile++) {
        config[16 + 2 * tile] = 64;
        config[48 + tile] = 16;
    }
    _tile_loadconfig(config);
    const int64_t pixel = int64_t(groups) * 512, row_bytes = int64_t(size) * size * c * sizeof(float);
    for (int block = 0; block < n * (c / 32); block++)
        for (int place = 0; place < size * size; place++) {
            const int output = block / (c / 32), input = block % (c / 32);
            const uint32_t *dy_block = dy + output * h * w * pixel, *x_block = x + input * h * w * pixel;
            int down = place / size - size / 2, right = place % size - size / 2;
            _tile_zero(0);
            _tile_zero(1);
            _tile_zero(2);
            _tile_zero(3);
            for (int row = down < 0 ? -down : 0; row < (down > 0 ? h - down : h); row++)
                for (int col = right < 0 ? -right : 0; col < (right > 0 ? w - right : w); col++) {
                    const uint32_t* a = dy_block + (row * w + col) * pixel;
                    const uint32_t* b = x_block + ((row + down) * w + col + right) * pixel;
                    for (int group = 0; group < groups; group++, a += 512, b += 512) {
                        _tile_loadd(4, a, 64);
                        _tile_loadd(5, a + 256, 64);
                        _tile_loadd(6, b, 64);
                        _tile_loadd(7, b + 256, 64);
                        _tile_dpbf16ps(0, 4, 6);
                        _tile_dpbf16ps(1, 4, 7);
                        _tile_dpbf16ps(2, 5, 6);
                        _tile_dpbf16ps(3, 5, 7);
                    }
                }
            float* out = dweight + (int64_t(output) * 32 * size * size + place) * c + input * 32;
            float* lower = out + int64_t(16) * size * size * c;
            _tile_stored(0, out, row_bytes);
            _tile_stored(1, out + 16, row_bytes);
            _tile_stored(2, lower, row_bytes);
            _tile_stored(3, lower + 16, row_bytes);
        }
    _tile_release();
}
#endif

}  // extern "C"
