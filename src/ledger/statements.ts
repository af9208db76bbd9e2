/** A statement as node-postgres takes it: the name makes each connection parse it once. */
export interface Statement {
  name: string;
  text: string;
}

const known = new WeakMap<TemplateStringsArray, Statement>();
let made = 0;

/**
 * The text of a tagged template with its values as $1, $2, ...: values never become part of the text. A template has one array of
 * strings for the life of the process, so each place in the code is one prepared statement.
 */
export function statementOf(parts: TemplateStringsArray): Statement {
  const found = known.get(parts);
  if (found) return found;
  made += 1;
  const text = parts.reduce((whole, part, index) => `${whole}$${index}${part}`);
  const statement = { name: `waybill_${made}`, text };
  known.set(parts, statement);
  return statement;
}
