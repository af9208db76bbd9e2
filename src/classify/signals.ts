import type { Label } from './labels.js';

export interface Signal {
  label: Exclude<Label, 'unknown'>;
  /** Share of messages with this phrase that are expected to ask for the label. */
  weight: number;
  reason: string;
  /** Matched against what normalizeWords gives: lower case, single spaces, contractions written out. */
  pattern: RegExp;
}

const THING = '(?:cards?|parcel|package|packet|order|delivery|shipment|items?|letter|purchase|goods|stuff)';
const MY_THING = `(?:(?:my|the|our|that|this|a|an) )?(?:[a-z]+ ){0,2}?${THING}`;
const IT = `(?:${MY_THING}|it|they)`;
const SECRET =
  '(?:pass[ -]?words?|pass[ -]?codes?|pass ?phrase|log-?in (?:details|code|data)|app code|code (?:for|to get into|to open) the app)';
const SIGN_IN =
  '(?:log(?:ging)?[ -]?(?:in|on|into)|sign(?:ing)?[ -]?(?:in|on|into)|(?:access|get into|getting into|accessing|open) (?:my account|the app|my profile))';

const phrase = (source: string): RegExp => new RegExp(`\\b${source}`);

/** The phrases that speak for a label. Several add up; one alone is enough where it says what it wants. */
export const SIGNALS: readonly Signal[] = [
  {
    label: 'delivery_status',
    weight: 0.85,
    reason: 'asks where something is',
    pattern: phrase(
      `where (?:is|are|has) (?:my|the|our|that) (?:[a-z]+ ){0,2}?${THING}(?! (?:number|details|payment|fee|accepted|linked))\\b`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.8,
    reason: 'asks where something is',
    pattern: phrase(`(?:locate|what happened to|whereabouts of|check on) (?:my|the|our) (?:[a-z]+ ){0,2}?${THING}\\b`),
  },
  {
    label: 'delivery_status',
    weight: 0.85,
    reason: 'asks to track something',
    pattern: phrase(
      `(?:(?<!lost |lose )track(?:ing)?(?: down)? (?:of |for |on )?(?:my|the|that) (?:[a-z]+ ){0,2}?${THING}\\b|tracking (?:number|info|information|link|code|id|details)\\b|(?:way|able|number) to track\\b|track it\\b|(?:get|have|is there) tracking\\b)`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.85,
    reason: 'something has not arrived',
    pattern: phrase(
      `${IT}(?: that i ordered| i ordered| you sent)? (?:(?:still|yet|has|have|is|was|did|does|had) )*(?:not|never) (?:(?:yet|still|even) )?(?:arrived?|been delivered|delivered|come|came|here|turned up|shown up|show up|reached|get here|gotten here|in the mail)\\b`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.85,
    reason: 'something has not arrived',
    pattern: phrase(
      `(?:not|never) (?:(?:i |you )?(?:(?:yet|still|actually) )?(?:received?|receiving|gotten|got|get|seen) (?:my|the|our|that) (?:[a-z]+ ){0,2}?${THING}(?! (?:itself )?to work)|(?:my|the|our) (?:[a-z]+ ){0,2}?${THING} (?:yet )?(?:arrived|come|been delivered|here))\\b`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.75,
    reason: 'something ordered is not here',
    pattern: phrase(
      `(?:ordered|issued|requested|expecting|supposed to (?:arrive|receive|get))\\b[^?!]{0,60}\\b(?:not|never) (?:(?:yet|still) )?(?:arrived?|received?|come|came|here|gotten|got|delivered|turned up|shown up)\\b`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.8,
    reason: 'something should be here by now',
    pattern: phrase(
      `(?:(?:expect(?:ing|ed)|supposed to|should|would|thought)\\b[^.?!]{0,40}\\b${THING}\\b[^.?!]{0,20}\\b(?:by now|already|at this point)|${THING} (?:be|is) here (?:by now|soon))\\b`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.85,
    reason: 'asks when something will arrive',
    pattern: phrase(
      `when (?:will|do|does|can|should|would|might|is|are) (?:(?:i|we|you|it) )?(?:(?:be able to|expect|get|receive|have|see|deliver|to get|to receive|to have) )*(?:my|the|our|that|a) (?:[a-z]+ ){0,2}?${THING}(?! (?:decline|active|work|expire|limit|payment))\\b`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.85,
    reason: 'asks when something will arrive',
    pattern: phrase(
      `(?:(?:when|day|date|time|how soon) (?:will |does |can |should |is )?${IT} (?:(?:will|should|would|might|can|is|are|to|be|get|going|supposed) )*(?:arrives?|arriving|here|delivered|come|gets? here|get to me|reach|show up)|when (?:i can|can i|should i|to) expect (?:to (?:get|receive) )?(?:it|delivery)|when are ${THING} delivered)\\b`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.85,
    reason: 'asks how long a delivery takes',
    pattern: phrase(
      `how (?:long|soon|fast|quick(?:ly)?|much longer|many days)\\b[^.?!]{0,60}\\b(?:deliver(?:y|ies|ed)?|shipping|ship|arrives?|${THING} (?:arrives?|is here|gets? here|gets? to me|mailed)|(?:get|receive|wait(?:ing)? (?:for|on)) (?:my|the) (?:[a-z]+ ){0,2}?${THING}|get (?:here|to me|to the us))\\b`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.8,
    reason: 'waits for something',
    pattern: phrase(
      `(?:wait|waiting|waited)(?: [a-z0-9]+){0,6}? (?:for|on) (?:my|the|that|our) (?:[a-z]+ ){0,2}?${THING}\\b`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.85,
    reason: 'asks for the status of something',
    pattern: phrase(
      `(?:status|progress|update|up date|news) (?:of|on|for|about) (?:the (?:arrival|delivery) of )?(?:my|the|our) (?:[a-z]+ ){0,2}?${THING}\\b`,
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.8,
    reason: 'asks for a delivery time',
    pattern: phrase(
      '(?:(?:delivery|shipping|arrival) (?:time|times|status|estimate|update|timeframe|speed)|estimated (?:delivery|arrival)|estimated date (?:of|for) delivery|(?:the|an) eta|expected (?:delivery|wait time))\\b',
    ),
  },
  {
    label: 'delivery_status',
    weight: 0.75,
    reason: 'something is late',
    pattern: phrase(
      `(?:my|the|our) (?:[a-z]+ ){0,2}?${THING} (?:is|seems|are) (?:late|overdue|delayed|taking (?:so|too|very) long|lost in the (?:mail|post))\\b`,
    ),
  },

  {
    label: 'password_reset',
    weight: 0.9,
    reason: 'a password is forgotten or not known',
    pattern: phrase(
      `(?:forg[oe]t(?:ten|ting)?|misplaced|lost|unaware of|(?:not|ca nt) (?:(?:seem to|be able to|longer) )?(?:remember|recall|know|find|have|sure))\\b[^.?!]{0,25}\\b${SECRET}`,
    ),
  },
  {
    label: 'password_reset',
    weight: 0.9,
    reason: 'a password is to be reset',
    pattern: phrase(
      `(?:(?:reset|resetting|recover|retrieve|restore|renew)\\b[^.?!]{0,25}\\b${SECRET}|${SECRET} (?:be )?(?:reset|recovery|retrieval|recovered))\\b`,
    ),
  },
  {
    label: 'password_reset',
    weight: 0.75,
    reason: 'asks for a password',
    pattern: phrase(
      `(?:(?:new|another|different|change|changing|receive|get|set up|need|what is|look ?up|help with) (?:(?:my|a|the|your|new|another|different|app) )*${SECRET})\\b`,
    ),
  },
  {
    label: 'password_reset',
    weight: 0.85,
    reason: 'a password is not accepted',
    pattern: phrase(
      `(?:${SECRET} (?:(?:i have|that i have|is|was|does|will|has been|be|being|keeps) )*(?:not (?:(?:being|be) )?(?:work|working|accepted|accept|recogni[sz]ed|valid)|denied|incorrect|wrong|invalid|rejected|fail(?:s|ing)?|stopped working)|does not (?:my|the) ${SECRET} work)\\b`,
    ),
  },
  {
    label: 'password_reset',
    weight: 0.75,
    reason: 'signing in does not work',
    pattern: phrase(
      `(?:can not|could not|unable to|not able to|not let(?:ting)? me|trouble|problems?|locked out)\\b[^.?!]{0,15} (?:${SIGN_IN}|of my account)\\b`,
    ),
  },

  {
    label: 'refund',
    weight: 0.9,
    reason: 'speaks of a refund',
    pattern: phrase(
      'refund(?:s|ed|ing|able)?\\b|money back\\b|reimburse|charge ?back\\b|return (?:my|the) (?:money|purchase|item|order)\\b|give me back',
    ),
  },
  {
    label: 'cancel_order',
    weight: 0.85,
    reason: 'something is to be cancelled',
    pattern: phrase(
      '(?:cancel(?:l?ed|l?ing|lation)?|revoke|undo|terminate|close|delete)\\b[^.?!]{0,40}\\b(?:order|payment|transfer|transaction|purchase|subscription|account|contract|delivery|it)\\b|\\bcancell?ation\\b',
    ),
  },
  {
    label: 'complaint',
    weight: 0.8,
    reason: 'is discontented',
    pattern: phrase(
      '(?:complain(?:t|ts|ing)?|unacceptable|disgust(?:ed|ing)|terrible|awful|ridiculous|appalling|outrage(?:d|ous)?|furious|disappointed|fed up|had enough|got enough|worst|rip-?off|scam(?:med)?|lawyer|solicitor|sue|damaged|broken|wrong item|defective|faulty)\\b',
    ),
  },
  {
    label: 'lost_or_stolen',
    weight: 0.9,
    reason: 'something is in strange hands or lost',
    pattern: phrase(
      '(?:stolen|stole|theft|hacked|compromised|fraud(?:ulent)?|thief|mugged|robbed|pick-?pocketed)\\b|\\b(?:lost|misplaced|lose|can not find) (?:my|the) (?:[a-z]+ )?(?:card|phone|wallet|purse|mobile)\\b|\\bsomeone (?:else )?(?:is using|used|has|got|knows)\\b',
    ),
  },
  {
    label: 'payment_problem',
    weight: 0.8,
    reason: 'speaks of a payment',
    pattern: phrase(
      '(?:(?:money |bank |cash )?(?:transfer(?:s|red|ring)?|transaction(?:s)?|withdraw(?:al|als|n|ing)?|withdrew|deposit(?:s|ed)?)|top(?:ped|ping)?[ -]?up|declined|charged (?:twice|two|double|extra|me)|exchange rate|direct debit|salary|cash|atm|cash ?point|recipient|beneficiary|landlord|cheque|pending|fee|fees|identity|virtual)\\b|\\b(?:sent|send|sending|receiv(?:e|ed|ing)|refused) (?:my |the |me |some )?(?:money|payment|funds)\\b|\\bpayment (?:failed|did|was|is|has)\\b',
    ),
  },
  {
    label: 'change_details',
    weight: 0.8,
    reason: 'data are to be changed',
    pattern: phrase(
      '(?:change|update|edit|correct|modify)\\b[^.?!]{0,25}\\b(?:name|address|e-?mail|phone number|telephone|details|information)\\b|\\b(?:new address|moved house|i have moved|moving house)\\b',
    ),
  },
  {
    label: 'lost_or_stolen',
    weight: 0.7,
    reason: 'access was blocked, which a person has to look into',
    pattern: phrase(
      '(?:account|card|access|pin|i) (?:is|was|has been|got|am|are|been) (?:blocked|suspended|frozen|restricted|disabled)\\b|\\bunblock\\b|\\bunlock\\b',
    ),
  },
];

/** Phrases that turn a sentence about a delivery into one about something that is here already or is not about its way. */
export const NOT_DELIVERY: readonly RegExp[] = [
  phrase(
    '(?<!not )(?:i|just|finally)(?: have| just| finally| already)* (?:received|got|gotten) (?:my|the|a) (?:[a-z]+ )?(?:card|parcel|package|order)\\b',
  ),
  phrase('(?:pin|passcode|activat|link(?:ing|ed)?|expir|spare|additional|extra card|apple|google)'),
  phrase(
    '(?:where|which|what|do you|can you|could you)[^.?!]*(?:deliver|ship)(?:ed|s)? (?:cards? )?(?:to|abroad|internationally|by|where)\\b',
  ),
];
