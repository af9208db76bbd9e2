import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createAddressGuard,
  ForbiddenAddress,
  kindOfAddress,
  type Resolve,
} from '../../../src/sources/dashboard/address-guard.js';
import { createLinkClient } from '../../../src/sources/dashboard/links.js';

describe('addresses that a link may lead to', () => {
  it.each([
    ['93.184.215.14', 'public'],
    ['2606:2800:21f:cb07:6820:80da:af6b:8b2c', 'public'],
    ['10.0.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['127.0.0.1', 'private'],
    ['::1', 'private'],
    ['fd00::1', 'private'],
    ['::ffff:127.0.0.1', 'private'],
    ['::ffff:7f00:1', 'private'],
    ['169.254.169.254', 'never'],
    ['::ffff:169.254.169.254', 'never'],
    ['0.0.0.0', 'never'],
    ['::', 'never'],
    ['fe80::1', 'never'],
    ['224.0.0.1', 'never'],
    ['64:ff9b::a9fe:a9fe', 'never'],
    ['2002:a9fe:a9fe::', 'never'],
    ['not an address', 'never'],
  ])('%s is %s', (address, kind) => {
    expect(kindOfAddress(address)).toBe(kind);
  });

  const names: Record<string, string[]> = {
    'public.example.com': ['93.184.215.14'],
    'inside.example.com': ['10.0.0.7'],
    'mixed.example.com': ['93.184.215.14', '10.0.0.7'],
    'metadata.example.com': ['169.254.169.254'],
  };
  const resolve: Resolve = (name, _, callback) =>
    callback(
      null,
      (names[name] ?? []).map((address) => ({ address, family: 4 })),
    );
  const outside = createAddressGuard({ ownHost: 'public.example.com', resolve });
  const inside = createAddressGuard({ ownHost: 'inside.example.com', resolve });

  it('a name that leads inside is refused, also where only one of its addresses does, and so is one that leads nowhere', async () => {
    expect(await outside.allowed('public.example.com')).toHaveLength(1);
    for (const host of ['inside.example.com', 'mixed.example.com', 'nowhere.example.com', '127.0.0.1', '[::1]'])
      await expect(outside.allowed(host), host).rejects.toThrow(ForbiddenAddress);
  });

  it('a source that lies inside may lead inside, and never to the metadata of the machine', async () => {
    expect(await inside.allowed('mixed.example.com')).toHaveLength(2);
    for (const host of ['metadata.example.com', '169.254.169.254', '0.0.0.0'])
      await expect(inside.allowed(host), host).rejects.toThrow(ForbiddenAddress);
  });
});

describe('a link into a network of ours', () => {
  const sink = { maxBytes: 1_000, write: async () => {} };
  const request = { sink, deadlineMs: 2_000, ownHeaders: {}, now: new Date(0) };

  async function listener() {
    let connects = 0;
    const server = createServer((socket) => {
      connects += 1;
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { port: (server.address() as AddressInfo).port, connects: () => connects };
  }

  it.each([
    ['written as an address', 'http://127.0.0.1:PORT/x'],
    ['written as a number', 'http://2130706433:PORT/x'],
    ['written in octal', 'http://0177.0.0.1:PORT/x'],
    ['written as IPv4 in IPv6', 'http://[::ffff:127.0.0.1]:PORT/x'],
    ['behind a name', 'http://rebound.example.com:PORT/x'],
    ['of the metadata service', 'http://169.254.169.254/latest/meta-data/'],
    ['with a user name', 'http://user@127.0.0.1:PORT/x'],
    ['of another kind', 'file:///etc/passwd'],
  ])('%s is refused without a connection', async (_, link) => {
    const { port, connects } = await listener();
    const resolve: Resolve = (name, __, callback) =>
      callback(null, [{ address: name === 'dashboard.example.com' ? '93.184.215.14' : '127.0.0.1', family: 4 }]);
    const client = createLinkClient({ origin: 'https://dashboard.example.com', resolve });
    await expect(client.follow(link.replace('PORT', String(port)), request)).rejects.toMatchObject({
      type: 'SourceRefused',
      retryable: false,
    });
    expect(connects()).toBe(0);
  });

  it('behind a name that is resolved to another address in between is refused all the same', async () => {
    const { port, connects } = await listener();
    let asked = 0;
    const resolve: Resolve = (name, _, callback) => {
      const first = name === 'dashboard.example.com' || asked++ === 0;
      callback(null, [{ address: first ? '93.184.215.14' : '127.0.0.1', family: 4 }]);
    };
    const client = createLinkClient({ origin: 'https://dashboard.example.com', resolve });
    await expect(client.follow(`http://rebound.example.com:${port}/x`, request)).rejects.toMatchObject({
      type: 'SourceRefused',
    });
    expect(connects()).toBe(0);
  });

  it('is followed where the source lies there itself, so that the tests above can fail', async () => {
    const { port, connects } = await listener();
    const client = createLinkClient({ origin: 'http://127.0.0.1:1' });
    expect(await client.follow(`http://127.0.0.1:${port}/x`, request)).toMatchObject({ kind: 'bytes' });
    expect(connects()).toBe(1);
  });
});
