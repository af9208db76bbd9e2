import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Clock } from '../domain/clock.js';
import { type Answer, type Exchange, readJson } from './exchange.js';
import { requiredAmount, requiredText } from './fields.js';
import type { FormRoutes } from './form-routes.js';
import { FormVendor } from './form-vendor.js';
import { PartyTraffic } from './party-traffic.js';
import type { SimulatedCall } from './phone/model.js';
import { createPhone, type Phone } from './phone/server.js';
import { createPlatform, type SimulatedPlatform, TAKES } from './platform.js';
import { RequestProblem } from './refusal.js';

export interface PartiesOptions {
  controlToken: string;
  /** Absent: the calls live in memory. */
  stateDir?: string | undefined;
  clock: Clock;
  forms: Pick<FormRoutes, 'add'>;
}

const MOST_PER_HOUR = 100_000;
const CALL_STEP_MS = 700;
const WORK_MS = 1_500;

/**
 * Whom a dashboard is not enough for: a phone provider below /phone, a platform that takes hand-offs below /platform, and a vendor of
 * one web form below /forms. None of them is there until a control route says with which secrets.
 */
export class Parties {
  private phone: Phone | null = null;
  private platform: SimulatedPlatform | null = null;
  private traffic: PartyTraffic | null = null;

  constructor(private readonly options: PartiesOptions) {}

  /** What comes below /phone and /platform, with that part taken off the path. */
  async answer(area: 'phone' | 'platform', request: IncomingMessage, response: ServerResponse): Promise<void> {
    const party = area === 'phone' ? this.phone : this.platform;
    if (!party) throw new RequestProblem(404, 'unknown', 'there is no such path');
    request.url = (request.url ?? '').slice(area.length + 1) || '/';
    await party.handle(request, response);
    if (area === 'phone' && request.method === 'POST') this.save();
  }

  /** `POST /control/parties`: who they are; `POST /control/party-traffic` {perHour}: visitors of the form, three of them at once. */
  async control({ method, path, request }: Exchange): Promise<Answer> {
    if (method !== 'POST') throw new RequestProblem(405, 'method_not_allowed', 'use POST here');
    const body = await readJson(request);
    if (path[1] === 'parties') {
      this.begin(body);
      return { status: 201, body: {} };
    }
    const perHour = requiredAmount(body, 'perHour', MOST_PER_HOUR);
    if (!this.traffic) throw new RequestProblem(422, 'bad_parameter', 'there are no parties yet');
    this.traffic.setRate(perHour);
    return { status: 200, body: { perHour } };
  }

  async close(): Promise<void> {
    this.traffic?.close();
    this.save();
    this.phone?.stop();
    await this.platform?.close();
  }

  private begin(body: Record<string, unknown>): void {
    if (this.traffic) throw new RequestProblem(409, 'conflict', 'the parties are there already');
    const { controlToken, clock, forms } = this.options;
    const text = (name: string) => requiredText(body, name, 1_000);
    this.phone = createPhone({
      accountSid: text('phoneAccount'),
      authToken: text('phoneToken'),
      controlToken,
      stepMs: CALL_STEP_MS,
      clock,
    });
    this.phone.world.calls.push(...this.saved());
    this.platform = createPlatform({
      secret: text('platformSecret'),
      token: text('platformToken'),
      controlToken,
      otherwise: { ...TAKES, afterMs: WORK_MS },
    });
    // The vendor forgets with every start: another seed each time, so that no id comes a second time.
    const form = { name: text('form'), target: text('formTarget'), secret: text('formSecret') };
    const seed = clock.now().getTime();
    const vendor = new FormVendor(form, seed, clock);
    forms.add(vendor);
    this.traffic = new PartyTraffic(vendor, seed);
  }

  private get file(): string | null {
    return this.options.stateDir === undefined ? null : join(this.options.stateDir, 'phone-calls.json');
  }

  /** A provider that forgot its calls with every start would be told apart from ours as a loss. */
  private save(): void {
    if (this.file === null || !this.phone || !this.options.stateDir) return;
    mkdirSync(this.options.stateDir, { recursive: true });
    writeFileSync(this.file, JSON.stringify(this.phone.world.calls), { mode: 0o600 });
  }

  private saved(): SimulatedCall[] {
    if (this.file === null || !existsSync(this.file)) return [];
    return JSON.parse(readFileSync(this.file, 'utf8')) as SimulatedCall[];
  }
}
