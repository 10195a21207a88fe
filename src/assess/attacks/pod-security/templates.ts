// Each rule alone in the template of each kind of workload, by each way that writes it.

import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, type WorkloadForm, workloadForms } from '../../proof-pods.ts'
import { applyPatch, jsonPatch, mergePatch, type ProofRequest, strategicPatch } from '../../request.ts'
import { type PodAttack, representativeAttacks } from './attacks.ts'
import { create, type LevelledNamespace, type PodSecurityAttempt } from './levelled-namespace.ts'
import type { BreachedPod } from './pod-of-breach.ts'

const target = 'target'
/** The template of a Job never changes. */
const updatable = workloadForms.filter(({ kind }) => kind !== 'Job')
const dryRun = 'dryRun=All'

type Way = 'update' | 'JSON patch' | 'merge patch' | 'strategic merge patch' | 'server-side apply'
const ways: readonly Way[] = ['update', 'JSON patch', 'merge patch', 'strategic merge patch', 'server-side apply']

export async function prepareTemplates(context: ProofContext, { namespace }: LevelledNamespace, signal: AbortSignal): Promise<void> {
  for (const form of updatable) await create(context, pathOf(namespace, form), form.object(target, harmlessSpec()), signal)
}

/** The namespace has a harmless workload `target` of each kind. */
export function templates({ namespace, level }: LevelledNamespace): PodSecurityAttempt[] {
  const attacks = representativeAttacks(level)
  const created = workloadForms.flatMap(form => {
    const post = (pod: BreachedPod): ProofRequest => ({
      ...{ method: 'POST', path: `${pathOf(namespace, form)}?${dryRun}` },
      body: form.object('c3', pod.spec, pod.annotations),
    })
    return attemptsOf(attacks, post, `new ${form.kind}`)
  })
  const updated = updatable.flatMap((form, kind) =>
    ways.flatMap((way, shift) => {
      // Each kind and rule by one way, and each way with each kind.
      const own = attacks.filter((attack, index) => wayOf(attack, index + kind) === way)
      return attemptsOf(own, pod => update(namespace, form, way, pod), `${way} of a ${form.kind}`, shift)
    }),
  )
  return [...created, ...updated]
}

const wayOf = ({ patchable }: PodAttack, index: number): Way | undefined => (patchable ? ways[index % ways.length] : 'update')

function attemptsOf(attacks: readonly PodAttack[], send: (pod: BreachedPod) => ProofRequest, how: string, twins = 0): PodSecurityAttempt[] {
  const refused = attacks.map(({ name, bad, reasons }) => ({ name: `${name}, ${how}`, question: send(bad), reasons, field: bad.field }))
  const twin = attacks[twins % attacks.length]
  return twin === undefined
    ? refused
    : [...refused, { name: `twin of ${twin.name}, ${how}`, question: send(twin.twin), reasons: [], field: '' }]
}

function update(namespace: ProofNamespace, form: WorkloadForm, way: Way, { spec, annotations }: BreachedPod): ProofRequest {
  const path = `${pathOf(namespace, form)}/${target}`
  const body = form.object(target, spec, annotations)
  switch (way) {
    case 'update':
      return { method: 'PUT', path: `${path}?${dryRun}`, body }
    case 'JSON patch': {
      const key = form.kind === 'PodTemplate' ? 'template' : 'spec'
      return {
        method: 'PATCH',
        path: `${path}?${dryRun}`,
        body: [{ op: 'replace', path: `/${key}`, value: body[key] }],
        contentType: jsonPatch,
      }
    }
    case 'merge patch':
      return { method: 'PATCH', path: `${path}?${dryRun}`, body, contentType: mergePatch }
    case 'strategic merge patch':
      return { method: 'PATCH', path: `${path}?${dryRun}`, body, contentType: strategicPatch }
    case 'server-side apply':
      return { method: 'PATCH', path: `${path}?fieldManager=bulkhead-prove&force=true&${dryRun}`, body, contentType: applyPatch }
  }
}

const pathOf = (namespace: ProofNamespace, { groupVersion, plural }: WorkloadForm): string =>
  groupVersion === 'v1' ? namespace.core(plural) : namespace.group(groupVersion, plural)
