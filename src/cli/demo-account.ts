import { request } from 'undici';
import { z } from 'zod';
import { WaybillError } from '../domain/failures.js';
import { REPLY_REF_PREFIX } from '../domain/identity.js';
import type { Sql } from '../ledger/database.js';

/**
 * The one module of the product that asks a truth route, after a run has ended by the ledger's own criteria, to compare by id
 * what the simulated provider held with what the ledger holds.
 */
const Truth = z.object({
  obtainable: z.array(z.string()),
  unobtainable: z.array(z.string()),
  replies: z.array(z.object({ clientRef: z.string().nullable(), messageId: z.string() })),
  twinGroups: z.array(z.array(z.string())),
});

export interface TruthAccount {
  obtainable: number;
  unobtainable: number;
  missing: number;
  /** Provider ids of what is missing; the first hundred. */
  missingIds: string[];
  /** Replies of ours that the provider executed. */
  repliesExecuted: number;
  answeredTwice: number;
}

export async function compareWithTruth(
  db: Sql,
  simulator: { url: string; controlToken: string },
  at: Date,
): Promise<TruthAccount> {
  const answer = await request(`${simulator.url}/truth?at=${at.toISOString()}`, {
    headers: { authorization: `Bearer ${simulator.controlToken}` },
  });
  const body = await answer.body.text();
  if (answer.statusCode !== 200)
    throw new WaybillError('Unexpected', `The truth ledger answered ${answer.statusCode}.`);
  const truth = Truth.parse(JSON.parse(body));
  const missing = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM unnest(${truth.obtainable}::text[]) AS row (id)
    WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.source = 'simulator' AND m.provider_message_id = row.id)
      AND NOT EXISTS (SELECT 1 FROM park p WHERE p.source = 'simulator' AND p.kind = 'message' AND p.item = row.id)`;
  const ours = truth.replies.filter((reply) => reply.clientRef?.startsWith(REPLY_REF_PREFIX));
  return {
    obtainable: truth.obtainable.length,
    unobtainable: truth.unobtainable.length,
    missing: missing.length,
    missingIds: missing.slice(0, 100).map((row) => row.id),
    repliesExecuted: ours.length,
    answeredTwice: await answeredTwice(
      db,
      ours.flatMap((reply) => (reply.clientRef ? [reply.clientRef] : [])),
      truth.twinGroups,
    ),
  };
}

/** Twin groups, by truth, with more than one executed reply. */
async function answeredTwice(db: Sql, refs: readonly string[], twinGroups: readonly string[][]): Promise<number> {
  const rows = await db.$queryRaw<{ ref: string; id: string }[]>`
    SELECT o.client_ref AS ref, m.provider_message_id AS id FROM outbox o JOIN message m ON m.id = o.message_id
    WHERE o.client_ref = ANY (${[...refs]}::text[])`;
  const answered = new Map(rows.map((row) => [row.ref, row.id]));
  const groupOf = new Map(twinGroups.flatMap((group, index) => group.map((id) => [id, `group ${index}`] as const)));
  const executions = new Map<string, number>();
  for (const ref of refs) {
    const id = answered.get(ref) ?? ref;
    const group = groupOf.get(id) ?? id;
    executions.set(group, (executions.get(group) ?? 0) + 1);
  }
  return [...executions.values()].filter((count) => count > 1).length;
}
