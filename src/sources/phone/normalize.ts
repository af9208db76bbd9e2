import type { PhoneStatus } from '../../domain/calls.js';
import { unreadableAnswer } from '../dashboard/statuses.js';
import type { Answer } from '../dashboard/transport.js';
import { CallList, CallResource } from './schema.js';

/** A call as the phone provider shows it. */
export interface PhoneCall {
  sid: string;
  /** E.164 for calls to telephone numbers; what the provider says for any other. */
  to: string;
  from: string;
  status: PhoneStatus;
  createdAt: Date;
}

export interface PhoneCallPage {
  status: number;
  calls: PhoneCall[];
  /** Path and query of the next page; null ends the list. */
  nextPage: string | null;
}

const toCall = ({ sid, to, from, status, date_created: createdAt }: CallResource): PhoneCall => ({
  sid,
  to,
  from,
  status,
  createdAt,
});

/** @throws ProviderFailure SourceAnswerUnreadable */
export function readCall(answer: Answer): PhoneCall {
  const parsed = CallResource.safeParse(parseJson(answer));
  if (!parsed.success) throw unreadableAnswer(answer, 'no call that can be read');
  return toCall(parsed.data);
}

/**
 * A page of the list. One row that cannot be read makes the whole page unreadable: whoever asks what became of a call must not
 * be told of a list that lacks one. @throws ProviderFailure SourceAnswerUnreadable
 */
export function readCalls(answer: Answer): PhoneCallPage {
  const parsed = CallList.safeParse(parseJson(answer));
  if (!parsed.success) throw unreadableAnswer(answer, 'no list of calls that can be read');
  const { calls, next_page_uri: nextPage = null } = parsed.data;
  return { status: answer.status, calls: calls.map(toCall), nextPage };
}

function parseJson(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    throw unreadableAnswer(answer, 'something that is no JSON', cause);
  }
}
