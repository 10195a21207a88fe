// Plans updates of the objects that configure flow control: maintains the bootstrap ones, and marks FlowSchemas whose level does not exist.
import { isDeepStrictEqual } from 'node:util'
import type { FlowSchema, FlowSchemaCondition, PriorityLevelConfiguration } from '../../api/types/flowcontrol-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { writeJson } from '../../base/write-json.ts'
import { autoupdateSpecAnnotation } from './bootstrap-objects.ts'

type FlowObject = FlowSchema | PriorityLevelConfiguration

export type KeepPlan<T> = { readonly action: 'none' } | { readonly action: 'create' | 'update'; readonly object: T }

/**
 * With the annotation "false", administrators keep their own spec, except for mandatory objects. Without the annotation, an object that was
 * changed (generation above 1) is theirs too. As in upstream's maintenance of bootstrap configuration.
 */
export function planKept<T extends FlowObject>(existing: T | undefined, expected: T, mandatory: boolean): KeepPlan<T> {
  if (existing === undefined) return { action: 'create', object: structuredClone(expected) }
  const updates = mandatory || keepsUpToDate(existing)
  const spec = updates ? expected.spec : existing.spec
  const wanted = String(updates)
  if (existing.metadata.annotations?.[autoupdateSpecAnnotation] === wanted && isDeepStrictEqual(existing.spec, spec))
    return { action: 'none' }
  const { metadata } = existing
  const annotations = { ...metadata.annotations, [autoupdateSpecAnnotation]: wanted }
  return { action: 'update', object: structuredClone({ ...existing, metadata: { ...metadata, annotations }, spec }) }
}

function keepsUpToDate({ metadata }: FlowObject): boolean {
  const value = metadata.annotations?.[autoupdateSpecAnnotation] ?? ''
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false
  return metadata.generation === 1
}

/** Objects that another version of the server suggested, but this one does not. */
export function planForgotten<T extends FlowObject>(existing: readonly T[], expected: readonly T[]): readonly T[] {
  const names = new Set(expected.map(({ metadata }) => metadata.name))
  return existing.filter(({ metadata }) => metadata.annotations?.[autoupdateSpecAnnotation] === 'true' && !names.has(metadata.name))
}

/** The missing condition of each schema; schemas that have it are left out. `now` in milliseconds since the epoch. */
export function planDangling(
  schemas: readonly FlowSchema[],
  levels: readonly PriorityLevelConfiguration[],
  now: number,
): readonly { readonly name: string; readonly condition: FlowSchemaCondition }[] {
  const known = new Set(levels.map(({ metadata }) => metadata.name))
  return schemas.flatMap(schema => {
    const level = schema.spec.priorityLevelConfiguration.name
    const wanted = danglingOf(level, known.has(level))
    const held = schema.status?.conditions?.find(({ type }) => type === 'Dangling')
    if (held?.status === wanted.status && held?.reason === wanted.reason && held?.message === wanted.message) return []
    return [{ name: schema.metadata.name ?? '', condition: { type: 'Dangling', lastTransitionTime: formatTime(now), ...wanted } }]
  })
}

function danglingOf(level: string, exists: boolean): { status: string; reason: string; message: string } {
  const start = `This FlowSchema references the PriorityLevelConfiguration object named ${writeJson(level)}`
  if (exists) return { status: 'False', reason: 'Found', message: `${start} and it exists` }
  return { status: 'True', reason: 'NotFound', message: `${start} but there is no such object` }
}
