const QUIET_MS = 2_000;
const REPEAT_MS = 15_000;

const seconds = (ms) => `${Math.round(ms / 1_000)} s`;

/**
 * Runs one step; says so on stderr as soon as it takes longer than two seconds, again every fifteen, and when it is done.
 * @template T
 * @param {string} what as "installing the dependencies"
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export const withProgress = async (what, work) => {
  const began = performance.now();
  const passed = () => performance.now() - began;
  let next = QUIET_MS;
  const timer = setInterval(() => {
    if (passed() < next) return;
    say(next === QUIET_MS ? `${what} ...` : `${what} ... ${seconds(passed())}`);
    next = passed() + REPEAT_MS;
  }, 250);
  try {
    const result = await work();
    if (next !== QUIET_MS) say(`${what}: done in ${seconds(passed())}`);
    return result;
  } finally {
    clearInterval(timer);
  }
};

/** One line about set-up. On stderr, so that a command's `--json` on stdout stays clean. */
export const say = (line) => {
  process.stderr.write(`set-up: ${line}\n`);
};
