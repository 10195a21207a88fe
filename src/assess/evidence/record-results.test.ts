import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import { isReason } from '../../api/status.ts'
import { readText } from '../../client/client.ts'
import { clusterRoleBindings, proofResults } from '../../client/resources.ts'
import { startClusterParts } from '../../cluster/start-cluster.ts'
import { recordResults } from './record-results.ts'
import { attempt, resultOf } from './report.testing.ts'

const facts = { build: 'a'.repeat(64), configuration: 'b'.repeat(64) }
const held = resultOf('S5/A9', { held: true, evidence: 'x' }, [attempt('a'), attempt('b')])
const failed = resultOf('S5/A9', { held: false, found: Array.from({ length: 30 }, (_, at) => `${at} ${'y'.repeat(2000)}`) })
const skipped = resultOf('S5/A9', { skipped: true, reason: 'no node' })

test('recordResults() keeps the latest run of each verdict, which metrics show and only administrators write', async () => {
  const { cluster, server } = await startClusterParts({ simulatedNodes: 0, controllers: false })
  await using _open = cluster
  const { client } = cluster
  const signal = AbortSignal.timeout(60_000)
  const read = async () => (await client.get(proofResults, '', 's5-a9', signal)).spec
  await recordResults(client, [held], { ...facts, report: 'c'.repeat(64) }, signal)
  const passed = { time: '2026-01-01T00:00:00Z', ...facts, attempts: 2, milliseconds: 7 }
  const first = { proof: 'S5/A9', title: 'title of S5/A9', last: 'Passed', passed: { ...passed, report: 'c'.repeat(64) } }
  assert.deepEqual(await read(), first)
  await recordResults(client, [failed], facts, signal)
  await recordResults(client, [skipped], facts, signal)
  const marked = cluster.auditEvents().map(event => (event as AuditEvent).annotations?.['bulkhead.dev/proof-failed'])
  assert.deepEqual(
    marked.filter(id => id !== undefined),
    ['S5/A9'],
  )
  const { last, failed: found, skipped: reason, ...rest } = await read()
  assert.deepEqual([last, found?.found?.length, reason?.reason], ['Skipped', 20, 'no node'])
  assert.deepEqual({ ...rest, last: 'Passed' }, first)
  await recordResults(client, [held], facts, signal)
  assert.deepEqual((await read()).passed, passed)

  await using transport = server.transportFor({ name: 'admin', groups: ['system:masters'] })
  const metrics = await readText(await transport.request({ method: 'GET', path: '/metrics' }, signal))
  assert.match(metrics, /^bulkhead_proof_last_result\{proof="S5\/A9"\} 1$/m)
  assert.match(
    metrics,
    new RegExp(`^bulkhead_proof_last_time_seconds\\{proof="S5/A9",result="failed"\\} ${Date.UTC(2026, 0, 1) / 1000}$`, 'm'),
  )

  for (const role of ['admin', 'edit', 'view']) {
    const subject = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: role }
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }
    await client.create(clusterRoleBindings, '', { metadata: { name: role }, subjects: [subject], roleRef }, signal)
    await assert.rejects(recordResults(cluster.as({ name: role }), [held], facts, signal), err => isReason(err, 'Forbidden'))
  }
})
