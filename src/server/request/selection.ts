// Converts label and field selectors of a query to the store's selection.

import type { KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { type FieldSelection, parseFieldSelector } from '../../api/selectors/field-selector.ts'
import { type LabelSelection, parseLabelSelector } from '../../api/selectors/selector.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Entry, Selection } from '../../store/store.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import type { Query } from './query.ts'

export interface RequestSelection {
  /** Undefined if everything is selected. */
  readonly stored?: Selection
  /** The part that the store cannot evaluate: applied to entries in the requested version. */
  readonly viewed?: (entry: Entry) => boolean
}

const everything: RequestSelection = {}

/** Clients repeat their selectors, so short ones are cached. Long ones are rare and would fill the cache. */
const known = new BoundedCache<LabelSelection>(1000)
const maxKnownLength = 256

function labelSelection(text: string): LabelSelection {
  const found = known.get(text)
  if (found !== undefined) return found
  const selection = parseLabelSelector(text)
  if (text.length <= maxKnownLength) known.set(text, selection)
  return selection
}

/** Throws a 400 for a malformed selector or an unknown field. */
export function selectionOf(query: Query, served: ServedResource): RequestSelection {
  if (query.raw === '') return everything
  const labelText = query.get('labelSelector') ?? ''
  const fieldText = query.get('fieldSelector') ?? ''
  if (labelText === '' && fieldText === '') return everything
  const labels = labelText === '' ? undefined : labelSelection(labelText)
  const fields = fieldText === '' ? undefined : fieldSelection(fieldText, served)
  if ((labels?.requirements.length ?? 0) + (fields?.requirements.length ?? 0) === 0) return everything
  const { definition } = served
  if (definition.custom !== undefined && fields?.requirements.some(({ field }) => !isMetadata(field)))
    return customSelection(served, labels, fields)
  return {
    stored: {
      ...(labels && labels.exact.length > 0 ? { exactLabels: labels.exact } : {}),
      ...(fields && fields.exact.length > 0 ? { exactFields: fields.exact } : {}),
      matches: entry => (labels?.matches(entry.labels) ?? true) && (fields?.matches(entry.fields) ?? true),
    },
  }
}

/** Selectable fields of custom resources depend on the requested version and change with the definition, so the store does not index them. */
function customSelection(served: ServedResource, labels: LabelSelection | undefined, fields: FieldSelection): RequestSelection {
  const kept = new WeakMap<Entry, Readonly<Record<string, string>>>()
  const fieldsOf = (entry: Entry): Readonly<Record<string, string>> => {
    let found = kept.get(entry)
    if (found === undefined) {
      found = { ...entry.fields, ...served.definition.fieldSelectors?.values?.(served.view.object(entry)) }
      kept.set(entry, found)
    }
    return found
  }
  const exactFields = fields.exact.filter(([name]) => isMetadata(name))
  const exact = {
    ...(labels && labels.exact.length > 0 ? { exactLabels: labels.exact } : {}),
    ...(exactFields.length > 0 ? { exactFields } : {}),
  }
  const byLabels = (entry: Entry) => labels?.matches(entry.labels) ?? true
  const byFields = (entry: Entry) => fields.matches(fieldsOf(entry))
  if (served.conversion === undefined) return { stored: { ...exact, matches: entry => byLabels(entry) && byFields(entry) } }
  // The result of a conversion webhook is not known in advance. Requirements that the store can evaluate are still given to it, because its index is only a hint.
  const byMetadata = (entry: Entry) => exactFields.every(([name, value]) => entry.fields[name] === value)
  return { stored: { ...exact, matches: entry => byLabels(entry) && byMetadata(entry) }, viewed: byFields }
}

function fieldSelection(text: string, { definition }: ServedResource): FieldSelection {
  const own = definition.fieldSelectors
  const names = own?.names === undefined ? selectableFieldNames(definition) : new Set(Object.keys(own.names))
  const ownFields = own?.values !== undefined
  return parseFieldSelector(text, {
    // Cluster-scoped kinds with their own fields have no metadata.namespace.
    isSupported: field => names.has(field) || field === nameField || (field === namespaceField && (definition.namespaced || !ownFields)),
    unknown: field => own?.unknown?.(field) ?? (ownFields ? `field label not supported: ${field}` : unknownField(field)),
    stored: field => own?.names?.[field] ?? field,
  })
}

const nameField = 'metadata.name'
const namespaceField = 'metadata.namespace'
const isMetadata = (field: string): boolean => field === nameField || field === namespaceField

/** For kinds without their own selectable fields. */
function unknownField(field: string): string {
  return `${writeJson(field)} is not a known field selector: only "${nameField}", "${namespaceField}"`
}

const namesByDefinition = new WeakMap<ResourceDefinition, ReadonlySet<string>>()

/** The selectable fields of a kind, taken from an empty object. */
function selectableFieldNames(definition: ResourceDefinition): ReadonlySet<string> {
  let names = namesByDefinition.get(definition)
  if (names === undefined) {
    names = new Set(Object.keys(definition.fieldSelectors?.values?.(emptyObject()) ?? {}))
    namesByDefinition.set(definition, names)
  }
  return names
}

/** Has the members that decoding always sets, because selectable fields may read them. */
function emptyObject(): KubeObject {
  return { metadata: {}, ...{ spec: {}, status: {}, involvedObject: {}, regarding: {}, source: {} } }
}
