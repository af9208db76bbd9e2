import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Answer } from './exchange.js';
import { RequestProblem } from './refusal.js';
import { seededRandom } from './seeded-random.js';
import type { World } from './world.js';
import { DAY, MINUTE } from './world-model.js';

const OLD_MS = 180 * DAY;
const LINK_MS = MINUTE;

/** GET /v1/attachments/{id}: the bytes, or a link that lives a minute. */
export function getAttachment(world: World, id: string, secret: string, now: number): Answer {
  const attachment = findAttachment(world, id, now);
  const on = (name: 'attachment-gone' | 'attachment-link-expires') => world.visibility.isOddityOn(name, now);
  if (on('attachment-gone') && now - attachment.fetchableAt > OLD_MS) throw unknownAttachment();
  const linked = seededRandom(world.seed, 'link', id).chance(world.rateOf('attachment-link-expires'));
  if (!on('attachment-link-expires') || !linked) return { status: 200, body: bytesOf(world, id, attachment.size, now) };
  const until = String(now + LINK_MS);
  const location = `/v1/attachment-links/${id}?until=${until}&signature=${sign(id, until, secret)}`;
  return { status: 302, body: { error: 'moved', message: 'see location' }, headers: { location } };
}

/** GET /v1/attachment-links/{id}: needs no token, the link carries its right. */
export function followLink(world: World, id: string, query: URLSearchParams, secret: string, now: number): Answer {
  const until = query.get('until') ?? '';
  const given = Buffer.from(query.get('signature') ?? '');
  const wanted = Buffer.from(sign(id, until, secret));
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw unknownAttachment();
  if (Number(until) < now) throw new RequestProblem(410, 'link_expired', 'the link has expired');
  return { status: 200, body: bytesOf(world, id, findAttachment(world, id, now).size, now) };
}

function findAttachment(world: World, id: string, now: number): { size: number; fetchableAt: number } {
  for (const message of world.messages.values()) {
    const attachment = message.attachments.find((candidate) => candidate.id === id);
    if (!attachment || !world.visibility.isVisible(message, now)) continue;
    return { size: attachment.size, fetchableAt: message.fetchableAt };
  }
  throw unknownAttachment();
}

function bytesOf(world: World, id: string, announced: number, now: number): Buffer {
  const lies = seededRandom(world.seed, 'size', id).chance(world.rateOf('attachment-size-lies'));
  const size =
    lies && world.visibility.isOddityOn('attachment-size-lies', now) ? Math.ceil(announced * 1.3) : announced;
  const block = createHash('sha512').update(id).digest();
  return Buffer.alloc(size, block);
}

function sign(id: string, until: string, secret: string): string {
  return createHmac('sha256', secret).update(`${id} ${until}`).digest('base64url');
}

function unknownAttachment(): RequestProblem {
  return new RequestProblem(404, 'unknown', 'there is no such attachment');
}
