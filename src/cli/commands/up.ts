import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { stopSignal } from '../stop-signal.js';

interface UpFlags {
  once?: boolean;
  json?: boolean;
  fresh?: boolean;
  mode?: string;
  answerFrom?: string;
  dashboardUrl?: string;
  dashboardToken?: string;
  corpus?: string;
}

export function addUp(program: Command): void {
  program
    .command('up')
    .description(
      'run everything here: Postgres, Temporal, worker, API, and the simulated dashboard unless a real one is configured',
    )
    .option('--once', 'take in and decide everything that the source holds now, print the account and stop')
    .option('--json', 'JSON lines; with --once the account is one JSON object on the last line')
    .option('--fresh', 'remove the data of the embedded installation first')
    .option('--mode <mode>', 'what the source may do: observe or live (WAYBILL_MODE)')
    .option('--answer-from <instant>', 'in live, answer what was first seen and written from this instant on')
    .option('--dashboard-url <url>', 'take messages from this dashboard (WAYBILL_DASHBOARD_URL)')
    .option('--dashboard-token <token>', 'its token (WAYBILL_DASHBOARD_TOKEN, which does not show in the process list)')
    .option('--corpus <file>', 'CSV with a column "text" for the texts of the simulated customers')
    .addHelpText(
      'after',
      '\nExit codes: 0 stopped, or with --once all books balance; 1 they do not; 130 interrupted before the end; 2, 3, 4 as for every command.',
    )
    .action(async (flags: UpFlags) => {
      const stop = stopSignal();
      const given = {
        WAYBILL_MODE: flags.mode,
        WAYBILL_ANSWER_FROM: flags.answerFrom,
        WAYBILL_DASHBOARD_URL: flags.dashboardUrl,
        WAYBILL_DASHBOARD_TOKEN: flags.dashboardToken,
        WAYBILL_CORPUS: flags.corpus,
      };
      const { up } = await import('../up/up.js');
      process.exitCode = await up({
        config: processConfig(given),
        configWith: (settings) => processConfig({ ...given, ...settings }),
        once: flags.once === true,
        json: flags.json === true,
        fresh: flags.fresh === true,
        stop,
      });
    });
}
