"""The page's convolution in WebAssembly."""
from anime_gan_tf.web.wasm import F32, Function, I32, repeat, V128, VECTOR

PIXELS, VECTORS = 4, 2  # of a tile, whose sums stay in eight of the sixteen registers of x86
UNROLLED = 4            # a line of a patch has a multiple of so many numbers


def module():
    """The bytes of a module with the function convolve().

    For `height` rows of `width` pixels it multiplies the patch of each, `lines` lines of `depth`
    bytes, by a matrix, adds a bias, and makes values x below zero slope * x, with a slope from 0
    to 1. The others are addresses, distances in bytes, or counts:

      patches  first patch; `pixel` is from one to the next, `line` from a row to the next, and
               from a line of a patch to the next
      matrix   (columns / 8, lines * depth / 4, 8) numbers
      bias     `columns` numbers
      results  first result; `next_pixel` and `next_row` are from one to the next

    Relaxed vectors, whose products are added without rounding, were no faster on an AMD EPYC, and
    not every browser has them.
    """
    function = Function("convolve", [I32] * 13 + [F32])
    (patches, pixel, line, lines, depth, matrix, bias, results, next_pixel, next_row, columns,
     width, height, slope) = function.parameters
    row, x, remaining, end, first_patch, first_result, weights = (function.new() for _ in range(7))
    sources = [function.new() for _ in range(PIXELS)]
    targets = [function.new() for _ in range(PIXELS)]
    sums = [[function.new(V128) for _ in range(VECTORS)] for _ in range(PIXELS)]
    weight, factor = [function.new(V128) for _ in range(VECTORS)], function.new(V128)

    def joined(codes):
        return b"".join(codes)

    # Four rows of the matrix.
    products = joined(
        joined(vector.put(weights.load(VECTOR * (VECTORS * k + j)))
               for j, vector in enumerate(weight))
        + joined(factor.put(source.load_splat(4 * k))
                 + joined(total.advance(factor * vector) for total, vector in zip(totals, weight))
                 for source, totals in zip(sources, sums))
        for k in range(UNROLLED))
    products += joined(source.advance(4 * UNROLLED) for source in sources)
    products += weights.advance(VECTOR * VECTORS * UNROLLED)

    # A tile of pixels. Where fewer are left, the last one is made several times.
    tile = sources[0].put(first_patch + x * pixel) + targets[0].put(first_result + x * next_pixel)
    for i in range(1, PIXELS):
        is_there = x + i < width
        tile += sources[i].put(sources[i - 1] + is_there * pixel)
        tile += targets[i].put(targets[i - 1] + is_there * next_pixel)
    tile += joined(total.put(bias.load(VECTOR * j))
                   for totals in sums for j, total in enumerate(totals))
    tile += weights.put(matrix) + remaining.put(lines) + repeat(
        end.put(sources[0] + depth) + repeat(products, sources[0] < end)
        + joined(source.advance(line - depth) for source in sources) + remaining.advance(-1),
        remaining)
    tile += joined(target.store(total.larger(total * slope.splat()), VECTOR * j)
                   for target, totals in zip(targets, sums) for j, total in enumerate(totals))

    # Columns outermost: what eight of them need of the matrix stays in the cache.
    return function.module(repeat(
        row.put(height) + first_patch.put(patches) + first_result.put(results)
        + repeat(x.put(0) + repeat(tile + x.advance(PIXELS), x < width)
                 + first_patch.advance(line) + first_result.advance(next_row) + row.advance(-1),
                 row)
        + matrix.put(weights) + bias.advance(VECTOR * VECTORS) + results.advance(VECTOR * VECTORS)
        + columns.advance(-4 * VECTORS), columns))
