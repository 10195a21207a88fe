// The whole life of a node's certificate: real requests over TLS, the cluster's own approver and signer, and a clock that the test moves.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { connect } from 'node:tls'
import { createTicket, ticketSecretData } from '../../../access/credentials/join-ticket.ts'
import { tunnelPath, tunnelUpgrade } from '../../../api/nodes/node-protocol.ts'
import { isReason } from '../../../api/status.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import { createLogger } from '../../../base/log.ts'
import { Client } from '../../../client/client.ts'
import { type CoreEvent, certificateSigningRequests, events, nodes, pods, secrets } from '../../../client/resources.ts'
import { createHttpTransport } from '../../../client/transport/http-transport.ts'
import { parseKubeconfig } from '../../../client/transport/kubeconfig.ts'
import { nodeCertificateSeconds } from '../../../controllers/certificates/csr-signing.ts'
import { readHttpHead } from '../../../node/streams/http-head.ts'
import { tunnelRefusedReason } from '../../nodes/tunnel-events.ts'
import { runTunneledSimulatedNode } from '../../nodes/tunneled-simulated-node.ts'
import { startCluster } from '../bootstrapped.testing.ts'
import { restrictedPod, SteppedClock } from '../secured-api.testing.ts'

const nodeName = 'n1'

test('a node renews its certificate in time and continues when the older one has expired', async t => {
  const signal = AbortSignal.timeout(60_000)
  const clock = new SteppedClock()
  const lines: string[] = []
  const log = createLogger({ level: 'info', destination: { write: line => void lines.push(line) } })
  await using cluster = await startCluster({ simulatedNodes: 0, clock })
  const { server, ca } = await parseKubeconfig(await cluster.kubeconfig(), 'memory', file => readFile(file, 'utf8'))
  const pki = await mkdtemp(join(tmpdir(), 'renewal-'))
  t.after(() => rm(pki, { recursive: true, force: true }))
  const { token, ticket } = createTicket(nodeName, clock.now())
  const metadata = { name: `bulkhead-join-${ticket.id}`, namespace: 'kube-system' }
  await cluster.client.create(
    secrets,
    'kube-system',
    { metadata, type: 'bulkhead.dev/join-ticket', data: ticketSecretData(ticket) },
    signal,
  )

  const stop = new AbortController()
  const ready = Promise.withResolvers<void>()
  const running = runTunneledSimulatedNode(
    { server, ca, nodeName, pki, ticket: token, clock, log, random: () => 0.5, onReady: ready.resolve },
    stop.signal,
  )
  t.after(async () => {
    stop.abort(new Error('the test is done'))
    await running
  })
  /** Moves the clock in small steps, for short waits. The pause keeps a slow machine from letting the ticket's hour pass while the node still connects. */
  const until = async (what: string, holds: () => Promise<boolean> | boolean) => {
    while (!(await holds())) {
      if (signal.aborted) throw new Error(`waited in vain: ${what}\n${lines.join('')}`)
      clock.advance(200)
      await pause(1)
    }
  }
  let joined = false
  void ready.promise.then(() => {
    joined = true
  })
  await until('the node is ready', () => joined)

  const stored = async () => {
    const pem = await readFile(join(pki, 'client.pem'), 'utf8')
    const [certificate, key] = pem.split(/(?=-----BEGIN PRIVATE KEY-----)/)
    return { certificate: certificate ?? '', key: key ?? '' }
  }
  const first = await stored()
  const { validFromDate, validToDate } = new X509Certificate(first.certificate)
  const life = validToDate.getTime() - validFromDate.getTime()
  // Hours, whatever is requested: a stolen one is of little use.
  assert.ok(life <= (nodeCertificateSeconds + 600) * 1000, `${life}`)
  const goTo = (share: number) => clock.advance(validFromDate.getTime() + share * life - clock.now())

  assert.equal(await openTunnel(server, ca, first), 409)
  const isRefusal = ({ reason, involvedObject }: CoreEvent) => reason === tunnelRefusedReason && involvedObject.name === nodeName
  await until('an event shows the refused tunnel', async () =>
    (await cluster.client.list(events, { namespace: 'default' }, signal)).items.some(isRefusal),
  )

  // A watch that was opened with the first certificate is one of the open streams.
  await using older = createHttpTransport({ server, ca, ...first })
  const asFirst = new Client(older)
  goTo(0.79)
  await turn()
  assert.deepEqual(await stored(), first)
  goTo(0.81)
  await until('the certificate is renewed', async () => (await stored()).certificate !== first.certificate)
  await until('the tunnel is open again', () => lines.filter(line => line.includes('"tunnel open"')).length === 2)
  const second = await stored()
  assert.notEqual(second.key, first.key)
  const { subject, validToDate: expires } = new X509Certificate(second.certificate)
  assert.equal(subject, `O=system:nodes\nCN=system:node:${nodeName}`)
  assert.ok(expires.getTime() > validToDate.getTime() + 0.7 * life)
  const modes = await Promise.all((await readdir(pki)).map(async name => [name, (await stat(join(pki, name))).mode & 0o777] as const))
  assert.deepEqual(modes, [['client.pem', 0o600]])
  const { items } = await cluster.client.list(certificateSigningRequests, {}, signal)
  assert.ok(
    items.every(({ spec }) => spec.username === `system:node:${nodeName}` || spec.username?.startsWith('system:bootstrap:')),
    JSON.stringify(items),
  )
  assert.ok(items.some(({ spec }) => spec.username === `system:node:${nodeName}`))
  assert.ok(lines.every(line => !line.includes('PRIVATE KEY')))
  await asFirst.list(pods, { fieldSelector: `spec.nodeName=${nodeName}` }, signal)

  goTo(1.01)
  await assert.rejects(asFirst.list(pods, { fieldSelector: `spec.nodeName=${nodeName}` }, signal), err => isReason(err, 'Unauthorized'))
  // It was silent for weeks of this clock, and reports with its new certificate.
  await until('the node is believed again', async () => {
    const { spec, status } = await cluster.client.get(nodes, '', nodeName, signal)
    const isReady = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True')
    return isReady === true && (spec?.taints ?? []).length === 0
  })
  const created: Pod = await cluster.client.create(pods, 'default', { ...restrictedPod('p', { nodeName }) } as Pod, signal)
  await until('the node runs a new pod', async () => {
    const pod = await cluster.client.get(pods, 'default', created.metadata.name ?? '', signal)
    return pod.status?.phase === 'Running'
  })
  // The answer comes from the node itself, through the tunnel that it opened with its first key.
  await assert.rejects(cluster.client.getPath('/api/v1/namespaces/default/pods/p/log', signal), /the pod runs on a simulated node/)
})

/** The status for a client that has the node's certificate and key. */
async function openTunnel(server: string, ca: string, { certificate, key }: { certificate: string; key: string }): Promise<number> {
  const { hostname, port } = new URL(server)
  const socket = connect({ host: hostname, port: Number(port), ca, cert: certificate, key, ALPNProtocols: ['http/1.1'] })
  try {
    socket.write(`GET ${tunnelPath(nodeName)} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${tunnelUpgrade}\r\n\r\n`)
    return (await readHttpHead(socket, AbortSignal.timeout(60_000))).status
  } finally {
    socket.destroy()
  }
}
