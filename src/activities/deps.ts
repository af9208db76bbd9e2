import type { Client } from '@temporalio/client';
import type { Digest } from '../assurance/digest.js';
import type { JudgeAccount } from '../assurance/probes/judge-claims.js';
import type { AlarmSink } from '../delivery/alarm-sink.js';
import type { CallingSetup } from '../delivery/calling/setup.js';
import type { HandOffDeps } from '../delivery/hand-off.js';
import type { LookDeps } from '../delivery/look.js';
import type { Form } from '../domain/forms.js';
import type { ClassifierChain } from '../domain/understanding.js';
import type { AttachmentStore } from '../ledger/attachment-store.js';
import type { Chooser } from '../playbooks/chooser.js';
import type { Courtesy } from '../sources/courtesy.js';
import type { FormClient } from '../sources/forms/client.js';
import type { InboundSender } from '../sources/inbound-sender.js';
import type { ModelClient } from '../sources/model/client.js';
import type { PhoneClient } from '../sources/phone/client.js';
import type { Logger } from '../telemetry/logger.js';

/** What activities are made of; built once per worker, released in reverse order. */
export interface ActivityDeps extends LookDeps {
  temporal: Client;
  log: { intake: Logger; lifecycle: Logger; delivery: Logger; provider: Logger; backfill: Logger };
  courtesy: Courtesy;
  classifier: ClassifierChain;
  /** The language model that this worker may ask, with the labels it may choose; absent where there is none. */
  model?: ModelClient | undefined;
  playbooks: Chooser;
  /** Who takes alarms; null where nobody is configured. */
  alarmSink: AlarmSink | null;
  /** What calls are made with; null where no phone provider is configured. */
  calling: CallingSetup | null;
  phoneOf(provider: string): PhoneClient;
  /** Whether a case is noted in its thread at the provider. */
  caseNotes: boolean;
  /** What is true of an interval right before a backfill walks it. */
  figuresBefore(walk: { source: string; from: Date; to: Date }): Promise<unknown>;
  drawDigest(period: { since: Date; until: Date }): Promise<Digest>;
  platformOf: HandOffDeps['platformOf'];
  platformClientOf: HandOffDeps['platformClientOf'];
  /** Our own addresses, in lower case. */
  ownAddresses: ReadonlySet<string>;
  /** Web forms of the configuration; none unless given. */
  forms?: readonly Form[];
  /** What speaks to the vendor of the form that a source is; null where this process has no access. */
  formClientOf?(source: string): FormClient | null;
  attachments: {
    /** False: they are named and not fetched. */
    wanted: boolean;
    /** Bytes of the largest one that is kept. */
    maxBytes: number;
    store: AttachmentStore;
  };
  /** Who writes mail to a source as a customer; null where nobody can. */
  senderOf(source: string): InboundSender | null;
  /** Reads the ledger for what bears on the claims of a source, and writes the verdicts. */
  judgeClaims(source: string): Promise<JudgeAccount>;
}
