#!/usr/bin/env node
/**
 * Makes docs/assets/incident.svg from a run of `waybill demo incident`: what it really wrote, from the last panel of the year on.
 * `node scripts/record-show.mjs [FILE]`; a FILE holds the coloured output of an earlier run, instead of a new one.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './setup/paths.mjs';

const TARGET = join(ROOT, 'docs/assets/incident.svg');
const COMMAND = 'npx waybill demo incident';
const [CHARACTER, LINE, MARGIN] = [8.4, 19, 20];
const COLOURS = { 31: '#ff7b72', 32: '#56d364', 36: '#79c0ff' };
const [BACKGROUND, FOREGROUND] = ['#0d1117', '#c9d1d9'];
const ESCAPE = String.fromCharCode(27);
const STYLE = new RegExp(`(${ESCAPE}\\[\\d+m)`);
const STYLES = new RegExp(STYLE, 'g');
const CODE = new RegExp(`^${ESCAPE}\\[(\\d+)m$`);

const written = () => {
  const given = process.argv[2];
  if (given !== undefined) return readFileSync(given, 'utf8');
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'bin/waybill.mjs'), 'demo', 'incident'], {
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
};

/** Spaces as such that no renderer folds. */
const escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');

/** A line with its colours as spans. */
const spans = (line) => {
  let [style, out] = [{}, ''];
  for (const part of line.split(STYLE)) {
    const code = CODE.exec(part)?.[1];
    if (code === undefined) {
      const fill = style.fill ? ` fill="${style.fill}"` : '';
      const weight = style.bold ? ' font-weight="bold"' : '';
      if (part !== '') out += fill || weight ? `<tspan${fill}${weight}>${escape(part)}</tspan>` : escape(part);
    } else if (code === '1') style = { ...style, bold: true };
    else if (COLOURS[code]) style = { ...style, fill: COLOURS[code] };
    else style = {};
  }
  return out;
};

const lines = written().trimEnd().split('\n');
const panel = lines.findLastIndex((line) => /WEEK \d+ OF/.test(line));
const shown = [`${ESCAPE}[1m$ ${COMMAND}${ESCAPE}[22m`, ...lines.slice(0, 3), '...', '', ...lines.slice(panel)];
const plain = shown.map((line) => line.replaceAll(STYLES, ''));
const width = Math.ceil(Math.max(...plain.map((line) => line.length)) * CHARACTER + 2 * MARGIN);
const height = shown.length * LINE + 2 * MARGIN;
const rows = shown.map(
  (line, index) => `<text x="${MARGIN}" y="${MARGIN + (index + 0.8) * LINE}">${spans(line)}</text>`,
);
mkdirSync(dirname(TARGET), { recursive: true });
writeFileSync(
  TARGET,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The output of ${COMMAND}">
<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="${FOREGROUND}">
${rows.join('\n')}
</g>
</svg>
`,
);
process.stdout.write(`${TARGET}\n`);
