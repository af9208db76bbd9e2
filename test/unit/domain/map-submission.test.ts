import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldPaths } from '../../../src/domain/forms.js';
import { mapSubmission, normalizedFields } from '../../../src/domain/map-submission.js';
import { readPath } from '../../../src/domain/read-path.js';

const paths: FieldPaths = {
  email: 'data.email',
  message: 'answers[1].text',
  phone: 'fields[label=Phone].value',
  wants_callback: 'data.call',
  sequence: 'number',
  submitted_at: 'at',
  time_zone: 'zone',
};
const body = (more: object = {}) => ({
  data: { email: ' customer@example.com ', call: 'on' },
  answers: [{ text: 'no' }, { text: 'Where is my order?' }],
  fields: [{ label: 'Phone', value: '020 7946 0958' }],
  number: '17',
  at: '2026-03-02T11:00:00+01:00',
  zone: 'Asia/Tokyo',
  ...more,
});
const map = (value: unknown, required: readonly never[] | ['message'] = []) =>
  mapSubmission({ fields: paths, required }, value);

describe('a submission', () => {
  it('is read where the form says that its fields stand', () => {
    expect(map(body())).toEqual({
      ok: true,
      fields: {
        email: 'customer@example.com',
        name: null,
        phone: '020 7946 0958',
        subject: null,
        message: 'Where is my order?',
        language: null,
        submissionId: null,
        sequence: 17,
        submittedAt: '2026-03-02T10:00:00.000Z',
        wantsCallback: true,
        timeZone: 'Asia/Tokyo',
      },
    });
  });

  it.each([
    ['email: is no address', { data: { email: 'canary at nowhere' } }],
    ['sequence: is no whole number', { number: 1.5 }],
    ['submitted_at: is no instant', { at: '2026-03-02 canary' }],
    ['message: is missing', { answers: [] }],
    ['email: is no text', { data: { email: { canary: 1 } } }],
    ['message: is too long', { answers: [0, { text: 'canary'.repeat(20_000) }] }],
  ])('%s is named, and nothing that it says', (problem, more) => {
    const mapped = map(body(more), ['message']);
    expect(mapped).toMatchObject({ ok: false, problem });
    expect(JSON.stringify(mapped)).not.toContain('canary');
  });

  it('is mapped or refused whatever it is, and what is kept of it can be stored', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.record({ data: fc.anything(), answers: fc.anything() })), (value) => {
        const mapped = map(value);
        if (mapped.ok) expect(JSON.stringify(mapped.fields)).not.toMatch(/\0|\\u0000|\\ud[89a-f]/i);
      }),
    );
  });

  it('reads no path beyond what an object has of its own', () => {
    expect(readPath({}, '__proto__.toString')).toBeUndefined();
    expect(readPath({ a: [] }, 'a.length')).toBe(0);
    expect(readPath({ a: 1 }, '')).toEqual({ a: 1 });
  });

  it('has the same words whichever way it came', () => {
    const mapped = map(body());
    if (!mapped.ok) throw new Error('mapped');
    const { fields } = mapped;
    const mailed = {
      ...fields,
      message: 'Where is\r\n  my order ?',
      email: 'Customer@Example.com',
      phone: '(020) 7946-0958',
    };
    expect(normalizedFields(mailed)).toBe(normalizedFields(fields));
    expect(normalizedFields({ ...fields, message: 'Where is my other order?' })).not.toBe(normalizedFields(fields));
  });
});
