/** One equation of law 2, checked by id: what does not add up is named. */
export interface Equation {
  name: string;
  claim: string;
  left: number;
  right: number;
  /** Ids that stand on one side only; the first hundred. */
  residual: string[];
  residuals: number;
}

const NAMED = 100;

export interface Sides {
  left: number;
  right: number;
}

export async function equation(
  name: string,
  claim: string,
  sides: Promise<Sides[]>,
  residual: Promise<{ id: string }[]>,
): Promise<Equation> {
  const [[side], rows] = await Promise.all([sides, residual]);
  const ids = rows.map((row) => row.id);
  return {
    name,
    claim,
    left: side?.left ?? 0,
    right: side?.right ?? 0,
    residual: ids.slice(0, NAMED),
    residuals: ids.length,
  };
}
