import { needsRight } from '../../api/pods/token-right.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { pods } from '../../client/resources.ts'
import { nodeTokenStatus, someNode } from '../node-token.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { connectWith, request } from '../request.ts'

export const workloadIdentity: Proof = {
  id: 'A7',
  title: 'workload identity',
  why: 'An intruder in a workload can steal its token, so a workload that needs none must not have one',
  attack: 'As the node of a pod, request a token before and after its account has a grant, and use the token of a deleted pod',
  expected: 'No token without a grant, a bound one with it, and 401 once the pod is deleted',
  whenRed:
    'Look for bindings of `system:serviceaccounts` or `system:authenticated`, which give every account a right and therefore a token',
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'A7', signal)
    for (const name of ['without', 'with']) await namespace.account(name, signal)
    await namespace.grant('with', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }], signal)
    const found: string[] = []
    const node = await someNode(context, signal)
    const create = (name: string): Promise<Pod> => {
      const spec = harmlessSpec({ serviceAccountName: name, ...(node === undefined ? {} : { nodeName: node }) })
      return context.client.create(pods, namespace.name, podObject(name, spec), signal)
    }
    const bare = await create('without')
    if (!needsRight(bare)) found.push('a pod whose account has no grant has a token')
    if (node !== undefined) {
      const refused = await nodeTokenStatus(context, bare, node, signal)
      if (refused !== 403)
        found.push(`the node of a pod whose account has no grant is answered ${refused} to its token request, expected 403`)
      await namespace.grant('without', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }], signal)
      const given = await nodeTokenStatus(context, bare, node, signal)
      if (given !== 201) found.push(`after the first grant to the account the node is answered ${given}, expected 201`)
    }
    const trusted = await create('with')
    const [volume] = tokenVolumes(trusted)
    if (volume === undefined) found.push('a pod whose account has a grant has no token')
    const seconds = volume?.expirationSeconds ?? 0
    if (volume !== undefined && seconds > 86_400) found.push(`the mounted token is valid for ${seconds} s`)

    const pod = { name: 'with', uid: trusted.metadata.uid ?? '' }
    const token = await namespace.token('with', { pod }, signal)
    const before = await listConfigMaps(context, token, namespace, signal)
    if (before !== 200) found.push(`the token of a running pod is answered ${before}, expected 200`)
    await context.client.delete(pods, namespace.name, 'with', { gracePeriodSeconds: 0 }, signal)
    const after = await listConfigMaps(context, token, namespace, signal)
    if (after !== 401) found.push(`the token of a deleted pod is answered ${after}, expected 401`)
    return outcomeOf(found, `no token without a grant; with one, a bound token of ${seconds} s, refused after its pod is deleted`)
  },
}

async function listConfigMaps({ endpoint }: ProofContext, token: string, namespace: ProofNamespace, signal: AbortSignal): Promise<number> {
  await using transport = connectWith(endpoint, { token })
  return (await request(transport, { method: 'GET', path: namespace.core('configmaps') }, signal)).status
}

function tokenVolumes({ spec }: Pod): { expirationSeconds?: number }[] {
  return (spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []).flatMap(source => source?.serviceAccountToken ?? [])
}
