// The annotation in which client-side `kubectl apply` stores its last configuration.
import { parseExactJson } from '../../../base/exact-json.ts'
import type { KubeObject } from '../../object.ts'
import { isRecord } from '../../schema/compile.ts'
import { goMapJson } from '../../schema/go-json.ts'
import { added, compare, modified, pathsOf, removed } from './compare.ts'
import { difference, emptySet, type FieldSet } from './field-set.ts'
import { fieldsOf } from './fields-of.ts'
import type { FieldWrite } from './track-update.ts'
import { typedProblems } from './typed-problems.ts'

const annotation = 'kubectl.kubernetes.io/last-applied-configuration'

/** The annotation's fields that still have the applied value; empty if it is unusable. */
export function lastAppliedFields(
  live: KubeObject,
  { apiVersion, shape, type }: Pick<FieldWrite, 'apiVersion' | 'shape' | 'type'>,
): FieldSet {
  const config = parsed(live.metadata.annotations?.[annotation])
  if (config?.['apiVersion'] !== apiVersion || !config['kind']) return emptySet
  // As upstream, also if the object has several items of one name.
  if (type !== undefined && [config, live].some(value => typedProblems(value, type).length > 0)) return emptySet
  return difference(fieldsOf(config, shape), pathsOf(compare(config, live, shape), added | modified | removed))
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  if (!text) return undefined
  try {
    const value: unknown = parseExactJson(text)
    return isRecord(value) ? value : undefined
  } catch (err) {
    // Users can write anything there; invalid content allows nothing.
    if (err instanceof SyntaxError) return undefined
    throw err
  }
}

/** Updates an existing annotation to the applied configuration, so that a later client-side `kubectl apply` sees it. */
export function renewLastApplied(object: Record<string, unknown>, config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
  const annotations = isRecord(metadata['annotations']) ? metadata['annotations'] : {}
  if (!annotations[annotation]) return object
  const text = `${goMapJson(withoutAnnotation(config))}\n`
  return { ...object, metadata: { ...metadata, annotations: { ...annotations, [annotation]: text } } }
}

function withoutAnnotation(config: Readonly<Record<string, unknown>>): unknown {
  const metadata = isRecord(config['metadata']) ? config['metadata'] : {}
  if (!isRecord(metadata['annotations'])) return config
  const { [annotation]: _last, ...annotations } = metadata['annotations']
  return { ...config, metadata: { ...metadata, annotations } }
}
