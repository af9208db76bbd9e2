/**
 * What the vendor of a form and the phone provider promise of what they push, as statements that the ledger alone tests: the rows of
 * `claim` of such a source. Rules and numbers as in claims.ts.
 */
export const FORM_CLAIMS = {
  every_submission_pushed: {
    claimed: 'every submission is delivered by webhook',
    by: 'ledger',
    rule: 'never',
    enough: 60,
  },
  pushed_in_time: {
    claimed: 'a webhook comes within five minutes of its submission',
    by: 'ledger',
    rule: 'never',
    enough: 60,
  },
  submission_ids_unique: {
    claimed: 'an id names one submission for ever',
    by: 'ledger',
    rule: 'never',
    enough: 200,
  },
  sequence_numbers_once: {
    claimed: 'a number of the sequence names one submission',
    by: 'ledger',
    rule: 'never',
    enough: 200,
  },
  list_holds_pushed: {
    claimed: 'the list of the vendor holds what a webhook brought',
    by: 'ledger',
    rule: 'never',
    enough: 60,
  },
} as const;

export const PHONE_CLAIMS = {
  every_status_called_back: {
    claimed: 'every status of a call is called back',
    by: 'ledger',
    rule: 'never',
    enough: 60,
  },
  call_listed_at_once: {
    claimed: 'the list holds a call as soon as it was accepted',
    by: 'ledger',
    rule: 'never',
    enough: 60,
  },
  call_listed_in_time: {
    claimed: 'the list holds a call a minute after it was accepted',
    by: 'ledger',
    rule: 'never',
    enough: 60,
  },
  call_ids_unique: { claimed: 'an id names one call for ever', by: 'ledger', rule: 'never', enough: 60 },
  call_ends_once: { claimed: 'a call has one end', by: 'ledger', rule: 'never', enough: 60 },
} as const;
