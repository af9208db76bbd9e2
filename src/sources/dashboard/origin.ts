import { WaybillError } from '../../domain/failures.js';

/**
 * The origin (scheme, host, port) of a dashboard's URL, to which its source is bound: path and query are left out.
 * @throws WaybillError ConfigurationInvalid where it is no http or https URL, or carries a user name
 */
export const dashboardOrigin = (url: string): string => parseBase(url).origin;

/** Origin and the path in front of the contract's routes; a /v1 at its end is the contract's own. */
export function parseBase(url: string): { origin: string; prefix: string } {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    throw invalid('the URL of the dashboard must begin with http:// or https://');
  if (parsed.username !== '' || parsed.password !== '')
    throw invalid('the URL of the dashboard must not carry a user name or password');
  return { origin: parsed.origin, prefix: parsed.pathname.replace(/\/+$/, '').replace(/\/v1$/, '') };
}

/** @throws WaybillError ConfigurationInvalid where the token cannot stand in a header; the token is not shown */
export function checkToken(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw invalid('the token of the dashboard must be printable ASCII characters without spaces');
  return token;
}

const invalid = (detail: string): WaybillError =>
  new WaybillError('ConfigurationInvalid', detail, { retryable: false });
