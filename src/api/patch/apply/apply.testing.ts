// Writes and applies of built-in kinds for the tests of field management.
import assert from 'node:assert/strict'
import { WorkBudget } from '../../../base/async/turns.ts'
import type { KubeObject } from '../../object.ts'
import { zeroOf } from '../../schema/compile.ts'
import { schemaFor } from '../../schema/model.ts'
import { applyConfiguration } from './apply.ts'
import { type FieldSet, pathTexts } from './field-set.ts'
import { excludingPaths } from './path-filter.ts'
import { shapeOfStruct } from './shape.ts'
import type { FieldWrite } from './track-update.ts'
import { typedProblems } from './typed-problems.ts'

export function writeOf(kind: string, manager: string, group = '', time = '2026-01-01T00:00:00Z'): FieldWrite {
  const type = schemaFor(group, 'v1', kind)
  assert.ok(type)
  const apiVersion = group === '' ? 'v1' : `${group}/v1`
  const empty = { ...zeroOf(type), metadata: {} }
  return {
    manager,
    apiVersion,
    subresource: '',
    time,
    shape: shapeOfStruct(type),
    type,
    empty,
    filter: excludingPaths(['status']),
    version: () => undefined,
    budget: new WorkBudget(Number.POSITIVE_INFINITY),
  }
}

/** Applies to an object as the server does, without decoding. */
export async function applyTo(live: KubeObject, config: Record<string, unknown>, write: FieldWrite, force = false): Promise<KubeObject> {
  const { type } = write
  const problemsOf = (value: object): string[] => (type === undefined ? [] : typedProblems(value, type, 'object'))
  const { object: applied, entries } = await applyConfiguration({ live, config, force, write, problemsOf })
  const object = structuredClone(applied) as unknown as KubeObject
  object.metadata = { ...object.metadata, uid: 'u', ...(entries ? { managedFields: entries } : {}) }
  return object
}

export const configMap = (data: Record<string, string>): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a' },
  data,
})
export const sets = (object: KubeObject): Record<string, string[]> =>
  Object.fromEntries((object.metadata.managedFields ?? []).map(entry => [entry.manager ?? '', pathTexts(entry.fieldsV1 as FieldSet)]))
export const data = (object: KubeObject): unknown => ({ ...object })['data' as keyof KubeObject]
