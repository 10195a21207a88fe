// Answers one DNS question from the zone or from an upstream resolver. Bounded; ignores malformed packets.
import dnsPacket, { type Answer, type DecodedPacket, type Packet } from 'dns-packet'
import { lookUp, type ZoneRecord, type ZoneSource } from './zone.ts'

export interface Resolver {
  /** Forwards the packet unchanged and resolves with the answer; undefined if no resolver answered. */
  forward(query: Buffer, signal: AbortSignal): Promise<Buffer | undefined>
}

const ttlSeconds = 5
const negativeTtlSeconds = 5
/** RFC 1035 without EDNS. A larger answer is truncated, and the client retries over TCP. */
const plainUdpBytes = 512
const rcode = { ok: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5 } as const

export interface RespondOptions {
  readonly source: ZoneSource
  readonly domain: string
  readonly resolver: Resolver
}

/** Undefined if the packet is no query; answering it would make the server a reflector. `maxBytes` is Infinity over TCP. */
export async function respond(
  message: Buffer,
  options: RespondOptions,
  overTcp: boolean,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const query = decode(message)
  if (query === undefined) return message.length >= 12 && (message[2] ?? 0x80) < 0x80 ? failure(message, rcode.formatError) : undefined
  if (query.type !== 'query') return undefined
  const [question] = query.questions ?? []
  if (question === undefined || query.questions?.length !== 1) return failure(message, rcode.formatError)
  const name = question.name.toLowerCase().replace(/\.$/, '')
  const answer = lookUp(options.source, options.domain, name, question.type)
  if (answer.outcome === 'elsewhere') {
    const forwarded = await options.resolver.forward(message, signal)
    return forwarded ?? failure(message, rcode.serverFailure)
  }
  const all = answer.outcome === 'found' ? answer.records : []
  const records = all.filter(({ type }) => type === question.type || type === 'CNAME')
  const reply: Packet = {
    type: 'response',
    id: query.id ?? 0,
    flags:
      dnsPacket.AUTHORITATIVE_ANSWER |
      ((query.flags ?? 0) & dnsPacket.RECURSION_DESIRED) |
      dnsPacket.RECURSION_AVAILABLE |
      (answer.outcome === 'absent' ? rcode.nameError : rcode.ok),
    questions: [question],
    answers: records.map(toAnswer),
    authorities: records.length === 0 ? [startOfAuthority(options.domain)] : [],
  }
  const encoded = dnsPacket.encode(reply)
  if (overTcp || encoded.length <= udpLimit(query)) return encoded
  return dnsPacket.encode({ ...reply, flags: (reply.flags ?? 0) | dnsPacket.TRUNCATED_RESPONSE, answers: [], authorities: [] })
}

function decode(message: Buffer): DecodedPacket | undefined {
  try {
    return dnsPacket.decode(message)
  } catch {
    // Pods send arbitrary bytes: the caller answers a broken packet with FORMERR.
    return undefined
  }
}

function udpLimit(query: DecodedPacket): number {
  const option = query.additionals?.find(({ type }) => type === 'OPT')
  return option !== undefined && 'udpPayloadSize' in option ? Math.min(Math.max(option.udpPayloadSize, plainUdpBytes), 1232) : plainUdpBytes
}

function toAnswer(record: ZoneRecord): Answer {
  const common = { name: record.name, ttl: ttlSeconds, class: 'IN' as const }
  switch (record.type) {
    case 'SRV':
      return { ...common, type: 'SRV', data: { ...record.data, priority: 0, weight: 100 } }
    default:
      return { ...common, type: record.type, data: record.data }
  }
}

function startOfAuthority(domain: string): Answer {
  return {
    name: domain,
    type: 'SOA',
    class: 'IN',
    ttl: negativeTtlSeconds,
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86400,
      minimum: negativeTtlSeconds,
    },
  }
}

/** The query's header as an answer with this code, without the query's body. */
function failure(message: Buffer, code: number): Buffer {
  const header = Buffer.alloc(12)
  message.copy(header, 0, 0, 2)
  header[2] = 0x80 | ((message[2] ?? 0) & 0x79)
  header[3] = 0x80 | code
  return header
}
