export interface FileReport {
  status: string;
  assertionResults: { status: string }[];
}

export interface RunReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: FileReport[];
}

export declare const countTests: (report: RunReport) => { passed: number; failed: number };
