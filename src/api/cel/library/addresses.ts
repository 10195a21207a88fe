// Kubernetes' IP addresses and networks: `cidr('10.0.0.0/8').containsIP(ip('10.1.2.3'))`. Strict as Go's netip: no leading zeros, no zones,
// and no IPv4 addresses in IPv6 form.

import { formatIp, type IpBytes, parseIp } from '../../addresses/ip-address.ts'
import { goQuote } from '../../go-text/go-quote.ts'
import * as estimate from '../functions/estimate.ts'
import { type CelFunction, free, type Library, member } from '../functions/function.ts'
import { fail, noSuchOverload, Refused } from '../values/failure.ts'
import { asString } from '../values/narrow.ts'
import * as t from '../values/type.ts'
import { type CelValue, codePoints, Opaque, sizeOf } from '../values/values.ts'
import { addWork } from '../values/work-counter.ts'
import { addressProblem, networkProblem } from './address-problems.ts'
import { type Costs, nominal, parses, walks } from './costs.ts'
import { cidrType, ipType } from './opaque-types.ts'

class IpValue extends Opaque {
  readonly typeName = ipType.name
  readonly bytes: IpBytes

  constructor(bytes: IpBytes) {
    super()
    this.bytes = bytes
  }

  override get size(): number {
    return this.bytes.length
  }

  equals(other: Opaque): boolean {
    return other instanceof IpValue && sameBits(this.bytes, other.bytes, this.bytes.length * 8)
  }
}

class CidrValue extends Opaque {
  readonly typeName = cidrType.name
  readonly address: IpBytes
  readonly bits: number

  constructor(address: IpBytes, bits: number) {
    super()
    this.address = address
    this.bits = bits
  }

  override get size(): number {
    return Math.ceil(this.bits / 8)
  }

  equals(other: Opaque): boolean {
    return other instanceof CidrValue && this.bits === other.bits && sameBits(this.address, other.address, this.address.length * 8)
  }
}

/** Whether two addresses have the same family and the same first bits. */
function sameBits(a: IpBytes, b: IpBytes, bits: number): boolean {
  if (a.length !== b.length) return false
  return a.every((byte, index) => {
    const rest = Math.max(0, Math.min(8, bits - index * 8))
    return (byte ^ (b[index] ?? 0)) >> (8 - rest) === 0
  })
}

const masked = (bytes: IpBytes, bits: number): number[] =>
  bytes.map((byte, index) => byte & (0xff00 >> Math.max(0, Math.min(8, bits - index * 8))) & 0xff)

type Read<T> = { readonly value: T } | { readonly error: string }

function readIp(text: string): Read<IpValue> {
  const shown = goQuote(text)
  addWork(2 * text.length)
  const problem = addressProblem(text)
  if (problem !== undefined) return { error: `IP Address ${shown} parse error during conversion from string: ${problem}` }
  if (text.includes('%')) return { error: `IP address ${shown} with zone value is not allowed` }
  const value = ipOf(text)
  return value === undefined ? { error: `IPv4-mapped IPv6 address ${shown} is not allowed` } : { value }
}

/** For a text that is an address; undefined for an IPv4 address in IPv6 form. */
function ipOf(address: string): IpValue | undefined {
  const bytes = parseIp(address)
  return bytes === undefined || (bytes.length === 4 && address.includes(':')) ? undefined : new IpValue(bytes)
}

const wrongNetwork = 'network address parse error during conversion from string: '

function readCidr(text: string): Read<CidrValue> {
  addWork(2 * text.length)
  const problem = networkProblem(text)
  if (problem !== undefined) return { error: `${wrongNetwork}${wrongNetwork}${problem}` }
  const [address = '', bits] = text.split('/')
  const ip = ipOf(address)
  if (ip === undefined) return { error: `${wrongNetwork}IPv4-mapped IPv6 address ${goQuote(text)} is not allowed` }
  return { value: new CidrValue(ip.bytes, Number(bits)) }
}

const must = <T>(read: Read<T>): T => ('error' in read ? fail(read.error) : read.value)
const asIp = (value: CelValue): IpValue => (value instanceof IpValue ? value : fail(noSuchOverload))
const asCidr = (value: CelValue): CidrValue => (value instanceof CidrValue ? value : fail(noSuchOverload))

const containsIp = (network: CelValue, { bytes }: IpValue): boolean => {
  const { address, bits } = asCidr(network)
  return sameBits(address, bytes, bits)
}
/** Upstream's message for a text that is no address is the same as for any other value. */
function ipIn(text: string): IpValue {
  const ip = readIp(text)
  if ('error' in ip) throw new Refused()
  return ip.value
}

const containsCidr = (network: CelValue, other: CidrValue): boolean => {
  const { address, bits } = asCidr(network)
  return bits <= other.bits && sameBits(address, other.address, bits)
}

