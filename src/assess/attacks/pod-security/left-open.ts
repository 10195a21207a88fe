// What a pod leaves open at `restricted` must not stay open: it is filled in, in each kind of container.

import type { Container, Pod, PodSpec } from '../../../api/types/core-v1.ts'
import { parseJson } from '../../../base/json.ts'
import type { ProofContext } from '../../proof.ts'
import { smallResources } from '../../proof-pods.ts'
import { type Answer, strategicPatch, succeeded } from '../../request.ts'
import { type LevelledNamespace, podBody } from './levelled-namespace.ts'
import { ephemeralWith, specWith } from './pod-of-breach.ts'
import { target } from './pods.ts'

const open: Partial<Container> = { securityContext: {} }
const bare = { name: 'main', image: 'example.invalid/app', resources: smallResources, ...open }

export async function leftOpen(context: ProofContext, { namespace }: LevelledNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  const spec: PodSpec = {
    ...specWith({ securityContext: { seccompProfile: undefined } }),
    containers: [bare],
    initContainers: [
      { ...bare, name: 'init' },
      { ...bare, name: 'sidecar', restartPolicy: 'Always' },
    ],
  }
  const path = namespace.core('pods?dryRun=All')
  const pod = await attempts.accepted(
    'pod that leaves the rules of restricted open',
    transport,
    { method: 'POST', path, body: podBody('c3', { spec }) },
    signal,
  )
  const ephemeral = await attempts.accepted(
    'ephemeral container that leaves the rules of restricted open',
    transport,
    {
      ...{ method: 'PATCH', path: namespace.core(`pods/${target.name}/ephemeralcontainers?dryRun=All`), contentType: strategicPatch },
      body: { spec: { ephemeralContainers: [{ ...ephemeralWith('first', {}), ...open }] } },
    },
    signal,
  )
  const found = [...stillOpen(pod), ...stillOpen(ephemeral)]
  attempts.record({
    name: 'what a pod leaves open is filled in',
    sent: `POST ${path}`,
    expected: 'every container has what restricted requires',
    answered: found.length === 0 ? 'every container has it' : found.join(', '),
    held: found.length === 0,
  })
}

/** The fields of an admitted pod that `restricted` requires and that it does not have. */
function stillOpen(answer: Answer): string[] {
  // A refusal is an attempt that has not held.
  if (!succeeded(answer)) return []
  const { spec } = parseJson(answer.text) as Pod
  const all = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]
  return all.flatMap(({ name, securityContext = {} }) => [
    ...(securityContext.allowPrivilegeEscalation === false ? [] : [`container "${name}" may escalate privileges`]),
    ...(securityContext.capabilities?.drop?.includes('ALL') ? [] : [`container "${name}" keeps capabilities`]),
    ...((securityContext.seccompProfile ?? spec.securityContext?.seccompProfile)?.type === 'RuntimeDefault'
      ? []
      : [`container "${name}" has no seccomp profile`]),
  ])
}
