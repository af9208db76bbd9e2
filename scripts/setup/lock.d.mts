export declare const withLock: <T>(path: string, work: () => Promise<T>) => Promise<T>;