/** Kinds of addresses by Go's netip. */
const kinds: readonly [name: string, id: string, is: (bytes: IpBytes) => boolean][] = [
  ['isUnspecified', 'ip_is_unspecified', bytes => bytes.every(byte => byte === 0)],
  ['isLoopback', 'ip_is_loopback', isLoopback],
  [
    'isLinkLocalMulticast',
    'ip_is_link_local_multicast',
    ([a = 0, b = 0, c = 0, ...rest]) => (rest.length === 1 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 2),
  ],
  ['isLinkLocalUnicast', 'ip_is_link_local_unicast', isLinkLocalUnicast],
  ['isGlobalUnicast', 'ip_is_global_unicast', isGlobalUnicast],
]

function isLoopback(bytes: IpBytes): boolean {
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, index) => byte === (index === 15 ? 1 : 0))
}

function isLinkLocalUnicast([a = 0, b = 0, ...rest]: IpBytes): boolean {
  return rest.length === 2 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80
}

function isGlobalUnicast(bytes: IpBytes): boolean {
  const [first = 0] = bytes
  const multicast = bytes.length === 4 ? first >= 224 && first < 240 : first === 0xff
  const none = bytes.every(byte => byte === 0) || (bytes.length === 4 && bytes.every(byte => byte === 255))
  return !none && !multicast && !isLoopback(bytes) && !isLinkLocalUnicast(bytes)
}

const addressSizes = { min: 4, max: 16 }

/** Compares the bytes of the network; parses a text first; masks a network. */
const contains = (ofNetwork: boolean, ofText: boolean): Costs => ({
  cost([network, other]) {
    const bytes = sizeOf(network ?? null)
    return (
      estimate.walk(2 * bytes) +
      (ofNetwork ? estimate.walk(bytes) + 1 : 0) +
      (ofText && typeof other === 'string' ? estimate.walk(codePoints(other)) : 0)
    )
  },
  costsAlways: true,
  estimate({ target, args: [other], size }) {
    if (target === undefined || other === undefined) return undefined
    const factor = estimate.traversalFactor
    let cost = estimate.scale(estimate.add(addressSizes, addressSizes), factor)
    if (ofNetwork) cost = estimate.add(estimate.add(cost, estimate.scale(addressSizes, factor)), estimate.fixed(1))
    return { cost: ofText ? estimate.add(cost, estimate.scale(size(other), factor)) : cost }
  },
})

const { string, bool, int } = t
/** The parsed value is formatted again for the comparison. */
const parsesTwice = walks(2)

const ipFunctions: readonly CelFunction[] = [
  { name: 'ip', overloads: [free('string_to_ip', [string], ipType, value => must(readIp(asString(value))), parses)] },
  { name: 'isIP', overloads: [free('is_ip', [string], bool, value => !('error' in readIp(asString(value))), parses)] },
  {
    name: 'ip.isCanonical',
    overloads: [free('ip_is_canonical', [string], bool, value => formatIp(must(readIp(asString(value))).bytes) === value, parsesTwice)],
  },
  { name: 'family', overloads: [member('ip_family', [ipType], int, value => (asIp(value).bytes.length === 4 ? 4 : 6), nominal)] },
  ...kinds.map(([name, id, is]) => ({ name, overloads: [member(id, [ipType], bool, value => is(asIp(value).bytes), nominal)] })),
  { name: 'string', overloads: [free('ip_to_string', [ipType], string, value => formatIp(asIp(value).bytes))] },
]

const cidrFunctions: readonly CelFunction[] = [
  { name: 'cidr', overloads: [free('string_to_cidr', [string], cidrType, value => must(readCidr(asString(value))), parses)] },
  { name: 'isCIDR', overloads: [free('is_cidr', [string], bool, value => !('error' in readCidr(asString(value))), parses)] },
  {
    name: 'containsIP',
    overloads: [
      member(
        'cidr_contains_ip_string',
        [cidrType, string],
        bool,
        (network, text) => containsIp(network, ipIn(asString(text))),
        contains(false, true),
      ),
      member('cidr_contains_ip_ip', [cidrType, ipType], bool, (network, ip) => containsIp(network, asIp(ip)), contains(false, false)),
    ],
  },
  {
    name: 'containsCIDR',
    overloads: [
      member(
        'cidr_contains_cidr_string',
        [cidrType, string],
        bool,
        (a, b) => containsCidr(a, must(readCidr(asString(b)))),
        contains(true, true),
      ),
      member('cidr_contains_cidr', [cidrType, cidrType], bool, (a, b) => containsCidr(a, asCidr(b)), contains(true, false)),
    ],
  },
  { name: 'ip', overloads: [member('cidr_ip', [cidrType], ipType, value => new IpValue(asCidr(value).address), nominal)] },
  { name: 'prefixLength', overloads: [member('cidr_prefix_length', [cidrType], int, value => asCidr(value).bits, nominal)] },
  {
    name: 'masked',
    overloads: [
      member(
        'cidr_masked',
        [cidrType],
        cidrType,
        value => {
          const { address, bits } = asCidr(value)
          return new CidrValue(masked(address, bits), bits)
        },
        nominal,
      ),
    ],
  },
  {
    name: 'string',
    overloads: [free('cidr_to_string', [cidrType], string, value => `${formatIp(asCidr(value).address)}/${asCidr(value).bits}`)],
  },
]

export const addressesLibrary: Library = { types: [ipType, cidrType], functions: [...ipFunctions, ...cidrFunctions] }
