import type { SeededRandom } from './seeded-random.js';

interface Intent {
  name: string;
  /** How often it is written about, relative to the others. */
  weight: number;
  subjects: readonly string[];
  cores: readonly string[];
}

/** What the customers of an invented delivery and payment service write about. */
const INTENTS: readonly Intent[] = [
  {
    name: 'delivery_status',
    weight: 22,
    subjects: ['Where is my order?', 'Parcel {order}', 'Order {order} has not arrived', 'Delivery status'],
    cores: [
      'Where is my order {order}? It was due on {day}.',
      'My parcel has not arrived yet. Can you tell me where it is? The order number is {order}.',
      'Could you tell me the delivery status of order {order}?',
      'I ordered {days} days ago and my package has still not been delivered. Order {order}.',
      'The tracking of parcel {order} has not changed for {days} days. When will it arrive?',
      'When will my order arrive? I have been waiting for {days} days, number {order}.',
    ],
  },
  {
    name: 'password_reset',
    weight: 16,
    subjects: ['Cannot log in', 'Password forgotten', 'Reset my password', 'Login problem'],
    cores: [
      'I forgot my password. How can I reset it?',
      'I cannot log in to my account any more, it says that the password is wrong.',
      'Please send me a link to reset my password, the last one did not work.',
      'The password reset mail never comes. I can not log in since {day}.',
      'I have forgotten my password and would like to set a new one.',
    ],
  },
  {
    name: 'refund',
    weight: 12,
    subjects: ['Refund', 'Money back for {order}', 'Refund still missing'],
    cores: [
      'I sent the goods of {order} back {days} days ago and have not seen my refund.',
      'Please refund order {order}, I cancelled it on {day}.',
      'How long does a refund take? It is about {amount} euros.',
    ],
  },
  {
    name: 'damaged_item',
    weight: 9,
    subjects: ['Damaged item', 'Broken on arrival', 'Complaint about {order}'],
    cores: [
      'The box of {order} was crushed and the lamp inside is broken.',
      'One of the {days} glasses came in pieces. What do I have to do?',
      'The item works no longer after one day. I would like a replacement for {order}.',
    ],
  },
  {
    name: 'invoice',
    weight: 9,
    subjects: ['Invoice for {order}', 'Wrong invoice', 'Copy of an invoice'],
    cores: [
      'Please send me the invoice of {order} again, our accounts department needs it.',
      'The invoice names the wrong company. Can it be corrected? Number {order}.',
      'I was charged {amount} euros but the invoice says less.',
    ],
  },
  {
    name: 'card_payment',
    weight: 8,
    subjects: ['Payment declined', 'Charged twice', 'Card payment'],
    cores: [
      'My card was declined although there is enough money on it.',
      'You charged me twice for order {order}, {amount} euros each time.',
      'There is a payment of {amount} euros on my statement that I do not recognise.',
    ],
  },
  {
    name: 'address_change',
    weight: 7,
    subjects: ['New address', 'Change of address', 'Wrong address on {order}'],
    cores: [
      'I have moved. Please change the address of my account.',
      'I typed the wrong house number for {order}. Can the driver still be told?',
      'Please deliver {order} to my neighbour instead.',
    ],
  },
  {
    name: 'cancel',
    weight: 7,
    subjects: ['Cancellation', 'Cancel order {order}', 'Please stop my subscription'],
    cores: [
      'Please cancel order {order}, I no longer need it.',
      'I want to end my subscription by the end of the month.',
      'Can I still cancel? I ordered on {day} and it has not been sent.',
    ],
  },
  {
    name: 'callback',
    weight: 5,
    subjects: ['Please call me', 'Call back', 'Nobody answers the phone'],
    cores: [
      'Please call me back at +1 202 555 01{two}, mornings are best.',
      'I tried to reach you by telephone for {days} days. Please ring me: +1 202 555 01{two}.',
    ],
  },
  {
    name: 'praise_or_other',
    weight: 5,
    subjects: ['A question', 'Thank you', 'Opening hours'],
    cores: [
      'Are you open on public holidays?',
      'I wanted to say that the driver on {day} was very kind.',
      'Do you also deliver to islands, and what would that cost?',
    ],
  },
];

const GREETINGS = ['Hello,', 'Hi there,', 'Dear team,', 'Good morning,', 'Good evening,', ''];
const EXTRAS = [
  '',
  '',
  'I am a customer since many years.',
  'I would be glad about a quick answer.',
  'This is the second time that I write.',
  'The app shows nothing about it.',
];
const CLOSINGS = ['Thanks', 'Kind regards', 'Many thanks in advance', 'Best wishes', ''];
const FOLLOW_UPS = [
  'Is there any news about this?',
  'I have not heard from you. Could you look at it again, please?',
  'Thank you, but that did not help. It is still the same.',
  'One more thing: the number is {order}.',
  'Sorry for writing again after such a long time, the problem is back.',
  'I am still waiting for an answer to my last mail of {day}.',
];
const PERSON_REPLIES = [
  'Thank you for your message. We have passed it on to the team in charge and come back to you.',
  'We are sorry for the trouble. Could you send us a photo and the number on the label?',
  'This has been settled today. Please tell us if anything is missing.',
  'We looked into it: your request {order} is being worked on.',
];
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const TOTAL = INTENTS.reduce((sum, intent) => sum + intent.weight, 0);

export interface Writing {
  subject: string;
  text: string;
}

/** Where the words of customers come from: our own templates, or the rows of a corpus. */
export interface Texts {
  opening(random: SeededRandom): Writing;
  followUp(random: SeededRandom): string;
}

export const templateTexts: Texts = {
  opening(random) {
    const intent = pickIntent(random);
    const subject = fill(random.pick(intent.subjects), random);
    return { subject, text: letter(fill(random.pick(intent.cores), random), random) };
  },
  followUp(random) {
    if (random.chance(0.35)) return letter(fill(random.pick(pickIntent(random).cores), random), random);
    return letter(fill(random.pick(FOLLOW_UPS), random), random);
  },
};

export function corpusTexts(rows: readonly string[]): Texts {
  return {
    opening(random) {
      const text = random.pick(rows);
      return { subject: text.split(/\s+/).slice(0, 6).join(' '), text };
    },
    followUp: (random) => random.pick(rows),
  };
}

export function personText(random: SeededRandom): string {
  return fill(random.pick(PERSON_REPLIES), random);
}

function pickIntent(random: SeededRandom): Intent {
  let rest = random.next() * TOTAL;
  for (const intent of INTENTS) {
    rest -= intent.weight;
    if (rest < 0) return intent;
  }
  throw new RangeError('the weights of the intents do not add up');
}

function letter(core: string, random: SeededRandom): string {
  return [random.pick(GREETINGS), core, random.pick(EXTRAS), random.pick(CLOSINGS)]
    .filter((part) => part !== '')
    .join('\n');
}

function fill(template: string, random: SeededRandom): string {
  return template
    .replaceAll('{order}', `WB-${random.between(100000, 999999)}`)
    .replaceAll('{day}', random.pick(DAYS))
    .replaceAll('{days}', String(random.between(3, 19)))
    .replaceAll('{amount}', `${random.between(5, 240)}.${random.between(10, 99)}`)
    .replaceAll('{two}', String(random.between(10, 99)));
}
