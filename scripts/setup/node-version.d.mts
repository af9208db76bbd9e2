export declare const isAtLeast: (a: string, b: string) => boolean;
export declare const checkNodeVersion: (root: string, version?: string) => void;
