import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseSync } from '@swc/core';
import { expect, it, onTestFinished } from 'vitest';

/**
 * Law 8: no request to a provider goes around its row. A method of a source's client may be called only in the function that is handed
 * to callProvider or makeRecorded, which open and close the row; and a client is made in one place.
 */
const CLIENT_METHODS = new Set([
  ...[...readFileSync('src/sources/source.ts', 'utf8').matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name ?? ''),
  ...['createCall', 'getCall', 'listCalls'],
]);
/** Functions that make a client. */
const MAKING = new Set(['createDashboardClient', 'createPhoneClient']);
const KEEPERS = new Set(['callProvider', 'makeRecorded']);
const MAKERS = new Set(['src/workers/configured-sources.ts', 'src/workers/phone-provider.ts']);

interface Node {
  type?: string;
  [key: string]: unknown;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const nameOf = (callee: Node): { name: string; isMethod: boolean } =>
  callee.type === 'MemberExpression'
    ? { name: textOf((callee.property as Node | undefined)?.value), isMethod: true }
    : { name: textOf(callee.value), isMethod: false };

function strayCalls(node: unknown, isKept: boolean): string[] {
  if (Array.isArray(node)) return node.flatMap((one) => strayCalls(one, isKept));
  if (typeof node !== 'object' || node === null) return [];
  const { type, callee, ...rest } = node as Node;
  if (type !== 'CallExpression') return Object.values({ callee, ...rest }).flatMap((one) => strayCalls(one, isKept));
  const { name, isMethod } = nameOf(callee as Node);
  const isStray = isMethod ? CLIENT_METHODS.has(name) && !isKept : MAKING.has(name);
  const inside = isKept || (!isMethod && KEEPERS.has(name));
  return [...(isStray ? [name] : []), ...strayCalls(callee, isKept), ...strayCalls(rest, inside)];
}

/** Calls below src/ that go around the row, as `file: method`. */
function findStrayCalls(root: string): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('src', name))
    .filter((file) => file.endsWith('.ts') && !/^src\/(sources|simulator)\//.test(file))
    .flatMap((file) => {
      const tree = parseSync(readFileSync(join(root, file), 'utf8'), { syntax: 'typescript', target: 'es2022' });
      const calls = strayCalls(tree.body, false).map((name) => `${file}: ${name}`);
      return MAKERS.has(file) ? calls.filter((one) => !MAKING.has(one.split(': ')[1] ?? '')) : calls;
    });
}

it('every call of a client of a provider is made within its row, and a client is made in one place', () => {
  expect([...CLIENT_METHODS]).toContain('listMessages');
  expect(findStrayCalls('.')).toEqual([]);
});

it('a call that goes around its row is found', () => {
  const root = mkdtempSync(join(tmpdir(), 'waybill-stray-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const plant = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  plant('src/delivery/kept.ts', "callProvider(deps, request, (client) => client.getThread('t1'));");
  plant(
    'src/delivery/stray.ts',
    "const client = deps.clientOf('a');\nawait client.listMessages({});\nawait client.createCall({});\n",
  );
  plant('src/cli/made.ts', 'const client = createDashboardClient({});');
  expect(findStrayCalls(root).sort()).toEqual([
    'src/cli/made.ts: createDashboardClient',
    'src/delivery/stray.ts: createCall',
    'src/delivery/stray.ts: listMessages',
  ]);
});
