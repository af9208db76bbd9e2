import type { Notes } from './notes.js';

type Kind = 'string' | 'object' | 'list' | 'whole number';

interface Field {
  kind: Kind;
  required?: true;
  nullable?: true;
}

/** Fields as contracts/dashboard-api.yaml has them. What the schema insists on anyway (ids, a direction) is not repeated here. */
const FIELDS = {
  thread: {
    subject: { kind: 'string', required: true, nullable: true },
    inbox: { kind: 'string', required: true },
    status: { kind: 'string', required: true },
  },
  message: {
    from: { kind: 'object', required: true },
    to: { kind: 'list', required: true },
    received_at: { kind: 'string', required: true },
    headers: { kind: 'object' },
    attachments: { kind: 'list' },
  },
  attachment: {
    name: { kind: 'string', nullable: true },
    content_type: { kind: 'string' },
    size: { kind: 'whole number' },
  },
} as const satisfies Record<string, Record<string, Field>>;

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'list';
  return Number.isSafeInteger(value) ? 'whole number' : typeof value;
};

/**
 * Notes what of a row the adapter can live with and the contract does not allow: a field that vanished (`absent:inbox`), is null
 * where it may not be (`null:status`), or has another type (`retyped:to:string`). The shape of answers is a claim.
 */
export function noteDeviations(row: Record<string, unknown>, of: keyof typeof FIELDS, notes: Notes): void {
  const prefix = of === 'attachment' ? 'attachments.' : '';
  for (const [name, field] of Object.entries(FIELDS[of]) as [string, Field][]) {
    const value = row[name];
    if (value === undefined) {
      if (field.required) notes.add(`absent:${prefix}${name}`);
    } else if (value === null) {
      if (!field.nullable) notes.add(`null:${prefix}${name}`);
    } else if (kindOf(value) !== field.kind) notes.add(`retyped:${prefix}${name}:${kindOf(value)}`);
  }
}
