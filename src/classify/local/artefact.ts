import { gunzipSync, gzipSync } from 'node:zlib';
import type { LocalModel } from './model.js';

/**
 * A model as bytes: a line that names the form, the length of the head, the head as JSON (labels, calibration, threshold, n-grams), then
 * the rarity of every column, its scale, and its weights as whole numbers from -127 to 127. All of it compressed.
 */
const FORM = 'waybill-linear/1\n';
const LARGEST_BYTES = 512 * 1024 * 1024;
const STEPS = 127;

interface Head {
  labels: string[];
  calibration: [number, number, number];
  threshold: number;
  /** N-grams by family, in the order of their columns. */
  grams: [string[], string[]];
}

export function packModel(model: LocalModel): Buffer {
  const { labels, weights } = model.planes;
  const lines = weights.length / labels;
  const [words, characters] = model.vocabulary.grams;
  const head: Head = {
    labels: [...model.labels],
    calibration: [...model.calibration],
    threshold: model.threshold,
    grams: [[...words.keys()], [...characters.keys()]],
  };
  const text = Buffer.from(JSON.stringify(head));
  const scales = new Float32Array(lines);
  const small = new Int8Array(weights.length);
  for (let line = 0; line < lines; line++) {
    const own = weights.subarray(line * labels, (line + 1) * labels);
    const scale = own.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / STEPS;
    scales[line] = scale;
    if (scale > 0)
      for (const [label, weight] of own.entries()) small[line * labels + label] = Math.round(weight / scale);
  }
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return gzipSync(
    Buffer.concat([Buffer.from(FORM), length, text, bytesOf(model.vocabulary.rarity), bytesOf(scales), bytesOf(small)]),
  );
}

/** @throws Error where the bytes are no model of this form */
export function unpackModel(artefact: Uint8Array): LocalModel {
  const bytes = gunzipSync(artefact, { maxOutputLength: LARGEST_BYTES });
  const from = FORM.length;
  if (bytes.subarray(0, from).toString('latin1') !== FORM) throw new Error('these bytes are no model of this version');
  const size = bytes.readUInt32LE(from);
  const head = JSON.parse(bytes.subarray(from + 4, from + 4 + size).toString()) as Head;
  const columns = head.grams[0].length + head.grams[1].length;
  const labels = head.labels.length;
  const lines = columns + 1;
  const body = bytes.subarray(from + 4 + size);
  if (body.length !== 4 * columns + 4 * lines + lines * labels) throw new Error('the model is cut');
  const rarity = floatsOf(body.subarray(0, 4 * columns));
  const scales = floatsOf(body.subarray(4 * columns, 4 * columns + 4 * lines));
  const small = new Int8Array(body.subarray(4 * columns + 4 * lines));
  const weights = new Float32Array(lines * labels);
  for (let line = 0; line < lines; line++)
    for (let label = 0; label < labels; label++)
      weights[line * labels + label] = (small[line * labels + label] ?? 0) * (scales[line] ?? 0);
  const [words, characters] = head.grams;
  return {
    labels: head.labels,
    vocabulary: {
      grams: [
        new Map(words.map((gram, at) => [gram, at])),
        new Map(characters.map((gram, at) => [gram, at + words.length])),
      ],
      rarity,
    },
    planes: { labels, weights },
    calibration: head.calibration,
    threshold: head.threshold,
  };
}

const bytesOf = (values: Float32Array | Int8Array): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** A copy: the bytes need not lie where four of them may be read as one number. */
const floatsOf = (bytes: Buffer): Float32Array =>
  new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
