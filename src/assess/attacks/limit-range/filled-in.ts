// What a LimitRange fills in, in each kind of container, and what the kernel of a real node makes of it.
import type { Container, Pod, ResourceList } from '../../../api/types/core-v1.ts'
import { parseJson } from '../../../base/json.ts'
import { billionths } from '../../oracles/quantity.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { succeeded } from '../../request.ts'
import { limitAccount } from './bounds.ts'
import { type Defaulted, defaulted, defaultedItem } from './defaults.ts'
import { replaceLimits } from './try-bounds.ts'

/** The namespace must be new. It has the LimitRange of `defaulted` afterwards. */
export async function fillIn(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  await replaceLimits(context, namespace, [defaultedItem], signal)
  await namespace.account(limitAccount, signal)
  const [template] = harmlessSpec().containers
  const containers = defaulted.map(({ name, stated }): Container => Object.assign({}, template, { name, resources: stated }))
  const lists = {
    containers: containers.map(container => ({ ...container, name: `run-${container.name}` })),
    initContainers: [
      ...containers.map(container => ({ ...container, name: `init-${container.name}` })),
      ...containers.map(container => ({ ...container, name: `side-${container.name}`, restartPolicy: 'Always' })),
    ],
  }
  const body = podObject('filled', harmlessSpec({ ...lists, serviceAccountName: limitAccount }))
  const path = namespace.core('pods?dryRun=All')
  const answer = await attempts.accepted('pod that leaves values open', transport, { method: 'POST', path, body }, signal)
  if (!succeeded(answer)) return
  const { spec } = parseJson(answer.text) as Pod
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    const row = defaulted.find(({ name }) => container.name.endsWith(`-${name}`))
    if (row === undefined) continue
    const got = differences(container, row)
    attempts.record({
      name: `values of container ${container.name}`,
      sent: `POST ${path}`,
      expected: `requests ${text(row.requests)}, limits ${text(row.limits)}`,
      answered: got.length === 0 ? 'these' : got.join(', '),
      held: got.length === 0,
    })
  }
}

function differences({ resources }: Container, { requests, limits }: Defaulted): string[] {
  return [
    ...Object.entries(requests).flatMap(([name, amount]) => different(`requests.${name}`, resources?.requests?.[name], amount)),
    ...Object.entries(limits).flatMap(([name, amount]) => different(`limits.${name}`, resources?.limits?.[name], amount)),
  ]
}

const different = (name: string, got: string | undefined, wanted: string | undefined): string[] =>
  got !== undefined && wanted !== undefined && billionths(got) === billionths(wanted) ? [] : [`${name} is ${got ?? 'missing'}`]

const text = (list: ResourceList): string =>
  Object.entries(list)
    .map(([name, amount]) => `${name}=${amount}`)
    .join(' ')
