// Each proof holds for a user who has its ClusterRole and that of the run, and no other right.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadAll } from 'js-yaml'
import type { ClusterRole, PolicyRule } from '../../api/types/rbac-v1.ts'
import { Client } from '../../client/client.ts'
import { clusterRoleBindings, clusterRoles } from '../../client/resources.ts'
import { AttemptLog } from '../attempt-log.ts'
import { elsewhere, type ProvableCluster, provableCluster } from '../cluster.testing.ts'
import type { ClusterContext, Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { proofs } from '../proofs/index.ts'
import { connectWith } from '../request.ts'
import { runProofs } from '../run-proofs.ts'
import { proofRole, RightsRecorder } from './proof-role.ts'

const limit = () => AbortSignal.timeout(170_000)
let cluster: ProvableCluster
let namespace: ProofNamespace

before(async () => {
  cluster = await provableCluster()
  namespace = await ProofNamespace.create({ ...cluster.context, run: { labels: {} }, attempts: new AttemptLog() }, 'rights', limit())
})
after(async () => {
  await namespace[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

/** Returns the roles of the run and of its one proof. */
async function run(proof: Proof, context: ClusterContext): Promise<ClusterRole[]> {
  const recorder = new RightsRecorder(context.transport)
  const [result] = await runProofs([proof], { ...context, client: new Client(recorder) }, {}, limit())
  assert.ok(result !== undefined && 'held' in result.outcome && result.outcome.held, JSON.stringify(result?.outcome))
  return [proofRole('run', recorder.rights), proofRole(proof.id, result.rights)]
}

const documented = load('docs/proof-roles.yaml')

/** Rules of the role, one for each resource and each URL, that the document's role of this name does not contain. */
function notDocumented(role: ClusterRole): PolicyRule[] {
  const rules = documented.find(({ metadata }) => metadata.name === role.metadata.name)?.rules ?? []
  const covers = (rule: PolicyRule, wanted: PolicyRule) =>
    (['apiGroups', 'resources', 'nonResourceURLs'] as const).every(field =>
      (wanted[field] ?? []).every(value => rule[field]?.includes(value)),
    )
  const single = (role.rules ?? []).flatMap(rule => [
    ...(rule.resources ?? []).map(resource => ({ ...rule, resources: [resource] })),
    ...(rule.nonResourceURLs ?? []).map(url => ({ ...rule, nonResourceURLs: [url] })),
  ])
  return single.filter(wanted => !wanted.verbs.every(verb => rules.some(rule => covers(rule, wanted) && rule.verbs.includes(verb))))
}

function load(path: string): ClusterRole[] {
  return loadAll(readFileSync(join(import.meta.dirname, '../../..', path), 'utf8')) as ClusterRole[]
}

for (const proof of proofs.filter(({ id }) => !elsewhere.has(id))) {
  test(`${proof.id} holds with the rights of its ClusterRole alone`, async () => {
    const { client, endpoint } = cluster.context
    const account = proof.id.toLowerCase().replace('/', '-')
    await namespace.account(account, limit())
    for (const role of await run(proof, cluster.context)) {
      assert.deepEqual(notDocumented(role), [], 'npx bulkhead prove --roles docs/proof-roles.yaml, on a real node, writes the document')
      const name = `${account}-${role.metadata.name}`
      await client.create(clusterRoles, '', { ...role, metadata: { name } }, limit())
      const subjects = [{ kind: 'ServiceAccount', name: account, namespace: namespace.name }]
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }
      await client.create(clusterRoleBindings, '', { metadata: { name }, roleRef, subjects }, limit())
    }
    await using transport = connectWith(endpoint, { token: await namespace.token(account, {}, limit()) })
    await run(proof, { ...cluster.context, transport, client: new Client(transport) })
  })
}
