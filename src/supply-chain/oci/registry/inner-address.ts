// Addresses that are not the public Internet: the machine itself, its network, the cluster. A registry must not lead its client there.
import { BlockList, isIP } from 'node:net'

/** IANA's special-purpose registries (RFC 6890) and multicast; the last column says what it is, for messages. */
const networks: readonly (readonly [family: 'ipv4' | 'ipv6', network: string, bits: number, what: string])[] = [
  ['ipv4', '0.0.0.0', 8, 'this machine'],
  ['ipv4', '127.0.0.0', 8, 'loopback'],
  ['ipv4', '169.254.0.0', 16, 'link-local'],
  ['ipv4', '10.0.0.0', 8, 'private'],
  ['ipv4', '172.16.0.0', 12, 'private'],
  ['ipv4', '192.168.0.0', 16, 'private'],
  ['ipv4', '100.64.0.0', 10, 'shared by carriers'],
  ['ipv4', '192.0.0.0', 24, 'reserved'],
  ['ipv4', '192.0.2.0', 24, 'for documentation'],
  ['ipv4', '198.18.0.0', 15, 'for measurements'],
  ['ipv4', '198.51.100.0', 24, 'for documentation'],
  ['ipv4', '203.0.113.0', 24, 'for documentation'],
  ['ipv4', '224.0.0.0', 4, 'multicast'],
  ['ipv4', '240.0.0.0', 4, 'reserved'],
  ['ipv6', '::', 96, 'loopback or unspecified'],
  // Translations of IPv4 addresses, which a gateway may lead to an inner one.
  ['ipv6', '64:ff9b::', 96, 'a translated IPv4 address'],
  ['ipv6', '64:ff9b:1::', 48, 'a translated IPv4 address'],
  ['ipv6', '2002::', 16, 'a translated IPv4 address'],
  ['ipv6', '2001::', 32, 'a translated IPv4 address'],
  ['ipv6', '100::', 64, 'discarded'],
  ['ipv6', '2001:db8::', 32, 'for documentation'],
  ['ipv6', 'fc00::', 7, 'private'],
  ['ipv6', 'fe80::', 10, 'link-local'],
  ['ipv6', 'fec0::', 10, 'private'],
  ['ipv6', 'ff00::', 8, 'multicast'],
]

const lists = networks.map(([family, network, bits, what]) => {
  const list = new BlockList()
  list.addSubnet(network, bits, family)
  return { list, what }
})

/** What the address is, such as `loopback`; undefined for a public one. `address` is an IPv4 or IPv6 address in any notation. */
export function innerAddress(address: string): string | undefined {
  // An address with a zone is link-local.
  if (address.includes('%')) return 'link-local'
  const version = isIP(address)
  if (version === 0) return 'not an address'
  // The lists of IPv4 match mapped addresses (::ffff:0:0/96) too.
  return lists.find(({ list }) => list.check(address, version === 4 ? 'ipv4' : 'ipv6'))?.what
}
