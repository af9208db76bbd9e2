/** The environment for a process of ours that gets its own settings on top. */
export const childEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env });
