/** What is known of submissions that may never have come; docs/reference/forms.md holds the same table. */
export const FORM_COVERAGE = {
  complete:
    'the list of the vendor was read whole lately, or no number is missing in the sequence: everything until then is held',
  sampled: 'the newest canary came; what visitors sent besides is not known',
  gaps: 'numbers are missing in the sequence, or the newest canary is overdue',
  unknown: 'nothing proves that all came, or what would prove it could not be read lately',
} as const;
export type FormCoverage = keyof typeof FORM_COVERAGE;
