// The pods of the attacks: a harmless one, changed by nothing but the fields of one attack.
import type { PodSpec } from '../../../api/types/core-v1.ts'
import { harmlessSpec } from '../../proof-pods.ts'
import type { ContainerBreach, Fields, Place, PodBreach } from './breach.ts'

export interface BreachedPod {
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec: PodSpec
  /** The field that a refusal must name; it may have a prefix. */
  readonly field: string
}

export const places: readonly Place[] = ['regular', 'init', 'sidecar', 'ephemeral']

type Choice = 'bad' | 'good'

const [harmless] = harmlessSpec().containers

/** A harmless container with these fields. */
function containerWith(name: string, fields: Fields): Fields {
  const securityContext = { ...harmless?.securityContext, ...fieldsOf(fields['securityContext']) }
  return { ...harmless, name, ...fields, securityContext }
}

/** A harmless ephemeral container with these fields; it may have no resources. */
export function ephemeralWith(name: string, fields: Fields): Fields {
  const { resources: _, ...without } = containerWith(name, fields)
  return without
}

/**
 * With a breach in the second container of its kind: a rule that looks at the first alone must not pass. Ephemeral containers are added to
 * a stored pod, and have none.
 */
export function podOfContainerBreach(breach: ContainerBreach, place: Exclude<Place, 'ephemeral'>, choice: Choice): BreachedPod {
  const fields = breach[choice]
  const other = breach.everywhere === true ? fields : {}
  const restart = place === 'sidecar' ? { restartPolicy: 'Always' } : {}
  const second = { ...containerWith('second', fields), ...restart }
  const lists =
    place === 'regular'
      ? { containers: [containerWith('main', other), second] }
      : { containers: [containerWith('main', other)], initContainers: [containerWith('first', other), second] }
  const list = place === 'regular' ? 'containers' : 'initContainers'
  return { spec: specWith({ ...lists, ...breach.pod, ...(choice === 'bad' ? breach.badPod : {}) }), field: `${list}[1].${breach.field}` }
}

export function podOfPodBreach(breach: PodBreach, choice: Choice): BreachedPod {
  const { badAnnotations, field, pod } = breach
  const spec = specWith({ ...pod, ...(choice === 'bad' ? breach.badPod : {}), ...breach[choice] })
  return { spec, field, ...(choice === 'bad' && badAnnotations !== undefined ? { annotations: badAnnotations } : {}) }
}

/** A harmless pod with these fields. */
export function specWith(fields: Fields): PodSpec {
  const base = harmlessSpec()
  const securityContext = { ...base.securityContext, ...fieldsOf(fields['securityContext']) }
  return Object.assign({}, base, fields, { securityContext })
}

const fieldsOf = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})
