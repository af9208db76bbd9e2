import { type AttachmentAnswer, ProviderFailure } from '../source.js';
import type { Download } from './download.js';
import { statusFailure } from './statuses.js';

/** What came for an attachment: its bytes are in the sink, or too many, or somewhere else. @throws ProviderFailure */
export function readAttachment(answer: Download, base: string, now: Date): AttachmentAnswer {
  const { status, headers } = answer;
  const text = (name: string) => [headers[name]].flat()[0] ?? null;
  if (status >= 200 && status < 300) {
    return answer.tooLarge
      ? { kind: 'too_large', status }
      : { kind: 'bytes', status, contentType: text('content-type')?.split(';')[0]?.trim().toLowerCase() ?? null };
  }
  const location = text('location');
  if (status < 300 || status > 399 || location === null) throw statusFailure(answer, now);
  if (!URL.canParse(location, base)) {
    throw new ProviderFailure('SourceRefused', `the provider answered ${status} with a link that is none`, {
      status,
      code: String(status),
      answer: answer.text,
      retryable: false,
    });
  }
  return { kind: 'link', status, link: new URL(location, base).href };
}
