import { type ClassifierModel, modelTitle } from '../../ledger/classifier-models.js';
import { paint } from '../output.js';

export const CODES = '2, 3, 4 as for every command.';

export const percent = (share: number | null): string => (share === null ? '-' : `${(100 * share).toFixed(1)} %`);

export function line(model: ClassifierModel): string {
  const { share, precision } = (model.figures.heldBack ?? {}) as { share?: number; precision?: number | null };
  const reaches = share === undefined ? '' : `, decides ${percent(share)} with ${percent(precision ?? null)} right`;
  return (
    `${paint('bold', modelTitle(model))}${model.active ? ' (in force)' : ''}  ${model.trainedAt.toISOString()} by ${model.trainedBy}: ` +
    `${model.labels.length} labels${reaches}, ${Math.round(model.bytes / 1024)} KiB`
  );
}
