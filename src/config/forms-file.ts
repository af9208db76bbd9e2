import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isNode, LineCounter, parseDocument } from 'yaml';
import {
  type FieldPaths,
  FORM_SOURCE_PREFIX,
  type Form,
  type Reconciliation,
  type Verification,
} from '../domain/forms.js';
import { type FormEntry, FormsFile, type SecretPlace } from './forms-schema.js';
import { isSet, type Layer, type Problem, why } from './layers.js';

/** A secret of Standard Webhooks: base64, of 24 bytes at least. */
const SIGNING = /^(whsec_)?[A-Za-z0-9+/]{32,}={0,2}$/;
const LEAST_SECRET = 16;

/**
 * The forms of a YAML or JSON file, with their secrets. What is wrong is added to the problems with file and line, all of it at once;
 * the file is then as good as empty.
 */
export function readForms(path: string, layers: readonly Layer[], problems: Problem[]): Form[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    problems.push({ name: 'WAYBILL_FORMS', problem: `names a file that cannot be read (${why(error)})` });
    return [];
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number) => `${path}:${lines.linePos(offset).line}`;
  const [broken] = document.errors;
  if (broken) {
    problems.push({
      name: at(broken.pos[0]),
      problem: `is no YAML: ${broken.message.split('\n')[0]?.replace(/ at line.*$/, '')}`,
    });
    return [];
  }
  /** The line of the innermost part of the path that stands in the file. */
  const lineOf = (parts: readonly PropertyKey[]): string => {
    for (let length = parts.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(parts.slice(0, length), true);
      if (isNode(node) && node.range) return at(node.range[0]);
    }
    return `${path}:1`;
  };
  const parsed = FormsFile.safeParse(document.toJS());
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
      for (const key of unknown) {
        const where = key === undefined ? issue.path : [...issue.path, key];
        problems.push({
          name: lineOf(where),
          problem: `${where.join('.') || 'the file'} ${key === undefined ? issue.message : 'is not known'}`,
        });
      }
    }
    return [];
  }
  const sources = new Map<string, string>();
  const mailers = new Map<string, string>();
  return Object.entries(parsed.data.forms).map(([name, entry]) => {
    const complain = (parts: PropertyKey[], problem: string) =>
      problems.push({
        name: lineOf(['forms', name, ...parts]),
        problem: `forms.${name}.${parts.join('.')} ${problem}`,
      });
    const secret = (place: SecretPlace, parts: PropertyKey[]) => {
      const found = secretOf(place, layers, dirname(path));
      if ('problem' in found) complain(parts, found.problem);
      return 'problem' in found ? '' : found.secret;
    };
    const form = formOf(name, entry, secret);
    const other = sources.get(form.source);
    if (other !== undefined) complain(['source'], `is that of the form ${other} as well`);
    sources.set(form.source, name);
    // A mail does not say of which form it is: region, labels and ids would be those of the first.
    for (const [index, address] of form.mailers.entries()) {
      const owner = mailers.get(address);
      if (owner !== undefined && owner !== name)
        complain(['mailers', index], `is a mailer of the form ${owner} as well`);
      mailers.set(address, name);
    }
    form.verification.secrets.forEach((value, index) => {
      const isStandard = form.verification.scheme === 'standard-webhooks';
      const bad = isStandard ? !SIGNING.test(value) : value.length < LEAST_SECRET;
      const rule = isStandard
        ? 'holds no secret of Standard Webhooks (whsec_ and base64)'
        : `holds less than ${LEAST_SECRET} characters`;
      if (bad && value !== '') complain(['verify', 'secrets', index], rule);
    });
    return form;
  });
}

type SecretReader = (place: SecretPlace, parts: PropertyKey[]) => string;

function formOf(name: string, entry: FormEntry, secret: SecretReader): Form {
  return {
    name,
    source: entry.source ?? `${FORM_SOURCE_PREFIX}${name}`,
    verification: verificationOf(entry, secret),
    maxBytes: entry.max_bytes,
    fields: given(entry.fields),
    required: entry.required,
    region: entry.region,
    mode: entry.mode,
    answerFrom: entry.answer_from === null ? null : new Date(entry.answer_from).toISOString(),
    mailers: entry.mailers.map((address) => address.toLowerCase()),
    mailLabels: given(entry.mail_labels),
    reconciliation: reconciliationOf(entry, secret),
  };
}

const given = (fields: Record<string, string | undefined>): FieldPaths =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function verificationOf({ verify }: FormEntry, secret: SecretReader): Verification {
  const secrets = verify.secrets.map((place, index) => secret(place, ['verify', 'secrets', index]));
  if (verify.scheme === 'standard-webhooks') return { scheme: verify.scheme, secrets };
  const { scheme, header, algorithm, encoding, prefix } = verify;
  const headers = { timestampHeader: verify.timestamp_header, deliveryHeader: verify.delivery_header };
  return { scheme, secrets, header, algorithm, encoding, prefix, ...headers };
}

function reconciliationOf({ reconcile }: FormEntry, secret: SecretReader): Reconciliation {
  if (reconcile.by === 'list') {
    const { by, url, items, cursor, body } = reconcile;
    const token = reconcile.token ? secret(reconcile.token, ['reconcile', 'token']) : null;
    return { by, url, token, ratePerSecond: reconcile.rate_per_second, items, cursor, body };
  }
  if (reconcile.by !== 'canary') return reconcile;
  return {
    by: 'canary',
    url: reconcile.url,
    ratePerSecond: reconcile.rate_per_second,
    markerField: reconcile.marker_field,
  };
}

/** From the strongest layer that has it, or from the file that NAME_FILE, or the form itself, names. */
function secretOf(
  place: SecretPlace,
  layers: readonly Layer[],
  folder: string,
): { secret: string } | { problem: string } {
  if ('file' in place) return fileSecret(resolve(folder, place.file));
  for (const { values } of layers) {
    const [text, file] = [values[place.env], values[`${place.env}_FILE`]];
    if (isSet(text)) return { secret: text.trim() };
    if (isSet(file)) return fileSecret(file.trim());
  }
  return { problem: `names ${place.env}, and neither it nor ${place.env}_FILE is set` };
}

function fileSecret(path: string): { secret: string } | { problem: string } {
  try {
    const secret = readFileSync(path, 'utf8').trim();
    return secret === '' ? { problem: 'names a file that is empty' } : { secret };
  } catch (error) {
    return { problem: `names a file that cannot be read (${why(error)})` };
  }
}
