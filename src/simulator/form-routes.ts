import type { Clock } from '../domain/clock.js';
import { type Answer, type Exchange, holdsToken, readJson } from './exchange.js';
import { optionalAmount, queryInstant, requiredAmount, requiredText } from './fields.js';
import { FormVendor } from './form-vendor.js';
import { RequestProblem } from './refusal.js';

const MOST = 10_000;

export interface FormRoutes {
  /** Everything under /forms: the list, and the form itself. */
  answer(exchange: Exchange): Promise<Answer>;
  control(exchange: Exchange): Promise<Answer>;
  truth(exchange: Exchange): Answer;
  add(vendor: FormVendor): void;
}

/** The vendors of web forms of one simulator, one for each form that a control route made. */
export function formRoutes(options: { token: string; seed: number; clock: Clock }): FormRoutes {
  const vendors = new Map<string, FormVendor>();
  const vendorOf = (name: string): FormVendor => {
    const found = vendors.get(name);
    if (!found) throw new RequestProblem(404, 'unknown', 'there is no such form');
    return found;
  };
  return {
    async answer({ method, path, query, request }) {
      const [, name = '', part] = path;
      const vendor = vendorOf(name);
      if (part === 'submit' && method === 'POST')
        return { status: 201, body: await vendor.submit(await readJson(request)) };
      if (part !== 'submissions' || method !== 'GET') throw new RequestProblem(404, 'unknown', 'there is no such path');
      if (!holdsToken(request, options.token)) throw new RequestProblem(401, 'unauthorized', 'bad token');
      return { status: 200, body: vendor.list(queryInstant(query, 'since') ?? 0, query.get('cursor')) };
    },
    async control({ path, request }) {
      const body = await readJson(request);
      const name = requiredText(body, 'form', 100);
      if (path[1] === 'forms') {
        const form = { name, target: requiredText(body, 'target', 1_000), secret: requiredText(body, 'secret', 200) };
        vendors.set(name, new FormVendor(form, options.seed, options.clock));
        return { status: 201, body: { form: name } };
      }
      const share = (field: string) => optionalAmount(body, field, 1) ?? 0;
      const count = Math.floor(requiredAmount(body, 'count', MOST));
      const shares = { withheld: share('withheld'), repeated: share('repeated'), forged: share('forged') };
      return { status: 200, body: await vendorOf(name).traffic({ count, ...shares }) };
    },
    add: (vendor) => void vendors.set(vendor.form.name, vendor),
    truth: ({ query }) => ({ status: 200, body: vendorOf(query.get('form') ?? '').truth() }),
  };
}
