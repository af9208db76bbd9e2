export interface Verdict {
  ok: boolean;
  output: string;
}

export declare const GATES: Record<string, (root: string) => Promise<Verdict>>;
export declare const runGate: (name: string, root: string) => Promise<Verdict>;
