"""The WebAssembly that the page's convolutions are."""
import base64
import re

import numpy as np
import pytest
from test_engine import scrambled

from anime_gan_tf.web import convolution, page

CONVOLVE = """([module, patches, matrix, bias, size, shape]) => {
    const bytes = Uint8Array.from(atob(module), (character) => character.charCodeAt(0));
    const memory = new WebAssembly.Memory({initial: 4});
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {page: {memory}});
    const floats = new Float32Array(memory.buffer), at = [];
    let end = 0;
    for (const numbers of [patches, matrix, bias]) {
        floats.set(numbers, end);
        at.push(4 * end);
        end += numbers.length;
    }
    const [channels, lineLength, lines, depth] = shape, [columns, width, height, slope] = size;
    // Between pixels of the result, and between its rows, numbers are left as they are.
    floats.fill(9, end);
    instance.exports.convolve(at[0], 4 * channels, 4 * lineLength, lines, 4 * depth, at[1], at[2],
                              4 * end, 8 * columns, 16 * columns * width, columns, width, height,
                              slope);
    return [...floats.subarray(end, end + 4 * height * width * columns)];
}"""


@pytest.mark.parametrize("width, height, size, channels, columns, slope", [
    (8, 3, 3, 4, 8, 0.0), (5, 2, 2, 8, 24, 0.2), (1, 1, 1, 12, 16, 1.0), (6, 4, 5, 4, 8, 1.0)])
def test_it_convolves_as_numpy_does(browser, width, height, size, channels, columns, slope):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(height + size - 1, width + size - 1, channels))
    kernel = generator.normal(size=(size, size, channels, columns))
    bias = generator.normal(size=columns)
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(0, 1))
    sums = np.einsum("hwcij,ijco->hwo", windows, kernel) + bias
    matrix = kernel.reshape(-1, columns // 8, 8).transpose(1, 0, 2)
    opened = browser.new_page()
    found = opened.evaluate(CONVOLVE, [
        base64.b64encode(convolution.module()).decode(), x.ravel().tolist(),
        matrix.ravel().tolist(), bias.tolist(), [columns, width, height, slope],
        [channels, x.shape[1] * channels, size, size * channels]])
    opened.close()
    results = np.reshape(found, (2 * height, 2 * width, columns))
    np.testing.assert_allclose(results[::2, ::2], np.where(sums > 0, sums, slope * sums), atol=1e-4)
    assert (results[1::2] == 9).all() and (results[:, 1::2] == 9).all()


def test_a_browser_without_vectors_draws_in_plain_javascript(open_page, tmp_path):
    text = page.html(scrambled("rpgan", {}))
    # A module with a section that no browser knows.
    unknown, count = re.subn('CONVOLUTION = ".*?"', 'CONVOLUTION = "AGFzbQEAAAD/"', text)
    assert count == 1
    (tmp_path / "page.html").write_text(unknown, encoding="utf-8")
    opened = open_page(tmp_path / "page.html", "wasm")
    assert opened.get_attribute("body", "data-ready") == "plain"
    assert "JavaScript" in opened.text_content("#about")
