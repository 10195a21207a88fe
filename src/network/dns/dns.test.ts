import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { test } from 'node:test'
import dnsPacket from 'dns-packet'
import type { Service } from '../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../api/types/discovery-v1.ts'
import { silentLogger } from '../../base/log.ts'
import { ClientShares } from './client-shares.ts'
import { createForwarder, nameserversOf } from './forward.ts'
import type { Resolver } from './respond.ts'
import { respond } from './respond.ts'
import { DnsServer } from './server.ts'
import { lookUp, type ZoneSource } from './zone.ts'

const service = (name: string, spec: object): Service => ({ metadata: { name, namespace: 'team' }, spec }) as Service
const services = [
  service('web', { clusterIP: '10.96.0.5', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
  service('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] }),
  service('out', { type: 'ExternalName', externalName: 'example.org' }),
  service('many', { clusterIP: 'None', ports: [] }),
]
const slice = (name: string, endpoints: object[], ports: object[] = [{ name: 'sql', port: 5432, protocol: 'TCP' }]) =>
  ({ metadata: { name, namespace: 'team' }, addressType: 'IPv4', endpoints, ports }) as unknown as EndpointSlice
const slices: Record<string, EndpointSlice[]> = {
  db: [
    slice('db', [
      { addresses: ['10.244.0.2'], hostname: 'db-0' },
      { addresses: ['10.244.0.3'] },
      { addresses: ['10.244.0.4'], conditions: { ready: false } },
    ]),
  ],
  many: [
    slice(
      'many',
      Array.from({ length: 100 }, (_, index) => ({ addresses: [`10.244.1.${index}`] })),
    ),
  ],
}
const source: ZoneSource = {
  service: (namespace, name) => (namespace === 'team' ? services.find(({ metadata }) => metadata.name === name) : undefined),
  slices: (_namespace, name) => slices[name] ?? [],
  hasNamespace: name => name === 'team',
  serviceByIp: ip => services.find(({ spec }) => spec.clusterIP === ip),
}
const nobody: Resolver = { forward: async () => undefined }
const options = { source, domain: 'cluster.local', resolver: nobody }
const { signal } = new AbortController()

test('lookUp() answers as the DNS specification for services requires', () => {
  const data = (name: string, type = 'A') => {
    const answer = lookUp(source, 'cluster.local', name, type)
    return answer.outcome === 'found'
      ? answer.records.map(record => (typeof record.data === 'string' ? record.data : `${record.data.target}:${record.data.port}`))
      : answer.outcome
  }
  const rows: readonly (readonly [string, string, string | string[]])[] = [
    ['web.team.svc.cluster.local', 'A', ['10.96.0.5']],
    ['web.team.svc.cluster.local', 'SRV', ['10.96.0.5', 'web.team.svc.cluster.local:80']],
    ['_http._tcp.web.team.svc.cluster.local', 'SRV', ['web.team.svc.cluster.local:80']],
    ['_http._udp.web.team.svc.cluster.local', 'SRV', 'absent'],
    ['db.team.svc.cluster.local', 'A', ['10.244.0.2', '10.244.0.3']],
    ['db-0.db.team.svc.cluster.local', 'A', ['10.244.0.2']],
    ['10-244-0-3.db.team.svc.cluster.local', 'A', ['10.244.0.3']],
    ['_sql._tcp.db.team.svc.cluster.local', 'SRV', ['db-0.db.team.svc.cluster.local:5432', '10-244-0-3.db.team.svc.cluster.local:5432']],
    ['out.team.svc.cluster.local', 'A', ['example.org']],
    ['absent.team.svc.cluster.local', 'A', 'absent'],
    ['web.other.svc.cluster.local', 'A', 'absent'],
    ['team.svc.cluster.local', 'A', []],
    ['10-244-0-9.team.pod.cluster.local', 'A', ['10.244.0.9']],
    ['10-244-0-9.other.pod.cluster.local', 'A', 'absent'],
    ['10-244-0-999.team.pod.cluster.local', 'A', 'absent'],
    ['5.0.96.10.in-addr.arpa', 'PTR', ['web.team.svc.cluster.local']],
    ['example.org', 'A', 'elsewhere'],
    ['notcluster.local', 'A', 'elsewhere'],
  ]
  for (const [name, type, wanted] of rows) assert.deepEqual(data(name, type), wanted, `${name} ${type}`)
})

const query = (name: string, type: 'A' | 'AAAA' = 'A') =>
  dnsPacket.encode({ type: 'query', id: 7, flags: dnsPacket.RECURSION_DESIRED, questions: [{ name, type }] })
const ask = async (message: Buffer, overTcp = false) => {
  const answer = await respond(message, options, overTcp, signal)
  assert.ok(answer)
  return { ...dnsPacket.decode(answer), code: (answer[3] ?? 0) & 15 }
}

test('respond() answers NXDOMAIN, NODATA and truncated answers correctly', async () => {
  assert.equal((await ask(query('absent.team.svc.cluster.local'))).code, 3)
  const noData = await ask(query('WEB.team.svc.cluster.local', 'AAAA'))
  assert.deepEqual([noData.code, noData.answers?.length, noData.authorities?.[0]?.type], [0, 0, 'SOA'])
  const cut = await ask(query('many.team.svc.cluster.local'))
  assert.equal(cut.flag_tc, true)
  assert.equal((await ask(query('many.team.svc.cluster.local'), true)).answers?.length, 100)
  assert.equal((await ask(query('example.org'))).code, 2)
})

test('respond() answers broken packets with FORMERR and ignores answers', async () => {
  const broken = Buffer.concat([query('web.team.svc.cluster.local').subarray(0, 12), Buffer.from([0xff, 0xff])])
  assert.equal((await ask(broken)).code, 1)
  assert.equal(await respond(Buffer.alloc(3), options, false, signal), undefined)
  assert.equal(await respond(dnsPacket.encode({ type: 'response', id: 1, questions: [] }), options, false, signal), undefined)
  for (let length = 12; length < 60; length++) await respond(Buffer.alloc(length, length), options, false, signal)
})

test('nameserversOf() omits the server itself', () => {
  assert.deepEqual(nameserversOf('# c\nsearch a\nnameserver 10.96.0.10\n nameserver 192.0.2.1\nnameserver ::1\n', '10.96.0.10'), [
    '192.0.2.1',
    '::1',
  ])
})

test('createForwarder() takes a server that the machine cannot reach for one that does not answer', async () => {
  // The kernel connects no socket to the broadcast address, as without a route.
  const forwarder = createForwarder(['255.255.255.255'])
  assert.equal(await forwarder.forward(query('example.com'), new AbortController().signal), undefined)
})

test('DnsServer answers over UDP and TCP', async () => {
  await using server = new DnsServer({ ...options, address: '127.0.0.1', port: 0, log: silentLogger })
  const port = await server.listen()
  const socket = createSocket('udp4')
  const overUdp = await new Promise<Buffer>(resolve => {
    socket.once('message', resolve)
    socket.send(query('web.team.svc.cluster.local'), port, '127.0.0.1')
  })
  socket.close()
  assert.equal(dnsPacket.decode(overUdp).answers?.length, 1)
  const stream = connect(port, '127.0.0.1')
  const message = query('web.team.svc.cluster.local')
  stream.write(Buffer.concat([Buffer.from([0, message.length]), message]))
  const overTcp = await new Promise<Buffer>(resolve => stream.once('data', resolve))
  stream.destroy()
  assert.equal(dnsPacket.decode(overTcp.subarray(2)).answers?.length, 1)
})

test('DnsServer reads no more questions from a client that does not read its answers', async () => {
  let asked = 0
  const counting: ZoneSource = {
    ...source,
    service: (namespace, name) => {
      asked++
      return source.service(namespace, name)
    },
  }
  await using server = new DnsServer({ ...options, source: counting, address: '127.0.0.1', port: 0, log: silentLogger })
  const port = await server.listen()
  const stream = connect(port, '127.0.0.1').pause()
  stream.on('error', () => undefined)
  const message = query('many.team.svc.cluster.local')
  // 100 addresses an answer: together far more than the system's buffers hold.
  const all = 10_000
  stream.write(Buffer.concat(Array.from({ length: all }, () => Buffer.concat([Buffer.from([0, message.length]), message]))))
  const udp = createSocket('udp4')
  const turn = () =>
    new Promise(resolve => {
      udp.once('message', resolve)
      udp.send(query('team.svc.cluster.local'), port, '127.0.0.1')
    })
  let last = -1
  for (let quiet = 0; quiet < 50; quiet++) {
    if (asked !== last) quiet = 0
    last = asked
    await turn()
  }
  udp.close()
  stream.destroy()
  assert.ok(asked > 0 && asked < all, `${asked} questions were answered`)
})

test('respond() sends at most 1232 bytes over UDP, whatever size the question allows', async () => {
  const wide = dnsPacket.encode({
    type: 'query',
    id: 7,
    questions: [{ name: 'many.team.svc.cluster.local', type: 'A' }],
    additionals: [
      { type: 'OPT', name: '.', udpPayloadSize: 65_000, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] },
    ],
  })
  const answer = await respond(wide, options, false, signal)
  assert.ok(answer && answer.length <= 1232)
  assert.equal(dnsPacket.decode(answer).flag_tc, true)
})

test('DnsServer drops questions while 2000 are open', async () => {
  let open = 0
  const never: Resolver = {
    forward: (_query, until) => {
      open++
      return new Promise(resolve => until.addEventListener('abort', () => resolve(undefined), { once: true }))
    },
  }
  await using server = new DnsServer({ ...options, resolver: never, address: '0.0.0.0', port: 0, log: silentLogger })
  const port = await server.listen()
  // Eleven clients, each with as many as one client may have.
  for (let client = 1; client <= 11; client++) await askOverTcp(port, `127.0.1.${client}`, 200)
  assert.equal(open, 2000)
})

/** Sends so many questions on one connection, closes it, and resolves when the server has closed it too. */
async function askOverTcp(port: number, localAddress: string, count: number): Promise<void> {
  const stream = connect({ port, host: '127.0.0.1', localAddress })
  const message = query('example.org')
  stream.end(Buffer.concat(Array.from({ length: count }, () => Buffer.concat([Buffer.from([0, message.length]), message]))))
  await new Promise(resolve => stream.resume().once('close', resolve))
}

test('DnsServer limits a client to 200 open questions, still answers others, and answers the rest later', async () => {
  let asked = 0
  const { promise: done, resolve: finish } = Promise.withResolvers<undefined>()
  const slow: Resolver = {
    forward: () => {
      asked++
      return done
    },
  }
  await using server = new DnsServer({ ...options, resolver: slow, address: '127.0.0.1', port: 0, log: silentLogger })
  const port = await server.listen()
  const message = query('example.org')
  const stream = connect(port, '127.0.0.1')
  stream.write(Buffer.concat(Array.from({ length: 300 }, () => Buffer.concat([Buffer.from([0, message.length]), message]))))
  const quiet = createSocket('udp4')
  await new Promise<void>(resolve => quiet.bind(0, '127.0.0.2', resolve))
  const answers = async (turns: number) => {
    for (let turn = 0; turn < turns; turn++)
      await new Promise(resolve => {
        quiet.once('message', resolve)
        quiet.send(query('team.svc.cluster.local'), port, '127.0.0.1')
      })
  }
  while (asked < 200) await answers(1)
  // The same client over UDP: its questions are dropped, and another client's later ones are answered.
  const flood = createSocket('udp4')
  await new Promise<void>(resolve => flood.bind(0, '127.0.0.1', resolve))
  await new Promise(resolve => flood.send(message, port, '127.0.0.1', resolve))
  await answers(20)
  assert.equal(asked, 200)
  finish(undefined)
  while (asked < 300) await answers(1)
  flood.close()
  quiet.close()
  stream.destroy()
})

test('DnsServer accepts 20 TCP connections of one client, and more from others', async () => {
  await using server = new DnsServer({ ...options, address: '127.0.0.1', port: 0, log: silentLogger })
  const port = await server.listen()
  const message = query('web.team.svc.cluster.local')
  const ask = async (localAddress: string) => {
    const stream = connect({ port, host: '127.0.0.1', localAddress })
    stream.on('error', () => undefined)
    stream.write(Buffer.concat([Buffer.from([0, message.length]), message]))
    const outcome = await new Promise(resolve => stream.once('data', () => resolve('answered')).once('close', () => resolve('closed')))
    return { stream, outcome }
  }
  const open = []
  for (let count = 0; count < 20; count++) open.push(await ask('127.0.0.1'))
  assert.deepEqual(new Set(open.map(({ outcome }) => outcome)), new Set(['answered']))
  assert.equal((await ask('127.0.0.1')).outcome, 'closed')
  const other = await ask('127.0.0.2')
  assert.equal(other.outcome, 'answered')
  for (const { stream } of [...open, other]) stream.destroy()
})

test('ClientShares drops an address that has nothing open', () => {
  const shares = new ClientShares()
  shares.enter('192.0.2.1', 'open')
  shares.enter('192.0.2.1', 'connections')
  shares.leave('192.0.2.1', 'open')
  assert.equal(shares.size, 1)
  shares.leave('192.0.2.1', 'connections')
  assert.equal(shares.size, 0)
})
