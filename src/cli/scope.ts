import { type Command, Option } from 'commander';
import { ROUTES, type Route } from '../domain/states.js';

export interface ScopeOptions {
  source?: string;
  route?: Route;
  playbook?: string;
}

/** The options that name a part of what Waybill does. */
export const withScope = (command: Command): Command =>
  command
    .addOption(new Option('--route <route>', 'of this route only').choices(Object.keys(ROUTES)))
    .option('--playbook <name>', 'of this playbook only');

export const scopeOf = ({ source, route, playbook }: ScopeOptions) => ({
  source: source ?? null,
  route: route ?? null,
  playbook: playbook ?? null,
});
