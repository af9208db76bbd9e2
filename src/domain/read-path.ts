/**
 * What stands at a path of a JSON value: `data.email`, `answers[0].text`, or `fields[label=E-mail].value`, which takes the element of
 * the list whose `label` is that. Undefined where nothing does; never what an object inherits.
 */
export function readPath(value: unknown, path: string): unknown {
  let at = value;
  for (const step of stepsOf(path)) {
    if (typeof step === 'string') at = own(at, step);
    else if ('index' in step) at = Array.isArray(at) ? (at[step.index] as unknown) : undefined;
    else at = Array.isArray(at) ? at.find((one) => String(own(one, step.key)) === step.equals) : undefined;
    if (at === undefined || at === null) return at;
  }
  return at;
}

type Step = string | { index: number } | { key: string; equals: string };

const STEP = /(?:^|\.)([^.[\]]+)|\[(\d{1,4})\]|\[([^=\]]{1,100})=([^\]]{1,200})\]/gy;

function stepsOf(path: string): Step[] {
  return [...path.matchAll(STEP)].map(([, name, index, key, equals]) => {
    if (name !== undefined) return name;
    return index === undefined ? { key: key ?? '', equals: equals ?? '' } : { index: Number(index) };
  });
}

/** Whether `readPath` reads a path to its end. An empty one is the value itself. */
export const isPath = (path: string): boolean =>
  path.length <= 500 && [...path.matchAll(STEP)].reduce((length, [step]) => length + step.length, 0) === path.length;

const own = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
