/** Whether colour is unwanted: https://no-color.org, which Node 20 does not look at by itself. */
export const noColour = Boolean(process.env['NO_COLOR']);
