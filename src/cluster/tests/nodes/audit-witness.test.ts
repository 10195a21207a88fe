import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { performServerHandshake } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { after, test } from 'node:test'
import { AuditLog } from '../../../access/audit/audit-log.ts'
import { witnessedPath } from '../../../access/audit/outputs/witnesses.ts'
import { auditWitnessAnnotation, nodeWitnessName, witnessKeyOf } from '../../../api/nodes/witness-call.ts'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { cosignedAt } from '../../../base/tlog/cosignature.ts'
import { type NoteKey, parseNote } from '../../../base/tlog/note.ts'
import { ServerAuditOutputs, type ServerAuditOutputsOptions } from '../../../cli/parts/open-audit-outputs.ts'
import { FakeRuntime } from '../../../node/fake/fake-runtime.ts'
import { serveNodeRequests } from '../../../node/simulated-node.ts'
import { NodeWitness } from '../../../node/witness/node-witness.ts'
import { createMemorySigner } from '../../../signer/memory-signer.ts'
import { checkpointSignerOf } from '../../audit-signer.ts'
import { nodeUser, SecuredApi } from '../secured-api.testing.ts'

const parent = await mkdtemp(join(tmpdir(), 'audit-witness-'))
after(() => rm(parent, { recursive: true }))
const stop = new AbortController()
after(() => stop.abort())
const { signal } = stop
const [clock, log] = [systemClock, silentLogger]
const folder = join(parent, 'server')

/** A server whose audit log is on disk, without an AuditConfiguration. */
async function open() {
  const signer = createMemorySigner()
  let outputs: ServerAuditOutputs | undefined
  const audit = await AuditLog.open({
    ...{ directory: join(folder, 'audit'), clock, log, signer: await checkpointSignerOf(signer, signal) },
    onCheckpoint: note => outputs?.follow(note),
  })
  // Of the settings, these alone concern outputs.
  const settings = { auditOutputs: undefined, directory: folder } as unknown as ServerAuditOutputsOptions['settings']
  const opened = await ServerAuditOutputs.open({ audit, signer, settings, signal })
  outputs = opened
  const api = await SecuredApi.open({ signer, audited: audit, witnessNodes: nodes => opened.witnessNodes(nodes) })
  return {
    ...{ api, audit },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
      await audit[Symbol.asyncDispose]()
    },
  }
}

/** A ready node that has a tunnel to the server. */
async function connect(api: SecuredApi, name: string, witness: NodeWitness): Promise<void> {
  const user = nodeUser(name)
  const annotations = { [auditWitnessAnnotation]: witness.key }
  const created = await api.request(user, 'POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, annotations } })
  assert.equal(created.status, 201, created.text)
  const [serverSide, nodeSide] = duplexPair()
  const requests = { runtime: new FakeRuntime({ clock }), worker: () => undefined, workers: () => [], nodeName: name, witness, clock, log }
  serveNodeRequests(performServerHandshake(nodeSide), requests, signal)
  api.server.nodeTunnels.accept(name, serverSide, name)
  await report(api, name, 'True')
}

async function report(api: SecuredApi, name: string, status: string): Promise<void> {
  const conditions = [
    {
      type: 'Ready',
      status,
      reason: 'Test',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      lastHeartbeatTime: '2026-01-01T00:00:00Z',
    },
  ]
  const { text, status: code } = await api.request(nodeUser(name), 'PATCH', `/api/v1/nodes/${name}/status`, { status: { conditions } })
  assert.equal(code, 200, text)
}

async function isCosignedBy(key: NoteKey): Promise<boolean> {
  const text = await readFile(witnessedPath(join(folder, 'audit')), 'utf8').catch(() => undefined)
  return text !== undefined && cosignedAt(parseNote(text), key) !== undefined
}

test('a node with a tunnel cosigns the audit log without any configuration, and NodeRestriction guards its key', async () => {
  await using server = await open()
  const { api, audit } = server
  const witness = await NodeWitness.open({ nodeName: 'n1', folder: join(parent, 'n1'), clock, log })
  await connect(api, 'n1', witness)
  const { json } = await api.request(nodeUser('n1'), 'GET', '/api/v1/nodes/n1')
  const key = witnessKeyOf(json)
  assert.equal(key?.name, nodeWitnessName('n1'))
  assert.ok(key)
  await until(() => isCosignedBy(key), 'a cosignature of the node')
  assert.deepEqual(audit.alarms.active, [])

  const other = await NodeWitness.open({ nodeName: 'n1', folder: join(parent, 'other'), clock, log })
  const set = { metadata: { annotations: { [auditWitnessAnnotation]: other.key } } }
  for (const user of ['admin', 'system:node:n2'])
    for (const path of ['/api/v1/nodes/n1', '/api/v1/nodes/n1/status']) {
      const groups = user === 'admin' ? ['system:masters', 'system:authenticated'] : ['system:nodes', 'system:authenticated']
      const refused = await api.request({ name: user, groups }, 'PATCH', path, set)
      assert.equal(refused.status, 403, `${user} ${path}`)
    }
  const foreign = {
    metadata: {
      annotations: { [auditWitnessAnnotation]: (await NodeWitness.open({ nodeName: 'n9', folder: join(parent, 'n9'), clock, log })).key },
    },
  }
  assert.match((await api.request(nodeUser('n1'), 'PATCH', '/api/v1/nodes/n1', foreign)).text, /with the name of this node/)

  // The node of a folder that cannot be written cosigns nothing, which is a fault until the Node is deleted.
  await rm(join(parent, 'n1'), { recursive: true })
  await symlink('/dev/null', join(parent, 'n1'))
  const fault = () => audit.alarms.active.find(({ name }) => name === 'witness node n1 fault')
  const recorded = async () => {
    await api.request(nodeUser('n1'), 'GET', '/api/v1/nodes/n1')
    return true
  }
  await until(async () => (await recorded()) && fault() !== undefined, 'an alarm of the fault')
  assert.match(fault()?.message ?? '', /^node n1 answered 500 as a witness$/)
  const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
  assert.equal((await api.request(admin, 'DELETE', '/api/v1/nodes/n1')).status, 200)
  await until(async () => (await recorded()) && fault() === undefined, 'the end of the alarm')
  assert.deepEqual(audit.alarms.active, [])
})
