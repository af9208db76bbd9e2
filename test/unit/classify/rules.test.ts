import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LABELS } from '../../../src/classify/labels.js';
import { textOf } from '../../../src/classify/local/local-link.js';
import { classify, normalizeWords } from '../../../src/classify/rules.js';

const labelOf = (text: string, subject: string | null = null) => classify({ subject, text }).label;

describe('classify', () => {
  test.each([
    'Where is my order?',
    'Hello, where’s my parcel? I ordered it last week.',
    'My package still hasn’t arrived.',
    'I have not received my delivery yet',
    'When will my order arrive?',
    'How long does shipping take?',
    'Could you tell me the tracking number of my shipment?',
    'I am still waiting for the parcel you sent',
    'Can you give me an update on my order, please?',
    'My delivery is late',
  ])('%j asks for the status of a delivery', (text) => {
    expect(labelOf(text)).toBe('delivery_status');
  });

  test.each([
    'I forgot my password',
    'I can’t remember my passcode, what now?',
    'Please reset my password',
    'I cannot log in',
    'The app will not let me log in',
    'My password does not work any more',
    'How do I get a new password?',
    'I lost my login details',
  ])('%j asks for a new password', (text) => {
    expect(labelOf(text)).toBe('password_reset');
  });

  test.each([
    ['I want a refund because my package has not arrived', 'refund'],
    ['Please cancel my order', 'cancel_order'],
    ['The parcel arrived damaged', 'complaint'],
    ['My phone was stolen and I cannot log in', 'lost_or_stolen'],
    ['My account is blocked, how do I log in now', 'lost_or_stolen'],
    ['My transfer has not arrived', 'payment_problem'],
    ['I moved house, please change my address', 'change_details'],
  ])('%j is for a person: %s', (text, label) => {
    expect(labelOf(text)).toBe(label);
  });

  test.each([
    '',
    'Good morning',
    'Do you sell gift cards?',
    'I received my card, how do I activate it?',
    'Which countries do you deliver to?',
    'Wo ist mein Paket?',
  ])('%j is unknown', (text) => {
    expect(labelOf(text)).toBe('unknown');
  });

  test('two intents that could be answered at once are unknown, with the phrases of both', () => {
    const { label, reasons } = classify({
      subject: null,
      text: 'Where is my order? And I forgot my password.',
    });
    expect(label).toBe('unknown');
    expect(reasons).toEqual(['asks for several things', expect.any(String), expect.any(String)]);
  });

  test('the subject counts as well, and what is quoted does not', () => {
    expect(labelOf('Please help.', 'Forgotten password')).toBe('password_reset');
    expect(labelOf('Thank you, all is well.\n\nOn Monday customer service wrote:\n> Where is my order?')).toBe(
      'unknown',
    );
    expect(labelOf('Thanks!\n> Where is my order?')).toBe('unknown');
  });

  test('a subject of 100 kB is read in less than a second', () => {
    const begun = performance.now();
    expect(labelOf('Where is my order?', 'new '.repeat(25_000))).toBe('delivery_status');
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  test('a trained classifier reads no more of a subject than the rules, and so always the text', () => {
    const text = 'My order number is 12345.';
    expect(textOf({ subject: 'Where is it?', text })).toBe(`Where is it?\n${text}`);
    expect(textOf({ subject: 'Re: Where is my order?', text })).toBe(text);
    expect(textOf({ subject: 'x'.repeat(10_000), text }).slice(0, 1_000)).toContain(text);
  });

  test('the subject of a reply is that of a message before it, and counts where nothing else does', () => {
    expect(labelOf('My order number is 12345.', 'Re: Where is my order?')).toBe('unknown');
    expect(labelOf('Vielen Dank!', 'AW: Re: Where is my order?')).toBe('unknown');
    expect(labelOf('', 'Re: Where is my order?')).toBe('delivery_status');
    expect(labelOf('Please help.', 'Reset my password')).toBe('password_reset');
  });

  test('more phrases make it surer, and a long text makes it less sure, down to unknown', () => {
    const story = 'It is a gift for a friend. '.repeat(60);
    const read = (text: string) => classify({ subject: null, text });
    const one = read('Where is my order?');
    const two = read('Where is my order? It has not arrived yet.');
    expect(two.confidence).toBeGreaterThan(one.confidence);
    expect(read(`Where is my order? ${story}`)).toMatchObject({
      label: 'unknown',
      reasons: expect.arrayContaining(['not sure enough']),
    });
    const long = read(`Where is my order? It has not arrived yet. ${story}`);
    expect(long.label).toBe('delivery_status');
    expect(long.confidence).toBeLessThan(two.confidence);
  });

  test('any text gets a known label, a confidence from 0 to 1 and a reason, and the same each time', () => {
    const words = fc.constantFrom(
      'where',
      'is',
      'my',
      'order',
      'not',
      'arrived',
      'forgot',
      'password',
      'refund',
      'cancel',
      "can't",
      'log',
      'in',
      '.',
      '?',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words, { maxLength: 40 }).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(texts, fc.option(fc.string()), (text, subject) => {
        const result = classify({ subject, text });
        expect(Object.keys(LABELS)).toContain(result.label);
        expect(result.confidence).toBeGreaterThanOrEqual(0);
        expect(result.confidence).toBeLessThanOrEqual(1);
        expect(result.reasons.length).toBeGreaterThan(0);
        expect(classify({ subject, text })).toEqual(result);
      }),
    );
  });

  test('reasons name the rule and never quote the message', () => {
    const result = classify({ subject: 'canary', text: 'canary: where is my canary order?' });
    expect(JSON.stringify(result)).not.toContain('canary');
  });

  test.each([
    'a ',
    'my order ',
    'where is my ',
    'not my card ',
    'waiting a b c d e f ',
    'ordered ',
    'how long ',
    "can't remember ",
    '>',
    '-- ',
  ])('a text of %j over and over is decided in well under a second', (part) => {
    const started = performance.now();
    labelOf(part.repeat(200_000 / part.length));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('normalizeWords', () => {
  test('writes contractions out, so that one form of a phrase is enough', () => {
    expect(normalizeWords("I can't  won’t haven't hasnt I've where's\nRECIEVED")).toBe(
      'i can not will not have not has not i have where is received',
    );
  });
});
