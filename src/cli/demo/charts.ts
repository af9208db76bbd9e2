const BLOCKS = '▁▂▃▄▅▆▇█';

/** A line of blocks from 0 to the largest value; each block is the mean of as many values as it stands for. */
export function sparkline(values: readonly number[], width: number): string {
  if (values.length === 0) return '';
  const cells = Math.min(width, values.length);
  const means = Array.from({ length: cells }, (_, cell) => {
    const part = values.slice(
      Math.floor((cell * values.length) / cells),
      Math.floor(((cell + 1) * values.length) / cells),
    );
    return part.reduce((sum, value) => sum + value, 0) / Math.max(1, part.length);
  });
  const most = Math.max(...means);
  return means.map((mean) => BLOCKS[most === 0 ? 0 : Math.round((mean / most) * (BLOCKS.length - 1))]).join('');
}

/** A bar of a share: full blocks of what is done, dots for the rest. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(full) + '·'.repeat(width - full);
}
