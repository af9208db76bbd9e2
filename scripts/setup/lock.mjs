import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { say } from './progress.mjs';

// src/embedded/lock.ts holds the same idea for the servers; set-up runs before anything is compiled and needs its own.

/** When a process started, as an opaque text; null where it has ended. */
export const startTimeOf = (pid) => {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z' || fields[0] === 'X') return null;
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
};

const ownerOf = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
};

const runs = (owner) => owner !== null && startTimeOf(owner.pid) === owner.startTime;

const tryTake = (path) => {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
  try {
    linkSync(mine, path); // appears with its content or not at all
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
};

const clearStale = (path) => {
  const owner = ownerOf(path);
  if (owner === null || runs(owner)) return;
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (runs(ownerOf(aside))) linkSync(aside, path); // a faster process had taken it meanwhile
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
};

/**
 * Runs `work` while no other set-up holds the lock file; a lock whose owner was killed is taken over.
 * Waits as long as the other one runs: it may be building for minutes.
 */
export const withLock = async (path, work) => {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!tryTake(path)) {
    clearStale(path);
    if (!told && runs(ownerOf(path))) {
      say(`waiting for another set-up, process ${ownerOf(path)?.pid}`);
      told = true;
    }
    await pause(50);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
};
