/** What a message can ask for. Whether anything answers it is the playbooks' decision. */
export const LABELS = {
  delivery_status: 'where something is that was ordered, or when it will arrive',
  password_reset: 'the password or passcode is forgotten or not accepted',
  refund: 'money back',
  cancel_order: 'an order, payment or contract is to be ended',
  complaint: 'discontent with what happened or how',
  lost_or_stolen: 'a card, phone or account is in strange hands or lost',
  payment_problem: 'a payment, transfer, charge or withdrawal that went wrong',
  change_details: 'name, address or other data are to be changed',
  unknown: 'no rule knows it, or it asks for several things',
} as const;
export type Label = keyof typeof LABELS;
