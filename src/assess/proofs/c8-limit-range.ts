import { containersOf } from '../../api/pods/containers-of.ts'
import { defaultsAnnotation } from '../../api/resources/bulkhead/cluster-defaults.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { parseJson } from '../../base/json.ts'
import { namespaces, pods } from '../../client/resources.ts'
import { claimBounds, containerBounds, podBounds, ratioBounds } from '../attacks/limit-range/bounds.ts'
import { fillIn } from '../attacks/limit-range/filled-in.ts'
import { readKernel } from '../attacks/limit-range/kernel.ts'
import { tryBounds, tryChangedBounds } from '../attacks/limit-range/try-bounds.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { ProofNamespace, proofNamespacePrefix } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { succeeded } from '../request.ts'

const bounds = ['cpu', 'memory'] as const
const container = (name: string, more: object = {}) => ({
  ...{ name, image: 'example.invalid/app' },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
  ...more,
})

export const limitRange: Proof = {
  id: 'C8',
  title: 'LimitRange',
  why: 'A container without a limit can take the memory of others until the kernel kills one of them',
  attack:
    'Create a pod whose containers have no requests and no limits; go beyond each minimum, maximum and ratio of a LimitRange alone; read the cgroups of containers from within',
  expected:
    'Each container, and of every pod in namespaces with defaults, has requests and limits, and the kernel holds it to them; beyond a bound nothing is accepted, at the bound it is',
  whenRed:
    'See whether LimitRanger or NamespaceDefaults were switched off (`bulkhead status`), and give the namespaces that it names their defaults',
  async prove(context, signal) {
    const { attempts, transport } = context
    await using stack = new AsyncDisposableStack()
    const make = async () => stack.use(await ProofNamespace.create(context, 'C8', signal))
    const namespace = await make()
    await namespace.account('c8', signal)
    const spec = harmlessSpec({
      serviceAccountName: 'c8',
      containers: [container('a'), container('b')],
      initContainers: [container('first'), container('side', { restartPolicy: 'Always' })],
    })
    const question = { method: 'POST', path: namespace.core('pods'), body: podObject('c8', spec) } as const
    const answer = await attempts.accepted('pod whose containers state nothing', transport, question, signal)
    const made = succeeded(answer) ? [parseJson(answer.text) as Pod] : []
    const { all, covered } = await coveredPods(context, signal)
    const found = [...made, ...all].flatMap(open)

    for (const room of [containerBounds, ratioBounds, podBounds]) await tryBounds(context, await make(), room, signal)
    const ofClaims = await make()
    await tryBounds(context, ofClaims, claimBounds, signal)
    await tryChangedBounds(context, ofClaims, signal)
    const filled = await make()
    await fillIn(context, filled, signal)
    const read = await readKernel(context, filled, signal)
    const kernel = read.length === 0 ? 'no real node: no cgroup to read' : `cgroups read on node ${read.join(', ')}`
    return outcomeOf(
      [...new Set(found)],
      `${made.flatMap(pod => containersOf(pod.spec)).length} containers without values got limits; ${all.length} pods in ${covered} namespaces, no container without limits; ${attempts.all.length} attempts at and beyond bounds; ${kernel}`,
    )
  },
}

/** The pods of namespaces that have defaults. Those of other proofs may have removed theirs. */
async function coveredPods(
  { client }: ProofContext,
  signal: AbortSignal,
): Promise<{ readonly all: readonly Pod[]; readonly covered: number }> {
  const covered = new Set(
    (await client.listAll(namespaces, {}, signal))
      .filter(({ metadata }) => metadata.annotations?.[defaultsAnnotation] === 'applied')
      .map(({ metadata }) => metadata.name ?? '')
      .filter(name => !name.startsWith(proofNamespacePrefix)),
  )
  const all = (await client.listAll(pods, {}, signal)).filter(({ metadata }) => covered.has(metadata.namespace ?? ''))
  return { all, covered: covered.size }
}

function open({ metadata, spec }: Pod): string[] {
  const regular = [...spec.containers, ...(spec.initContainers ?? [])]
  return regular.flatMap(({ name, resources }) =>
    bounds
      .filter(bound => resources?.limits?.[bound] === undefined || resources.requests?.[bound] === undefined)
      .map(bound => `container "${name}" of pod "${metadata.namespace}/${metadata.name}" has no limit or request for ${bound}`),
  )
}
