import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('the index of decisions names every decision with its title, and no other', () => {
  const files = readdirSync('docs/adr').filter((name) => /^\d{4}-/.test(name));
  const titleOf = (name: string) => /^# \d+\. (.*)$/m.exec(readFileSync(`docs/adr/${name}`, 'utf8'))?.[1] ?? '';
  const rows = [...readFileSync('docs/adr/README.md', 'utf8').matchAll(/^\| \[(\d+)\]\((.*)\) \| (.*) \|$/gm)];
  expect(rows.map(([, number, file, title]) => [number, file, title?.toLowerCase()])).toEqual(
    files.sort().map((name) => [String(Number(name.slice(0, 4))), name, titleOf(name).toLowerCase()]),
  );
});
