export interface FoundCli {
  path: string;
  source: string;
}

export interface TemporalCliOptions {
  env?: NodeJS.ProcessEnv;
  /** Where releases are downloaded from, for tests. */
  downloadFrom?: string;
}

export declare const CLI_VERSION: string;
export declare const prepareTemporal: (root: string, options?: TemporalCliOptions) => Promise<FoundCli>;
