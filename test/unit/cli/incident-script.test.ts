import { describe, expect, it } from 'vitest';
import { bar, sparkline } from '../../../src/cli/demo/charts.js';
import { panel } from '../../../src/cli/demo/script.js';
import type { Week } from '../../../src/demo/incident.js';

const week = (more: Partial<Week>): Week => ({
  from: '2026-01-05T00:00:00.000Z',
  held: 27_000,
  polls: 672,
  taken: 7_000,
  takenInbound: 100,
  automated: 25,
  seen: 27_000,
  ...more,
});

describe('the charts of the show', () => {
  it('draw from nothing to the largest value, whatever the width', () => {
    expect(sparkline([0, 1, 2, 7], 4)).toBe('▁▂▃█');
    expect(sparkline([0, 0, 7, 7], 2)).toBe('▁█');
    expect(sparkline([0, 0], 5)).toBe('▁▁');
    expect(sparkline([], 5)).toBe('');
    expect(bar(0.5, 4)).toBe('██··');
    expect(bar(2, 3)).toBe('███');
  });

  it('fit into 80 characters, so that a terminal can redraw them', () => {
    const lines = panel(Array.from({ length: 52 }, () => week({})));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
    expect(lines.join('\n')).toContain('25.0 %');
  });
});
