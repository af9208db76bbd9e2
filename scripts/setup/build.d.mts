export declare const build: (root: string) => Promise<void>;
