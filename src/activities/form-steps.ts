import { CloseFormRoundInput, OpenFormRoundInput } from '../contracts/form-steps.js';
import { closeFormRound, type FormAccount, type FormRound, openFormRound } from '../ledger/form-rounds.js';
import { remapSubmissions } from '../ledger/remap-submissions.js';
import type { ActivityDeps } from './deps.js';

/** Steps of the reconciliation of forms that touch the ledger alone. */
export const createFormSteps = ({ db, clock, timing, log, forms = [] }: ActivityDeps) => {
  const formOf = (source: string) => forms.find((one) => one.source === source) ?? null;
  return {
    /** Null where no form of that source is configured any more. */
    async openFormRound(payload: OpenFormRoundInput): Promise<(FormRound & { list: boolean }) | null> {
      const { source, runId, audit = false } = OpenFormRoundInput.parse(payload);
      const form = formOf(source);
      if (form === null) return null;
      const round = await openFormRound(db, { form, runId, audit, now: clock.now(), timing });
      return { ...round, list: form.reconciliation.by === 'list' };
    },

    /** What lies parked is mapped again where its time has come, and the evidence of the round is judged. */
    async closeFormRound(payload: CloseFormRoundInput): Promise<FormAccount & { remapped: number }> {
      const { source, roundId } = CloseFormRoundInput.parse(payload);
      const form = formOf(source);
      if (form === null) return { listed: 0, recovered: 0, missing: null, canary: 'none', remapped: 0 };
      const { mapped } = await remapSubmissions(db, { forms: [form], which: 'due', now: clock.now(), timing });
      const account = await closeFormRound(db, { form, roundId, now: clock.now(), timing });
      if (account.recovered > 0) log.intake.warn({ event: 'submission.recovered', source, stored: account.recovered });
      return { ...account, remapped: mapped };
    },
  };
};

export type FormSteps = ReturnType<typeof createFormSteps>;
