import { parseJson } from '../../base/json.ts'
import { namespaces } from '../../client/resources.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { ProofNamespace, proofNamespacePrefix } from '../proof-namespace.ts'
import { dangerousSpec, harmlessSpec, podObject, workloadForms } from '../proof-pods.ts'
import { connectWith, jsonPatch, mergePatch, request, succeeded } from '../request.ts'

const enforceLabel = 'pod-security.kubernetes.io/enforce'
/** Parts of the cluster may need more rights; nobody else can write to this namespace. */
const exempt = 'kube-system'
const maxNamespaces = 100

export const podSecurity: Proof = {
  id: 'C3',
  title: 'Pod Security Standards',
  why: 'A privileged pod is root on its node',
  attack:
    'Create a privileged pod in every namespace without a label, and a Deployment whose pods could never start; lower the level with all rights in the namespace',
  expected: 'The pod is refused; the Deployment is refused with a patch and passes with it; the level stays',
  whenRed:
    'See whether PodSecurity was switched off (`bulkhead status`), and remove the label `pod-security.kubernetes.io/enforce` from the namespaces that it names',
  async prove(context, signal) {
    const { client, transport } = context
    await using namespace = await ProofNamespace.create(context, 'C3', signal)
    await using lifted = await ProofNamespace.create(context, 'C3', signal, { [enforceLabel]: 'privileged' })
    const found: string[] = []
    const all = await client.listAll(namespaces, {}, signal)
    const unlabelled = all
      .filter(({ metadata }) => metadata.labels?.[enforceLabel] === undefined && metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name ?? '')
      // Namespaces of other proofs may disappear at any time.
      .filter(name => name !== exempt && !name.startsWith(proofNamespacePrefix))
      .slice(0, maxNamespaces)
    const dryRunIn = (name: string, serviceAccountName = 'default') => {
      const body = podObject('c3', { ...dangerousSpec(), serviceAccountName })
      return request(transport, { method: 'POST', path: `/api/v1/namespaces/${name}/pods?dryRun=All`, body }, signal)
    }
    const demandRefusal = async (name: string, account?: string) => {
      const { status, message } = await dryRunIn(name, account)
      if (status !== 403 || !message.includes('PodSecurity "restricted'))
        found.push(`privileged pod in namespace "${name}": answered ${status} (${message}), expected a refusal by "restricted"`)
    }
    for (const name of unlabelled) await demandRefusal(name)
    // The default account of a new namespace may not exist yet; a pod without one is refused for another reason.
    await namespace.account('c3', signal)
    await demandRefusal(namespace.name, 'c3')
    const inLifted = await dryRunIn(lifted.name)
    if (inLifted.message.includes('PodSecurity')) found.push('the label of a namespace does not change the level')

    found.push(...(await relabelled(context, namespace, signal)))

    // A typical first draft: no security context at all.
    const plain = { containers: [{ name: 'main', image: 'example.invalid/app' }] }
    const deployment = workloadForms.find(({ kind }) => kind === 'Deployment')?.object('c3', plain)
    const path = namespace.group('apps/v1', 'deployments')
    const refused = await request(transport, { method: 'POST', path: `${path}?dryRun=All`, body: deployment }, signal)
    const patch = patchIn(refused.message)
    if (refused.status !== 403) found.push(`Deployment that could start no pod: answered ${refused.status}, expected 403`)
    else if (patch === undefined) found.push('the refusal of the Deployment contains no patch')
    else {
      const harmless = workloadForms.find(({ kind }) => kind === 'Deployment')?.object('c3', harmlessSpec())
      const created = await request(transport, { method: 'POST', path, body: harmless }, signal)
      if (!succeeded(created)) found.push(`a Deployment of harmless pods is refused: ${created.message}`)
      const replaced = [{ op: 'replace', path: '/spec/template/spec', value: plain }, ...patch]
      const fixed = await request(
        transport,
        { method: 'PATCH', path: `${path}/c3?dryRun=All`, body: replaced, contentType: jsonPatch },
        signal,
      )
      if (!succeeded(fixed)) found.push(`with that patch the Deployment is still refused: ${fixed.message}`)
    }
    return outcomeOf(
      found,
      `privileged pod refused in ${unlabelled.length + 1} namespaces; Deployment refused with a patch of ${patch?.length ?? 0} steps that passes; no right within a namespace lowers its level`,
    )
  },
}

/** Whether an account with all rights in its namespace can lower the level there. */
async function relabelled({ endpoint }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<string[]> {
  await namespace.grant('c3', [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], signal)
  await using account = connectWith(endpoint, { token: await namespace.token('c3', {}, signal) })
  const body = { metadata: { labels: { [enforceLabel]: 'privileged' } } }
  const question = { method: 'PATCH', path: `/api/v1/namespaces/${namespace.name}`, body, contentType: mergePatch } as const
  const { status, message } = await request(account, question, signal)
  if (status === 403 && message.includes('may not lower Pod Security')) return []
  return [`an account with all rights in its namespace can lower the level there: answered ${status} (${message})`]
}

/** The refusal ends with the JSON patch. */
function patchIn(message: string): unknown[] | undefined {
  const [, text] = /would pass: (\[.*\])\s*$/s.exec(message) ?? []
  if (text === undefined) return undefined
  const value: unknown = parseJson(text)
  return Array.isArray(value) ? value : undefined
}
