export declare const oxlintConfigText: () => string;
