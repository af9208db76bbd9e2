import { z } from 'zod';
import { CHANNELS } from '../domain/message.js';
import { ROUTES } from '../domain/states.js';
import { LANGUAGES } from '../domain/understanding.js';

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const NAME_RULE = 'write small letters, digits, dashes and underscores, at most 64, beginning with a letter or digit';
const name = z.string().regex(NAME, NAME_RULE);

/** One value or a list of them. */
const some = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (value) => (Array.isArray(value) ? value : [value]),
    z.array(item).min(1, 'name at least one, or leave the condition out'),
  );
const oneOf = <const K extends string>(table: Readonly<Record<K, string>>) => z.enum(Object.keys(table) as K[]);

const Replies = z
  .strictObject({
    at_least: z.int('write a whole number').min(0, 'write a number from 0').optional(),
    at_most: z.int('write a whole number').min(0, 'write a number from 0').optional(),
  })
  .refine(({ at_least = 0, at_most = Number.MAX_SAFE_INTEGER }) => at_least <= at_most, {
    error: 'let `at_least` be no more than `at_most`',
  });

const ThreadFacts = z.strictObject({
  /** As the provider gives it. */
  status: some(z.string().min(1, 'write a status')).optional(),
  first_message: z.boolean().optional(),
  replies: Replies.optional(),
});

const CustomerFacts = z.strictObject({
  domain: some(
    z.string().regex(/^(?:[a-z0-9-]+\.)+[a-z0-9-]+$/, 'write a domain in small letters, as example.com, without @'),
  ).optional(),
  list: some(name).optional(),
});

const Hours = z.strictObject({ calendar: name, is: z.enum(['open', 'closed']) });

const When = z.strictObject({
  label: some(z.string().min(1, 'write a label')).optional(),
  route: some(oneOf(ROUTES)).optional(),
  channel: some(oneOf(CHANNELS)).optional(),
  source: some(z.string().min(1, 'write the name of a source')).optional(),
  confidence: z.number().min(0, 'write a number from 0 to 1').max(1, 'write a number from 0 to 1').optional(),
  language: some(oneOf(LANGUAGES)).optional(),
  thread: ThreadFacts.optional(),
  customer: CustomerFacts.optional(),
  hours: Hours.optional(),
});
export type When = z.infer<typeof When>;

const Reply = z
  .strictObject({
    template: name.optional(),
    text: z.string().min(1, 'write a text').optional(),
    verbatim: some(z.string()).optional(),
  })
  .refine(({ template, text }) => (template === undefined) !== (text === undefined), {
    error: 'give it either a `template` or a `text`',
  });
export type Reply = z.infer<typeof Reply>;

const Nothing = z.preprocess((value) => value ?? {}, z.strictObject({}));
const ThenMap = z.strictObject({
  reply: Reply.optional(),
  callback: Nothing.optional(),
  hand_off: z.strictObject({ platform: name }).optional(),
  close: Nothing.optional(),
  escalate: Nothing.optional(),
});
const Then = z.preprocess(
  // A word alone is an action without settings; null is what an empty value after a colon is.
  (value) => (typeof value === 'string' ? { [value]: {} } : value),
  ThenMap.refine((actions) => Object.keys(actions).length === 1, {
    error: 'name exactly one of reply, callback, hand_off, close, escalate',
  }),
);
export type Then = z.infer<typeof Then>;

/** A file of the folder: one playbook. Source: docs/reference/playbooks.md. */
export const PlaybookFile = z.strictObject({
  name,
  about: z.string().optional(),
  priority: z
    .int('write a whole number')
    .min(0, 'write a number from 0')
    .max(9_999, 'write a number to 9999')
    .default(100),
  when: When,
  // biome-ignore lint/suspicious/noThenProperty: the word of the format; its value is never a function
  then: Then, // oxlint-disable-line unicorn/no-thenable
  approval: z.enum(['always', 'never']).default('never'),
  tags: z.array(name).max(20, 'name at most 20 tags').default([]),
});
export type PlaybookFile = z.infer<typeof PlaybookFile>;

export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const HOURS_RULE = 'write hours as "09:00-17:00", the first before the second, up to "24:00"';
const span = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, HOURS_RULE)
  .refine((text) => text.slice(0, 5) < text.slice(6), HOURS_RULE);
const Calendar = z.strictObject({
  zone: z.string(),
  open: z.strictObject(Object.fromEntries(DAYS.map((day) => [day, some(span).optional()]))),
  closed_on: z.array(z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'write a day as "2026-12-25"')).default([]),
});
export type Calendar = z.infer<typeof Calendar>;

/** `shared.yaml`: what several playbooks name. */
export const SharedFile = z.strictObject({
  calendars: z.record(name, Calendar).default({}),
  customers: z
    .record(
      name,
      z.array(
        z.string().regex(/^(?:[^\s@]+@)?(?:[a-z0-9-]+\.)+[a-z0-9-]+$|^\+[0-9]{6,15}$/, {
          error: 'write an address, a domain or a telephone number as +442079460000, in small letters',
        }),
      ),
    )
    .default({}),
});
export type SharedFile = z.infer<typeof SharedFile>;
export const NOTHING_SHARED: SharedFile = { calendars: {}, customers: {} };

const PLAYBOOK_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(PlaybookFile.shape),
  when: Object.keys(When.shape),
  'when.thread': Object.keys(ThreadFacts.shape),
  'when.thread.replies': Object.keys(Replies.shape),
  'when.customer': Object.keys(CustomerFacts.shape),
  'when.hours': Object.keys(Hours.shape),
  then: Object.keys(ThenMap.shape), // oxlint-disable-line unicorn/no-thenable
  'then.reply': Object.keys(Reply.shape),
  'then.hand_off': ['platform'],
};
export const playbookKeys = (path: readonly PropertyKey[]): readonly string[] => PLAYBOOK_KEYS[path.join('.')] ?? [];

export function sharedKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(SharedFile.shape);
  if (path[0] !== 'calendars') return [];
  return path.length === 2 ? Object.keys(Calendar.shape) : DAYS;
}
