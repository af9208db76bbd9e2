/** Whether colour is unwanted: https://no-color.org, which Node 20 does not look at by itself. */
export const noColour = Boolean(process.env['NO_COLOR']);

/** Whether colour is wanted where no terminal is, as for a recording. Node's own name for it; NO_COLOR outweighs it. */
export const forcesColour = Boolean(process.env['FORCE_COLOR']);

/** Whether an unexpected error is shown with its stack. */
export const showsStacks = process.env['WAYBILL_LOG_LEVEL'] === 'debug' || process.env['WAYBILL_LOG_LEVEL'] === 'trace';
