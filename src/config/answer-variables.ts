import type { Variable } from './variable.js';

/** How messages are understood, answered, called back and given to people. */
export const ANSWER_VARIABLES = {
  WAYBILL_PLAYBOOKS: {
    group: 'playbooks',
    kind: 'path',
    default: null,
    doc: 'folder of the playbooks; unset: the starter set that comes with Waybill',
  },

  WAYBILL_INBOUND_SENDER: {
    group: 'source',
    kind: 'url',
    default: null,
    doc: 'server that writes mail as a customer: the control routes of the simulated dashboard',
  },
  WAYBILL_INBOUND_SENDER_TOKEN: { group: 'source', kind: 'token', default: null, secret: true, doc: 'its token' },

  WAYBILL_CLASSIFIER: {
    group: 'classifier',
    kind: 'classifiers',
    default: 'rules',
    doc: 'who finds out what a message asks for: rules, local, model; the first that does not abstain decides',
  },
  WAYBILL_MODEL_PROVIDER: {
    group: 'classifier',
    kind: 'provider',
    default: null,
    doc: 'whose API the language model is asked by; compatible: any endpoint that speaks the chat completions of OpenAI',
  },
  WAYBILL_MODEL_NAME: { group: 'classifier', kind: 'token', default: null, doc: 'name of the language model' },
  WAYBILL_MODEL_KEY: { group: 'classifier', kind: 'token', default: null, secret: true, doc: 'key of its API' },
  WAYBILL_MODEL_URL: {
    group: 'classifier',
    kind: 'url',
    default: null,
    doc: 'address of its API, as http://127.0.0.1:11434/v1; unset: that of the provider',
  },
  WAYBILL_MODEL_RATE: {
    group: 'classifier',
    kind: 'rate',
    default: '1',
    doc: 'questions to the language model at most',
  },
  WAYBILL_MODEL_LABELS: {
    group: 'classifier',
    kind: 'labels',
    default: null,
    doc: 'labels that the language model may choose; unset: those of the rules',
  },

  WAYBILL_CASE_NOTES: {
    group: 'people',
    kind: 'switch',
    default: 'false',
    doc: 'whether a case is noted in its thread, where the dashboard has internal notes that customers do not see',
  },
  WAYBILL_PLATFORMS: {
    group: 'people',
    kind: 'file',
    default: null,
    doc: 'file of the outside platforms that messages are handed off to (YAML or JSON); unset: none',
  },

  WAYBILL_PHONE_URL: {
    group: 'phone',
    kind: 'url',
    default: 'https://api.twilio.com',
    doc: 'phone provider that places calls: an API with the Calls resource of Twilio',
  },
  WAYBILL_PHONE_ACCOUNT_SID: {
    group: 'phone',
    kind: 'name',
    default: null,
    doc: 'account at the phone provider; unset: nobody is called',
  },
  WAYBILL_PHONE_AUTH_TOKEN: {
    group: 'phone',
    kind: 'token',
    default: null,
    secret: true,
    doc: 'its token, which signs the status callbacks too',
  },
  WAYBILL_PHONE_FROM: {
    group: 'phone',
    kind: 'phone',
    default: null,
    doc: 'number that calls come from; nobody else may call from it',
  },
  WAYBILL_PHONE_PUBLIC_URL: {
    group: 'phone',
    kind: 'url',
    default: null,
    doc: 'address under which the phone provider reaches our API, for status callbacks',
  },
  WAYBILL_PHONE_INSTRUCTIONS_URL: {
    group: 'phone',
    kind: 'url',
    default: null,
    doc: 'where the phone provider learns what to do once somebody answers (TwiML); our key is added to it',
  },
  WAYBILL_PHONE_REGION: {
    group: 'phone',
    kind: 'region',
    default: null,
    doc: 'country of telephone numbers without a country code; unset: such a number goes to a person',
  },
  WAYBILL_PHONE_ZONE: {
    group: 'phone',
    kind: 'text',
    default: null,
    doc: 'time zone of those who ask for calls, as Europe/London; unset: it has to be an hour for calls in every zone of the country',
  },
  WAYBILL_PHONE_HOURS: {
    group: 'phone',
    kind: 'hours',
    default: 'mon-fri 09:00-18:00',
    doc: 'when people may be called, by their own clock',
  },
  WAYBILL_PHONE_RATE: {
    group: 'phone',
    kind: 'rate',
    default: '1',
    doc: 'requests to the phone provider per second at most',
  },
} as const satisfies Record<string, Variable>;
