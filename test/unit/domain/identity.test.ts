import { describe, expect, it } from 'vitest';
import {
  lifecycleWorkflowId,
  REPLY_REF_PREFIX,
  replyIdempotencyKey,
  replyRef,
  sourceQueue,
  unreadableId,
} from '../../../src/domain/identity.js';

const ID = '0198c0de-0000-7000-8000-000000000001';

describe('names that are derived', () => {
  it('the same message gives the same client_ref and idempotency key in every run', () => {
    expect(replyRef(ID)).toBe(`wb-${ID}`);
    expect(replyRef(ID)).toBe(replyRef(ID));
    expect(replyRef(ID).startsWith(REPLY_REF_PREFIX)).toBe(true);
    expect(replyIdempotencyKey(ID)).toBe(`waybill-reply-${ID}`);
  });

  it('both fit the 255 characters that the contract allows', () => {
    expect(replyRef(ID).length).toBeLessThanOrEqual(255);
    expect(replyIdempotencyKey(ID).length).toBeLessThanOrEqual(255);
  });

  it("a workflow id names the source and our own id, never the provider's", () => {
    expect(lifecycleWorkflowId('dashboard', ID)).toBe(`message/dashboard/${ID}`);
  });

  it('every source has a queue of its own, and an unreadable item an identity of its own', () => {
    expect(sourceQueue('dashboard')).toBe('source.dashboard');
    expect(unreadableId('ab12')).toBe('unreadable:ab12');
  });
});
