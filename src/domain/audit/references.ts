/** Where a message names another one. */
export const REFERENCE_KINDS = {
  self: 'its own Message-ID',
  in_reply_to: 'the In-Reply-To header',
  references: 'the References header',
  quoted: 'a Message-ID line quoted in its text',
} as const;
export type ReferenceKind = keyof typeof REFERENCE_KINDS;

export interface Reference {
  kind: ReferenceKind;
  /** As the sender wrote it, brackets included. */
  messageId: string;
  /** What stands behind the last @, in lower case; empty where there is none. */
  domain: string;
}

const MESSAGE_ID = /<[^<>\s]{1,996}>/g;
const QUOTED = /^[>|\s]*message-id:\s*(<[^<>\s]{1,996}>)/gim;
/** The newest of a long chain; the rest are named by the messages between. */
const MOST_REFERENCES = 20;

const domainOf = (id: string): string => /@([^@<>]+)>?$/.exec(id)?.[1]?.toLowerCase() ?? '';

/** Message-IDs that a message carries and names; header names in lower case. RFC 5322, 3.6.4. */
export function referencesOf(headers: Readonly<Record<string, string>>, text: string | null): Reference[] {
  const header = (name: string): string => (Object.hasOwn(headers, name) ? (headers[name] ?? '') : '');
  const found = new Map<string, Reference>();
  const add = (kind: ReferenceKind, ids: readonly string[]): void => {
    for (const messageId of ids) {
      if (!found.has(messageId)) found.set(messageId, { kind, messageId, domain: domainOf(messageId) });
    }
  };
  const own = header('message-id').trim();
  if (own !== '' && own.length <= 998) add('self', [own]);
  add('in_reply_to', header('in-reply-to').match(MESSAGE_ID) ?? []);
  add('references', (header('references').match(MESSAGE_ID) ?? []).slice(-MOST_REFERENCES));
  add(
    'quoted',
    [...(text ?? '').matchAll(QUOTED)].slice(0, MOST_REFERENCES).map((match) => match[1] ?? ''),
  );
  return [...found.values()];
}
