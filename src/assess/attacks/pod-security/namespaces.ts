// The level of each namespace: `restricted` without a label, and lowered only by a right over the whole cluster.
import { namespaces } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import { type ProofNamespace, proofNamespacePrefix } from '../../proof-namespace.ts'
import { dangerousSpec, podObject } from '../../proof-pods.ts'
import { connectWith, mergePatch } from '../../request.ts'
import { enforceLabel, podAccount } from './levelled-namespace.ts'

/** Parts of the cluster may need more rights; nobody else can write to this namespace. */
const exempt = 'kube-system'
const maxNamespaces = 100

/** Returns the number of namespaces without a label. `lifted` is labelled `privileged`. */
export async function everyNamespace(
  { attempts, client, transport }: ProofContext,
  own: ProofNamespace,
  lifted: ProofNamespace,
  signal: AbortSignal,
): Promise<number> {
  const all = await client.listAll(namespaces, {}, signal)
  const unlabelled = all
    .filter(({ metadata }) => metadata.labels?.[enforceLabel] === undefined && metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name ?? '')
    // Namespaces of other proofs may disappear at any time.
    .filter(name => name !== exempt && !name.startsWith(proofNamespacePrefix))
    .slice(0, maxNamespaces)
  const dryRunIn = (name: string, serviceAccountName: string) => ({
    ...{ method: 'POST' as const, path: `/api/v1/namespaces/${name}/pods?dryRun=All` },
    body: podObject('c3', { ...dangerousSpec(), serviceAccountName }),
  })
  const names = 'violates PodSecurity "restricted'
  await inParallel(unlabelled, name =>
    attempts.refused(`privileged pod in namespace "${name}"`, transport, dryRunIn(name, 'default'), { names }, signal),
  )
  await attempts.refused('privileged pod in a new namespace', transport, dryRunIn(own.name, podAccount), { names }, signal)
  // Without it, all of the above could have been refused for another reason.
  await attempts.accepted('privileged pod in a namespace with the label "privileged"', transport, dryRunIn(lifted.name, podAccount), signal)
  return unlabelled.length
}

/** An account with all rights in its namespace tries to lower the level there. */
export async function relabelled({ attempts, endpoint }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  await namespace.grant(podAccount, [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], signal)
  await using account = connectWith(endpoint, { token: await namespace.token(podAccount, {}, signal) })
  const path = `/api/v1/namespaces/${namespace.name}`
  const lower = [
    { name: 'to privileged', labels: { [enforceLabel]: 'privileged' } },
    { name: 'to baseline', labels: { [enforceLabel]: 'baseline' } },
    { name: 'to an older version', labels: { [enforceLabel]: 'restricted', [`${enforceLabel}-version`]: 'v1.18' } },
  ]
  for (const { name, labels } of lower) {
    // A dry run: if it succeeds, the namespace must not become privileged while this token is valid.
    for (const target of [`${path}?dryRun=All`, `${path}/status?dryRun=All`])
      await attempts.refused(
        `an account with all rights in its namespace lowers the level ${name} at ${target.replace(namespace.name, 'its own')}`,
        account,
        { method: 'PATCH', path: target, body: { metadata: { labels } }, contentType: mergePatch },
        { names: 'may not lower Pod Security' },
        signal,
      )
  }
  await attempts.accepted(
    'an account with all rights in its namespace sets another label',
    account,
    {
      method: 'PATCH',
      path: `${path}?dryRun=All`,
      body: { metadata: { labels: { [`${enforceLabel}`]: 'restricted' } } },
      contentType: mergePatch,
    },
    signal,
  )
}
