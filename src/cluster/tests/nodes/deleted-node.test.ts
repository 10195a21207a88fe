// A node whose Node object is deleted: its certificate is revoked, and it comes back with a new join ticket.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createTicket, ticketSecretData } from '../../../access/credentials/join-ticket.ts'
import { deniedCredentials } from '../../../api/credentials/denied-credentials-names.ts'
import { isReason } from '../../../api/status.ts'
import type { Secret } from '../../../base/config/secret.ts'
import { createLogger } from '../../../base/log.ts'
import { Client } from '../../../client/client.ts'
import { configMaps, nodes, secrets } from '../../../client/resources.ts'
import { createHttpTransport } from '../../../client/transport/http-transport.ts'
import { parseKubeconfig } from '../../../client/transport/kubeconfig.ts'
import { nodeCertificatesFinalizer } from '../../../controllers/nodes/deleted-node.ts'
import { runTunneledSimulatedNode } from '../../nodes/tunneled-simulated-node.ts'
import { type Cluster, startCluster } from '../bootstrapped.testing.ts'
import { SteppedClock } from '../secured-api.testing.ts'

const nodeName = 'n1'
const { namespace, name } = deniedCredentials

async function newTicket(cluster: Cluster, clock: SteppedClock, signal: AbortSignal): Promise<Secret> {
  const { token, ticket } = createTicket(nodeName, clock.now())
  const metadata = { name: `bulkhead-join-${ticket.id}`, namespace: 'kube-system' }
  const secret = { metadata, type: 'bulkhead.dev/join-ticket', data: ticketSecretData(ticket) }
  await cluster.client.create(secrets, 'kube-system', secret, signal)
  return token
}

test('a deleted Node does not come back with its certificate, and comes back with a new ticket', async t => {
  const signal = AbortSignal.timeout(60_000)
  const clock = new SteppedClock()
  const lines: string[] = []
  const log = createLogger({ level: 'info', destination: { write: line => void lines.push(line) } })
  await using cluster = await startCluster({ simulatedNodes: 0, clock })
  const { server, ca } = await parseKubeconfig(await cluster.kubeconfig(), 'memory', file => readFile(file, 'utf8'))
  const pki = await mkdtemp(join(tmpdir(), 'deleted-node-'))
  t.after(() => rm(pki, { recursive: true, force: true }))
  /** Moves the clock in small steps, for short waits. */
  const until = async (what: string, holds: () => Promise<boolean> | boolean) => {
    while (!(await holds())) {
      if (signal.aborted) throw new Error(`waited in vain: ${what}\n${lines.join('')}`)
      clock.advance(200)
      await turn()
    }
  }
  const found = async () => {
    try {
      return await cluster.client.get(nodes, '', nodeName, signal)
    } catch (err) {
      if (isReason(err, 'NotFound')) return undefined
      throw err
    }
  }
  const start = (ticket: Secret) => {
    const stop = new AbortController()
    const shared = { server, ca, nodeName, pki, clock, log, random: () => 0.5, onReady: () => undefined }
    // A pending operation may reject with the reason of the stop.
    const running = runTunneledSimulatedNode({ ...shared, ticket }, stop.signal).catch((err: unknown) => {
      if (err !== stop.signal.reason) throw err
    })
    return async () => {
      stop.abort(new Error('the node stops'))
      await running
    }
  }

  let stop = start(await newTicket(cluster, clock, signal))
  t.after(() => stop())
  await until('the node is guarded', async () => (await found())?.metadata.finalizers?.includes(nodeCertificatesFinalizer) === true)
  await until('the tunnel is open', () => lines.some(line => line.includes('"tunnel open"')))
  const pem = await readFile(join(pki, 'client.pem'), 'utf8')
  const [certificate = '', key = ''] = pem.split(/(?=-----BEGIN PRIVATE KEY-----)/)
  await using stolen = createHttpTransport({ server, ca, certificate, key })
  const thief = new Client(stolen)
  await thief.get(nodes, '', nodeName, signal)

  await cluster.client.delete(nodes, '', nodeName, {}, signal)
  await until('the Node is gone', async () => (await found()) === undefined)
  await assert.rejects(thief.get(nodes, '', nodeName, signal), err => isReason(err, 'Unauthorized'))
  await until('the node says what it needs', () => lines.some(line => line.includes('it needs a new join ticket')))
  await until('its tunnel is refused', () => lines.some(line => line.includes('401 to the tunnel')))
  assert.equal(await found(), undefined)

  await stop()
  stop = start(await newTicket(cluster, clock, signal))
  await until('the node is back', async () => (await found()) !== undefined)
  assert.notEqual(await readFile(join(pki, 'client.pem'), 'utf8'), pem)
  await assert.rejects(thief.get(nodes, '', nodeName, signal), err => isReason(err, 'Unauthorized'))
})

test('the controller of deleted Nodes denies only certificates of nodes', async () => {
  const signal = AbortSignal.timeout(60_000)
  await using cluster = await startCluster({ simulatedNodes: 0, controllers: false })
  const controller = cluster.as({
    name: 'system:serviceaccount:kube-system:deleted-node-controller',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
  })
  const write = (data: object) => controller.patch(configMaps, namespace, name, { data }, { type: 'merge' }, signal)
  await write({ 'node.u1': 'node-certificates:n1@2030-01-01T00:00:00Z' })
  await cluster.client.patch(configMaps, namespace, name, { data: { eve: 'user-name:eve' } }, { type: 'merge' }, signal)
  for (const data of [
    { bob: 'user-name:bob' },
    { eve: null },
    { eve: 'node-certificates:n1@2030-01-01T00:00:00Z' },
    { 'node.u1': 'user-name:bob' },
  ])
    await assert.rejects(write(data), err => isReason(err, 'Forbidden'), JSON.stringify(data))
  await assert.rejects(write({ 'node.u2': 'node-certificates:n1' }), err => isReason(err, 'Invalid'))
  await write({ 'node.u1': null })
})
