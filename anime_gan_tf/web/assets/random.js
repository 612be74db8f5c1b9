// NumPy's default_rng: the same seed gives the same noise and the same colors as the program does.
"use strict";

const MASK_64 = (1n << 64n) - 1n, MASK_128 = (1n << 128n) - 1n;

// SeedSequence: NumPy's way from whole numbers below 2^32 to a state (after O'Neill 2015,
// "Developing a seed_seq alternative"). Returns `count` such numbers.
function seedWords(entropy, count) {
  const multiply = (a, b) => Math.imul(a, b) >>> 0;
  let constant = 0x43b0d7e5;
  const hash = (value) => {
    value = (value ^ constant) >>> 0;
    constant = multiply(constant, 0x931e8875);
    value = multiply(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mix = (x, y) => {
    const mixed = (multiply(x, 0xca01f9dd) - multiply(y, 0x4973f715)) >>> 0;
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const pool = [0, 1, 2, 3].map((i) => hash(entropy[i] || 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
    }
  }
  constant = 0x8b51f9dd;
  return Array.from({length: count}, (_, i) => {
    let word = (pool[i % 4] ^ constant) >>> 0;
    constant = multiply(constant, 0x58f38ded);
    word = multiply(word, constant);
    return (word ^ (word >>> 16)) >>> 0;
  });
}

// The normal distribution in 256 layers of one area (Marsaglia and Tsang 2000), of 52-bit whole
// numbers.
const ZIGGURAT = (() => {
  const edge = 3.6541528853610088, area = 0.004928673233974658, unit = 2 ** 52;
  const density = (x) => Math.exp(-0.5 * x * x);
  const [inside, width, height] = [0, 0, 0].map(() => new Float64Array(256));
  const base = area / density(edge);
  let x = edge;
  inside[0] = Math.floor(x / base * unit);
  width[0] = base / unit;
  width[255] = x / unit;
  height[0] = 1;
  height[255] = density(x);
  for (let i = 254; i > 0; i--) {
    const outer = x;
    x = Math.sqrt(-2 * Math.log(area / outer + density(outer)));
    inside[i + 1] = Math.floor(x / outer * unit);
    width[i] = x / unit;
    height[i] = density(x);
  }
  return {edge, inside, width, height};
})();

// PCG64 (O'Neill 2014, PCG XSL RR 128/64), seeded as numpy.random.default_rng([...entropy]).
class Random {
  constructor(...entropy) {
    const words = seedWords(entropy, 8).map(BigInt);
    const long = (i) => (words[2 * i + 1] << 32n) | words[2 * i];
    this.increment = ((((long(2) << 64n) | long(3)) << 1n) | 1n) & MASK_128;
    this.state = 0n;
    this.step();
    this.state = (this.state + ((long(0) << 64n) | long(1))) & MASK_128;
    this.step();
  }

  step() {
    this.state = (this.state * 0x2360ed051fc65da44385df649fccf645n + this.increment) & MASK_128;
  }

  bits() {  // 64 of them
    this.step();
    const value = (this.state >> 64n) ^ (this.state & MASK_64), turn = this.state >> 122n;
    return ((value >> turn) | (value << (64n - turn))) & MASK_64;
  }

  uniform() {  // in [0, 1)
    return Number(this.bits() >> 11n) / 2 ** 53;
  }

  normal() {
    const {edge, inside, width, height} = ZIGGURAT;
    for (;;) {
      const bits = this.bits();
      const layer = Number(bits & 255n), negative = (bits >> 8n) & 1n;
      const whole = (bits >> 9n) & ((1n << 52n) - 1n);
      const x = (negative ? -1 : 1) * Number(whole) * width[layer];
      if (Number(whole) < inside[layer]) return x;
      if (layer > 0) {
        const at = (height[layer - 1] - height[layer]) * this.uniform() + height[layer];
        if (at < Math.exp(-0.5 * x * x)) return x;
        continue;
      }
      for (;;) {  // the tail
        const beyond = -Math.log1p(-this.uniform()) / edge, y = -Math.log1p(-this.uniform());
        if (2 * y > beyond * beyond) return (whole >> 8n) & 1n ? -(edge + beyond) : edge + beyond;
      }
    }
  }

  normals(count) {
    return Float64Array.from({length: count}, () => this.normal());
  }

  choice(weights) {  // an index, by weights that need not sum to 1
    const total = weights.reduce((a, b) => a + b, 0), sums = [];
    weights.reduce((sum, weight, i) => sums[i] = sum + weight / total, 0);
    const share = this.uniform();
    return sums.findIndex((sum) => sum / sums[sums.length - 1] > share);
  }
}
