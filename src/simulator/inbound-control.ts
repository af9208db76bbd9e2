import { drawQuirks } from './draw-message.js';
import { drawListingQuirks } from './draw-thread.js';
import type { Answer } from './exchange.js';
import { optionalAmount, optionalFlag, optionalObjects, optionalStrings, optionalText } from './fields.js';
import { RequestProblem } from './refusal.js';
import { seededRandom } from './seeded-random.js';
import type { Station } from './station.js';
import { DAY, INBOXES, type SimAttachment } from './world-model.js';

const LONGEST_MS = 400 * DAY;
const LARGEST = 64 * 1024 * 1024;

/**
 * POST /control/inbound: a customer writes now, with any origin date, on any thread or a new one. With `natural` the oddities do to
 * it what they do to everybody's mail; without, it has none of its own.
 */
export function writeInbound(station: Station, body: Record<string, unknown>): Answer {
  const at = station.now();
  const { world } = station;
  const given = optionalText(body, 'threadId', 255);
  const existing = given === null ? undefined : world.threads.get(given);
  if (given !== null && !existing) throw new RequestProblem(404, 'unknown', 'there is no such thread');
  const host = existing ? world.visibility.host(existing, at) : undefined;
  const messageId = world.nextId('msg');
  const threadId = host?.id ?? world.nextId('thr');
  const fetchableAt = at + (optionalAmount(body, 'fetchableInMs', LONGEST_MS) ?? 0);
  const bodyInMs = optionalAmount(body, 'bodyInMs', LONGEST_MS);
  const listedInMs = optionalAmount(body, 'listedInMs', LONGEST_MS);
  const stamp = optionalText(body, 'originAt', 64) ?? new Date(at).toISOString();
  if (Number.isNaN(Date.parse(stamp))) throw new RequestProblem(422, 'bad_parameter', 'originAt must be a date-time');
  const hiddenFromNarrow = optionalFlag(body, 'hiddenFromNarrow');
  const { rateOf } = world;
  const random = optionalFlag(body, 'natural') ? seededRandom(world.seed, 'natural', messageId) : null;
  const opens = {
    inbox: optionalText(body, 'inbox', 255) ?? INBOXES[0],
    listedAt: listedInMs === null ? null : fetchableAt + listedInMs,
    hiddenFromNarrow,
    ...(random ? { quirks: drawListingQuirks(random, rateOf) } : {}),
  };
  station.record({
    type: 'inbound',
    at,
    messageId,
    threadId,
    opens: host ? null : opens,
    subject:
      'subject' in body ? optionalText(body, 'subject', 1000) : host ? `Re: ${host.subject ?? ''}` : 'A question',
    text: 'text' in body ? optionalText(body, 'text') : 'Where is my order WB-100000?',
    html: optionalText(body, 'html'),
    from: sender(
      body,
      host?.customer ?? { name: null, email: `customer.${messageId.replaceAll(/\W/g, '-')}@example.com` },
    ),
    headers: {
      'message-id': `<${messageId}@mail.example.org>`,
      date: new Date(stamp).toUTCString(),
      ...optionalStrings(body, 'headers'),
    },
    stamp,
    fetchableAt,
    attachments: attachmentsOf(body, messageId),
    bodyAt: bodyInMs === null ? null : fetchableAt + bodyInMs,
    ...(random ? { quirks: drawQuirks(random, { sentAt: Date.parse(stamp), fetchableAt, rateOf }) } : {}),
  });
  return { status: 201, body: { messageId, threadId } };
}

/** `attachments`: each `name`, `contentType` and `size` in bytes, as the message announces it. */
function attachmentsOf(body: Record<string, unknown>, messageId: string): SimAttachment[] {
  return optionalObjects(body, 'attachments', 20).map((one, index) => ({
    id: `att_${messageId}_${index}`,
    name: optionalText(one, 'name', 255) ?? `file-${index}.bin`,
    contentType: optionalText(one, 'contentType', 255) ?? 'application/octet-stream',
    size: Math.floor(optionalAmount(one, 'size', LARGEST) ?? 1_000),
  }));
}

/** `from` is an address, or an object of the contract's Address. */
function sender(body: Record<string, unknown>, fallback: { name: string | null; email: string }) {
  const { from } = body;
  if (from === undefined || from === null) return fallback;
  if (typeof from === 'string') return { name: null, email: from };
  const fields = from as Record<string, unknown>;
  return { name: optionalText(fields, 'name', 255), email: optionalText(fields, 'email', 320) ?? '' };
}
