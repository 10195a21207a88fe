// Runs in a process of its own, with hook.ts preloaded: starts a cluster in this process, runs proofs against it, and sends their results to the parent.
// Arguments: the place, then ids of proofs.
import { provableCluster, storedCluster } from '../../src/assess/cluster.testing.ts'
import { runProofs } from '../../src/assess/run-proofs.ts'
import { chooseProofs } from '../../src/cli/prove/prove.ts'
import type { Client } from '../../src/client/client.ts'
import { nodes } from '../../src/client/resources.ts'
import type { ProofReport } from './observation.ts'

const limitMs = 180_000

const [place, ...ids] = process.argv.slice(2)
const cluster = await (place === 'disk' ? storedCluster() : provableCluster())
if (place === 'process') await addTenantNode(cluster.context.client)
const results = await runProofs(chooseProofs(ids), cluster.context, { limitMs }, AbortSignal.timeout(limitMs + 30_000))
const reports = results.map(({ id, outcome }): ProofReport => {
  if ('skipped' in outcome) return { id, verdict: 'SKIP', found: [outcome.reason] }
  return outcome.held ? { id, verdict: 'PASS', found: [] } : { id, verdict: 'FAIL', found: outcome.found }
})
process.send?.(reports)
await cluster[Symbol.asyncDispose]()
process.exit()

/** A node of a trust domain, which no agent serves: to cross into it is an attack too. */
async function addTenantNode(client: Client): Promise<void> {
  const metadata = { name: 'z-tenant', labels: { 'node-restriction.kubernetes.io/trust-domain': 'tenant' } }
  await client.create(nodes, '', { metadata, spec: { unschedulable: true } }, AbortSignal.timeout(limitMs))
}
