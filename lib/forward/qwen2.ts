/**
 * The forward pass of Qwen2, whole and in plain TypeScript: from the tokens of a text to a score for every
 * token that could come next. It runs in Node and in a page, and does what transformers does, number by
 * number.
 *
 * A token becomes a vector, the *residual stream*. Every layer reads it twice and adds to it twice: attention
 * fetches from earlier tokens, the SwiGLU network works on what is there. The last vector is compared with
 * the vector of every token of the vocabulary; the results are the logits.
 *
 * Vectors are Float32Arrays; a matrix is its rows one after the other, (outputs, inputs). Sums are made in
 * double precision. Sources: Qwen2 (arXiv 2407.10671), RMSNorm (1910.07467), rotary positions (2104.09864),
 * grouped queries (2305.13245), SwiGLU (2002.05202), LoRA (2106.09685).
 */

/** The numbers of config.json that shape the computation. */
export interface Qwen2Config {
  hidden: number;
  layers: number;
  /** Heads that ask. */
  heads: number;
  /** Heads that are asked; each serves `heads / keyValueHeads` of the others. */
  keyValueHeads: number;
  vocabulary: number;
  ropeTheta: number;
  normEpsilon: number;
  /** Most tokens of a text. */
  positions: number;
}

/** Weights by their names in the safetensors files. */
export type Tensors = ReadonlyMap<string, Float32Array>;

/** A LoRA adapter: its factors by the names of their file, and alpha / rank. */
export interface Adapter {
  tensors: Tensors;
  rank: number;
  scale: number;
}

/** A linear map: y = W x + bias, and beside W the two thin matrices of an adapter: y += scale · B (A x). */
interface Linear {
  weight: Float32Array;
  bias: Float32Array | null;
  lora: { down: Float32Array; up: Float32Array; rank: number; scale: number } | null;
}

interface Layer {
  attentionNorm: Float32Array;
  query: Linear;
  key: Linear;
  value: Linear;
  output: Linear;
  networkNorm: Float32Array;
  gate: Linear;
  up: Linear;
  down: Linear;
}

export interface Qwen2 {
  config: Qwen2Config;
  /** One row a token of the vocabulary. */
  embeddings: Float32Array;
  layers: readonly Layer[];
  finalNorm: Float32Array;
  /** The embeddings again, unless the model has an output layer of its own. */
  unembeddings: Float32Array;
}

/**
 * What the layers have to remember of the tokens so far: keys and values, one after the other. With it a new
 * token costs the same however often the model has been asked before.
 */
export interface Cache {
  /** Tokens so far. */
  length: number;
  keys: Float32Array[];
  values: Float32Array[];
}

/**
 * Puts a model together from its weights and, if there is one, an adapter. Nothing is copied: models that
 * share their base share its memory. Throws an Error that names a weight that is missing.
 */
export function assemble(config: Qwen2Config, tensors: Tensors, adapter: Adapter | null = null): Qwen2 {
  const tensor = (name: string): Float32Array => {
    const found = tensors.get(name);
    if (!found) throw new Error(`the weights hold no ${name}`);
    return found;
  };
  const linear = (name: string): Linear => {
    const factor = (which: "A" | "B") =>
      adapter?.tensors.get(`base_model.model.${name}.lora_${which}.weight`);
    const [down, up] = [factor("A"), factor("B")];
    return {
      weight: tensor(`${name}.weight`),
      bias: tensors.get(`${name}.bias`) ?? null,
      lora: adapter && down && up ? { down, up, rank: adapter.rank, scale: adapter.scale } : null,
    };
  };
  const layer = (index: number): Layer => {
    const at = `model.layers.${index}`;
    return {
      attentionNorm: tensor(`${at}.input_layernorm.weight`),
      query: linear(`${at}.self_attn.q_proj`),
      key: linear(`${at}.self_attn.k_proj`),
      value: linear(`${at}.self_attn.v_proj`),
      output: linear(`${at}.self_attn.o_proj`),
      networkNorm: tensor(`${at}.post_attention_layernorm.weight`),
      gate: linear(`${at}.mlp.gate_proj`),
      up: linear(`${at}.mlp.up_proj`),
      down: linear(`${at}.mlp.down_proj`),
    };
  };
  const embeddings = tensor("model.embed_tokens.weight");
  return {
    config,
    embeddings,
    layers: Array.from({ length: config.layers }, (_, index) => layer(index)),
    finalNorm: tensor("model.norm.weight"),
    unembeddings: tensors.get("lm_head.weight") ?? embeddings,
  };
}

/** A cache without tokens, with room for `capacity` of them. */
export function emptyCache({ config }: Qwen2, capacity = config.positions): Cache {
  const width = (config.hidden / config.heads) * config.keyValueHeads;
  const room = () => Array.from({ length: config.layers }, () => new Float32Array(capacity * width));
  return { length: 0, keys: room(), values: room() };
}

/**
 * Reads one more token: through all layers, into the cache. Returns the last vector of its residual stream;
 * `logitsOf` tells what it predicts. Throws a RangeError when the cache is full.
 */
