import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';

type Range = readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6'];

/** Nothing that a link may lead to lies here: addresses of one link (cloud metadata among them), of many receivers, or reserved. */
const NEVER: readonly Range[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 32, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];
/** Networks of ours, or of whoever runs this machine. */
const PRIVATE: readonly Range[] = [
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
];

const listOf = (ranges: readonly Range[]): BlockList => {
  const list = new BlockList();
  for (const [network, prefix, family] of ranges) list.addSubnet(network, prefix, family);
  return list;
};
const [never, inside] = [listOf(NEVER), listOf(PRIVATE)];

/** `public`, `private`, or `never`: IPv4 inside IPv6 is judged as the IPv4 address that it is. */
export function kindOfAddress(address: string): 'public' | 'private' | 'never' {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0 || never.check(address, family)) return 'never';
  return inside.check(address, family) ? 'private' : 'public';
}

/** The code of the error that refuses an address. */
export const FORBIDDEN = 'WAYBILL_FORBIDDEN';

export class ForbiddenAddress extends Error {
  readonly code = FORBIDDEN;
  constructor(host: string) {
    super(`${host} lies where no link may lead`);
  }
}

export type Resolve = (
  hostname: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const resolveAll = (resolve: Resolve, hostname: string): Promise<LookupAddress[]> =>
  new Promise((done, fail) => {
    resolve(hostname, { all: true }, (error, addresses) => (error ? fail(error) : done(addresses)));
  });

/**
 * Guards connections to hosts that somebody else chose. The address that is judged is the one that is connected to, so that a name
 * cannot be resolved to another one in between. Private addresses pass only where the source itself lies at one.
 */
export function createAddressGuard({ ownHost, resolve = dnsLookup }: { ownHost: string; resolve?: Resolve }) {
  const bare = (host: string): string => host.replace(/^\[|\]$/g, '');

  async function addressesOf(host: string): Promise<LookupAddress[]> {
    const family = isIP(bare(host));
    return family === 0 ? resolveAll(resolve, host) : [{ address: bare(host), family }];
  }

  /** Addresses of a host, all of them allowed. @throws ForbiddenAddress where one of them is not; what the resolver throws */
  async function allowed(host: string): Promise<LookupAddress[]> {
    const addresses = await addressesOf(host);
    const kinds = addresses.map(({ address }) => kindOfAddress(address));
    if (kinds.length === 0 || kinds.includes('never')) throw new ForbiddenAddress(host);
    if (!kinds.includes('private')) return addresses;
    const own = await addressesOf(ownHost);
    if (own.some(({ address }) => kindOfAddress(address) === 'private')) return addresses;
    throw new ForbiddenAddress(host);
  }

  const lookup: LookupFunction = (hostname, options, callback) => {
    callbackify(allowed)(hostname, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error) callback(error, '', 0);
      else if (options.all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family);
    });
  };
  return { allowed, lookup };
}
