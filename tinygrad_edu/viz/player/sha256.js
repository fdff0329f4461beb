// SHA-256 (FIPS 180-4). crypto.subtle is not there on file:// in every browser.

const sha256 = (() => {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every(p => n % p)) primes.push(n);
  // The first 32 bits of the fractional part.
  const bits = x => Math.floor((x - Math.floor(x)) * 2 ** 32) | 0;
  const START = primes.slice(0, 8).map(p => bits(Math.sqrt(p)));
  const K = primes.map(p => bits(Math.cbrt(p)));
  const turn = (x, n) => (x >>> n) | (x << (32 - n));

  function mix(state, words) {
    const w = words.slice();
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15], b = w[i - 2];
      const s0 = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
      const s1 = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    return [a, b, c, d, e, f, g, h].map((x, i) => (x + state[i]) | 0);
  }

  return text => {
    const bytes = [...new TextEncoder().encode(text)], length = bytes.length;
    bytes.push(0x80);
    while (bytes.length % 64 !== 56) bytes.push(0);
    for (let i = 7; i >= 0; i--) bytes.push(Math.floor((length * 8) / 256 ** i) % 256);
    let state = START;
    for (let at = 0; at < bytes.length; at += 64) {
      const words = [];
      for (let i = at; i < at + 64; i += 4) {
        words.push((bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3]);
      }
      state = mix(state, words);
    }
    return state.map(x => (x >>> 0).toString(16).padStart(8, "0")).join("");
  };
})();