export function read(model: Qwen2, cache: Cache, token: number): Float32Array {
  const { config, embeddings, layers, finalNorm } = model;
  if ((cache.length + 1) * (config.hidden / config.heads) * config.keyValueHeads > cache.keys[0]!.length)
    throw new RangeError(`the cache is full: it has room for ${cache.length} tokens`);
  const stream = embeddings.slice(token * config.hidden, (token + 1) * config.hidden);
  layers.forEach((layer, index) => {
    const seen = normalise(stream, layer.attentionNorm, config.normEpsilon);
    add(stream, attend(config, layer, seen, cache.keys[index]!, cache.values[index]!, cache.length));
    add(stream, think(layer, normalise(stream, layer.networkNorm, config.normEpsilon)));
  });
  cache.length++;
  return normalise(stream, finalNorm, config.normEpsilon);
}

/** A score for every token of the vocabulary to come next; softmax makes probabilities of them. */
export function logitsOf(model: Qwen2, last: Float32Array): Float32Array {
  return multiply(model.unembeddings, last);
}

/** RMSNorm: the vector scaled to a mean square of 1, then weighted by place. */
function normalise(vector: Float32Array, weight: Float32Array, epsilon: number): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const scale = 1 / Math.sqrt(squares / vector.length + epsilon);
  return vector.map((value, i) => value * scale * weight[i]!);
}

/**
 * Attention. The token asks (query), every token so far offers (key), and what fits is fetched (value). Each
 * head does so in a part of the vector of its own.
 */
function attend(
  config: Qwen2Config,
  layer: Layer,
  seen: Float32Array,
  keys: Float32Array,
  values: Float32Array,
  position: number,
): Float32Array {
  const width = config.hidden / config.heads; // of one head
  const stride = width * config.keyValueHeads; // of one token in the cache
  const query = apply(layer.query, seen);
  const key = apply(layer.key, seen);
  rotate(query, width, position, config.ropeTheta);
  rotate(key, width, position, config.ropeTheta);
  keys.set(key, position * stride);
  values.set(apply(layer.value, seen), position * stride);

  const fetched = new Float32Array(config.hidden);
  const scores = new Float32Array(position + 1);
  for (let head = 0; head < config.heads; head++) {
    const from = head * width;
    const shared = Math.floor((head * config.keyValueHeads) / config.heads) * width;
    for (let t = 0; t <= position; t++) {
      let fit = 0;
      for (let i = 0; i < width; i++) fit += query[from + i]! * keys[t * stride + shared + i]!;
      scores[t] = fit / Math.sqrt(width);
    }
    const shares = softmax(scores);
    for (let t = 0; t <= position; t++)
      for (let i = 0; i < width; i++) fetched[from + i]! += shares[t]! * values[t * stride + shared + i]!;
  }
  return apply(layer.output, fetched);
}

/**
 * Rotary positions: pairs of numbers (i, i + half a head) are turned by an angle that grows with the
 * position, slowly for late pairs. How well a query fits a key then depends on how far apart they are.
 */
function rotate(vector: Float32Array, width: number, position: number, theta: number): void {
  const half = width / 2;
  for (let i = 0; i < half; i++) {
    const angle = position * theta ** (-i / half);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    for (let head = 0; head < vector.length; head += width) {
      const [a, b] = [vector[head + i]!, vector[head + half + i]!];
      vector[head + i] = a * cos - b * sin;
      vector[head + half + i] = b * cos + a * sin;
    }
  }
}

/** SwiGLU: a wide layer, half of which opens and closes the other half, and back. */
function think(layer: Layer, seen: Float32Array): Float32Array {
  const gate = apply(layer.gate, seen);
  const up = apply(layer.up, seen);
  return apply(
    layer.down,
    gate.map((value, i) => (value / (1 + Math.exp(-value))) * up[i]!),
  );
}

/** Shares of 1, the larger the score the larger by e to the difference. */
export function softmax(scores: Float32Array): Float32Array {
  let largest = -Infinity;
  for (const score of scores) largest = Math.max(largest, score);
  let sum = 0;
  const shares = scores.map((score) => Math.exp(score - largest)); // e⁰ at most: nothing overflows
  for (const share of shares) sum += share;
  return shares.map((share) => share / sum);
}

function apply({ weight, bias, lora }: Linear, vector: Float32Array): Float32Array {
  const result = multiply(weight, vector);
  if (bias) add(result, bias);
  if (lora) add(result, multiply(lora.up, multiply(lora.down, vector)), lora.scale);
  return result;
}

function add(sum: Float32Array, vector: Float32Array, scale = 1): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += scale * vector[i]!;
}

/** Matrix times vector: nearly all of the time goes here, so four products are added at once. */
function multiply(matrix: Float32Array, vector: Float32Array): Float32Array {
  const inputs = vector.length;
  const whole = inputs - (inputs % 4);
  const result = new Float32Array(matrix.length / inputs);
  for (let row = 0, start = 0; row < result.length; row++, start += inputs) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < whole; i += 4) {
      a += matrix[start + i]! * vector[i]!;
      b += matrix[start + i + 1]! * vector[i + 1]!;
      c += matrix[start + i + 2]! * vector[i + 2]!;
      d += matrix[start + i + 3]! * vector[i + 3]!;
    }
    for (let i = whole; i < inputs; i++) a += matrix[start + i]! * vector[i]!;
    result[row] = a + b + c + d;
  }
  return result;
}
