import { containersOf } from '../../api/pods/containers-of.ts'
import { defaultsAnnotation } from '../../api/resources/bulkhead/cluster-defaults.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { namespaces, pods } from '../../client/resources.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'

const bounds = ['cpu', 'memory'] as const
const container = (name: string) => ({
  ...{ name, image: 'example.invalid/app' },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
})

export const limitRange: Proof = {
  id: 'C8',
  title: 'LimitRange',
  why: 'A container without a limit can take the memory of others until the kernel kills one of them',
  attack: 'Create a pod whose containers have no requests and no limits',
  expected: 'Each of its containers, and of every pod in namespaces with defaults, has requests and limits',
  whenRed:
    'See whether LimitRanger or NamespaceDefaults were switched off (`bulkhead status`), and give the namespaces that it names their defaults',
  async prove(context, signal) {
    const { client } = context
    await using namespace = await ProofNamespace.create(context, 'C8', signal)
    await namespace.account('c8', signal)
    const spec = harmlessSpec({
      serviceAccountName: 'c8',
      containers: [container('a'), container('b')],
      initContainers: [container('first')],
    })
    const made = await client.create(pods, namespace.name, podObject('c8', spec), signal)
    const covered = (await client.listAll(namespaces, {}, signal))
      .filter(({ metadata }) => metadata.annotations?.[defaultsAnnotation] === 'applied')
      .map(({ metadata }) => metadata.name)
    const all = (await client.listAll(pods, {}, signal)).filter(({ metadata }) => covered.includes(metadata.namespace))
    const found = [made, ...all].flatMap(open)
    return outcomeOf(
      [...new Set(found)],
      `${containersOf(made.spec).length} containers without values got limits; ${all.length} pods in ${covered.length} namespaces, no container without limits`,
    )
  },
}

function open({ metadata, spec }: Pod): string[] {
  const regular = [...spec.containers, ...(spec.initContainers ?? [])]
  return regular.flatMap(({ name, resources }) =>
    bounds
      .filter(bound => resources?.limits?.[bound] === undefined || resources.requests?.[bound] === undefined)
      .map(bound => `container "${name}" of pod "${metadata.namespace}/${metadata.name}" has no limit or request for ${bound}`),
  )
}
