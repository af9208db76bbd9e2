/** What became of the question to a person whether a draft may be sent. */
export const APPROVAL_VERDICTS = {
  approved: 'a person let it go, as it was or with other words',
  rejected: 'a person did not let it go',
  overdue: 'nobody decided in time',
  withdrawn: 'nobody has to decide any more: other words came, or the message ended another way',
} as const;
export type ApprovalVerdict = keyof typeof APPROVAL_VERDICTS;

/** What a person can say. */
export type PersonsVerdict = Extract<ApprovalVerdict, 'approved' | 'rejected'>;

/** What a draft was written for. */
export const DRAFT_PURPOSES = {
  shadow: 'to be compared with what people then send',
  approval: 'to be approved by a person',
} as const;
export type DraftPurpose = keyof typeof DRAFT_PURPOSES;

/** Why a verdict of a person was not taken. */
export const UNSETTLED = {
  not_asked: 'nobody was asked about this message',
  settled_before: 'it was decided before',
  outdated: 'another version of the draft, or of the message, is there now',
} as const;
export type Unsettled = keyof typeof UNSETTLED;

export type SettleResult =
  | { settled: true; verdict: PersonsVerdict; version: number }
  | { settled: false; because: Unsettled; verdict: ApprovalVerdict | null; version: number | null };
