/**
 * What lint has no rule for: asking the clock outside the clock module, reading the environment outside src/config, the
 * database's clock in SQL, and asking a truth route. Reads syntax, so that a comment or a longer name never counts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseSync } from '@swc/core';

const SQL_CLOCK =
  /(?<![\w.])(now\(\)|current_(timestamp|date|time)\b|localtime(stamp)?\b|(clock|statement|transaction)_timestamp\b)/i;

const ALLOWED = {
  clock: ['src/domain/clock.ts', 'src/workflows/'], // in a workflow Date.now() is the time of its history
  environment: ['src/config/'],
  truth: ['src/simulator/', 'src/cli/demo-account.ts'],
};

const isAllowed = (kind, file) => (ALLOWED[kind] ?? []).some((path) => file === path || file.startsWith(path));

const isName = (node, value) => node?.type === 'Identifier' && node.value === value;
const property = (node) =>
  node.property?.type === 'Computed' ? node.property.expression?.value : node.property?.value;
const isMember = (node, object, name) =>
  node?.type === 'MemberExpression' && isName(node.object, object) && property(node) === name;

/** What a node of the syntax tree does that is forbidden somewhere: its kind and a text, or null. */
const judge = (node) => {
  if (isMember(node, 'Date', 'now')) return ['clock', 'Date.now'];
  if (node.type === 'NewExpression' && isName(node.callee, 'Date') && (node.arguments ?? []).length === 0) {
    return ['clock', 'new Date()'];
  }
  if (node.type === 'CallExpression' && isName(node.callee, 'Date')) return ['clock', 'Date()'];
  if (isMember(node, 'process', 'env')) return ['environment', 'process.env'];
  const text = node.type === 'StringLiteral' ? node.value : node.type === 'TemplateElement' ? node.raw : null;
  if (text === null) return null;
  const clock = SQL_CLOCK.exec(text);
  if (clock !== null && /\s/.test(text)) return ['sql clock', clock[0]];
  return /(^|\/)truth(\/|\?|$)/.test(text) ? ['truth', text] : null;
};

const visit = (node, found) => {
  if (Array.isArray(node)) {
    for (const child of node) visit(child, found);
  } else if (typeof node === 'object' && node !== null) {
    const verdict = typeof node.type === 'string' ? judge(node) : null;
    if (verdict !== null) found.push({ kind: verdict[0], text: verdict[1], at: node.span.start });
    for (const [key, child] of Object.entries(node)) if (key !== 'span') visit(child, found);
  }
};

const lineAt = (source, byte) => source.subarray(0, Math.max(0, byte)).toString('utf8').split('\n').length;

const inTypeScript = (path, file) => {
  const source = readFileSync(path);
  // swc counts on from the file before: an empty module tells where this one starts
  const base = parseSync('', { syntax: 'typescript' }).span.end;
  const tree = parseSync(source.toString('utf8'), { syntax: 'typescript', target: 'es2022' });
  const found = [];
  visit(tree.body, found);
  return found
    .filter(({ kind }) => !isAllowed(kind, file))
    .map(({ kind, text, at }) => `${file}:${lineAt(source, at - base - 1)} ${kind}: ${text}`);
};

const inSql = (path, file) =>
  readFileSync(path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .split('\n')
    .map((line) => line.replace(/--.*/, ''))
    .flatMap((line, index) => {
      const clock = SQL_CLOCK.exec(line);
      return clock === null ? [] : [`${file}:${index + 1} sql clock: ${clock[0]}`];
    });

const filesBelow = (root, folder, ending) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true })
        .map((name) => join(root, folder, name))
        .filter((path) => path.endsWith(ending))
    : [];

/** Paths of everything below src/ that people write. */
export const productFiles = (root) => filesBelow(root, 'src', '.ts');

/**
 * @returns {{ files: number, problems: string[] }} how many files were read, so that reading none is not taken for a pass
 */
export const findForbiddenCalls = (root) => {
  const name = (path) => relative(root, path).split(sep).join('/');
  const code = productFiles(root);
  const sql = filesBelow(root, join('prisma', 'migrations'), '.sql');
  return {
    files: code.length + sql.length,
    problems: [
      ...code.flatMap((path) => inTypeScript(path, name(path))),
      ...sql.flatMap((path) => inSql(path, name(path))),
    ],
  };
};
