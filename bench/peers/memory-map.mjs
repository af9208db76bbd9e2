/** The first design of the story: a map of everything known, rebuilt in memory at every start. Prints how many it holds. */
import { knownIds } from './known-ids.mjs';

const map = new Map();
for await (const rows of knownIds(process.argv[2])) for (const row of rows) map.set(row.messageId, row.hash);
process.send({ known: map.size });
process.on('message', () => {}); // stays, with all that it holds, until it has been measured
