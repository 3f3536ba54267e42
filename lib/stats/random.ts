/** Seeded randomness: the same seed gives the same draws on every machine. Not for secrets. */

/** A stream of draws that depends on nothing but its seed. */
export interface Random {
  /** Uniform in [0, 1), 32 bits of it. */
  next(): number;
  /** Uniform whole number, `lo` and `hi` included. */
  int(lo: number, hi: number): number;
  /** One element, uniformly. */
  pick<T>(array: readonly T[]): T;
  /** A new array in a uniformly drawn order (Fisher–Yates); the input stays as it is. */
  shuffle<T>(array: readonly T[]): T[];
}

/**
 * A generator of reproducible draws (sfc32, its state hashed from the seed).
 *
 * A string seed makes independent streams by name: `createRandom(`${seed}/split`)`. The number 42 and the
 * string "42" are the same seed. `int` throws on an empty or fractional range, `pick` on an empty array.
 *
 * Source: Chris Doty-Humphrey, PractRand (sfc32); hash of the seed: cyrb128 by bryc, public domain.
 */
export function createRandom(seed: number | string): Random {
  let [a, b, c, d] = hashSeed(String(seed));

  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return (t >>> 0) / 4294967296;
  };
  // The first draws still show the seed's bits.
  for (let i = 0; i < 15; i++) next();

  const int = (lo: number, hi: number): number => {
    if (!Number.isInteger(lo) || !Number.isInteger(hi) || hi < lo)
      throw new RangeError(`int requires whole numbers lo ≤ hi, got ${lo} and ${hi}`);
    return lo + Math.floor(next() * (hi - lo + 1));
  };

  return {
    next,
    int,
    pick<T>(array: readonly T[]): T {
      if (array.length === 0) throw new RangeError("pick requires a non-empty array");
      return array[int(0, array.length - 1)] as T;
    },
    shuffle<T>(array: readonly T[]): T[] {
      const out = array.slice();
      for (let i = out.length - 1; i > 0; i--) {
        const j = int(0, i);
        const held = out[i] as T;
        out[i] = out[j] as T;
        out[j] = held;
      }
      return out;
    },
  };
}

function hashSeed(text: string): [number, number, number, number] {
  let h1 = 1779033703,
    h2 = 3144134277,
    h3 = 1013904242,
    h4 = 2773480762;
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ k, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ k, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ k, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ k, 2716044179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
  h1 ^= h2 ^ h3 ^ h4;
  return [h1, h2 ^ h1, h3 ^ h1, h4 ^ h1];
}
