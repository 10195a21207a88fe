// Label and field selectors of a query as the store's selection.

import { type FieldSelection, parseFieldSelector } from '../api/field-selector.ts'
import type { KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resource.ts'
import { type LabelSelection, parseLabelSelector } from '../api/selector.ts'
import type { Entry, Selection } from '../store/store.ts'
import type { Query } from './query.ts'
import type { ServedResource } from './served-resource.ts'

/** Undefined where everything is selected. Throws a 400 for a selector that cannot be read or names an unknown field. */
export function selectionOf(query: Query, served: ServedResource): Selection | undefined {
  if (query.raw === '') return undefined
  const labelText = query.get('labelSelector') ?? ''
  const fieldText = query.get('fieldSelector') ?? ''
  if (labelText === '' && fieldText === '') return undefined
  const labels = labelText === '' ? undefined : parseLabelSelector(labelText)
  const fields = fieldText === '' ? undefined : fieldSelection(fieldText, served)
  if ((labels?.requirements.length ?? 0) + (fields?.requirements.length ?? 0) === 0) return undefined
  if (served.definition.custom !== undefined && fields !== undefined) return customSelection(served, labels, fields)
  return {
    ...(labels && labels.exact.length > 0 ? { exactLabels: labels.exact } : {}),
    ...(fields && fields.exact.length > 0 ? { exactFields: fields.exact } : {}),
    matches: entry => (labels?.matches(entry.labels) ?? true) && (fields?.matches(entry.fields) ?? true),
  }
}

/** Fields of custom resources are those of the version asked for, and change with its definition: the store does not keep them. */
function customSelection(served: ServedResource, labels: LabelSelection | undefined, fields: FieldSelection): Selection {
  const kept = new WeakMap<Entry, Readonly<Record<string, string>>>()
  const fieldsOf = (entry: Entry): Readonly<Record<string, string>> => {
    let found = kept.get(entry)
    if (found === undefined) {
      found = { ...entry.fields, ...served.definition.selectableFields?.(served.conversion ? entry.object : served.view.object(entry)) }
      kept.set(entry, found)
    }
    return found
  }
  const exactFields = fields.exact.filter(([name]) => name === nameField || name === namespaceField)
  return {
    ...(labels && labels.exact.length > 0 ? { exactLabels: labels.exact } : {}),
    ...(exactFields.length > 0 ? { exactFields } : {}),
    matches: entry => (labels?.matches(entry.labels) ?? true) && fields.matches(fieldsOf(entry)),
  }
}

function fieldSelection(text: string, { definition, conversion }: ServedResource): FieldSelection {
  const { fieldLabels, storedAs } = definition
  const own = fieldLabels === undefined ? selectableFieldNames(definition) : new Set(Object.keys(fieldLabels))
  // Of a version that a webhook makes nothing is known before it is asked.
  const names = conversion !== undefined && storedAs !== undefined ? noNames : own
  const ownFields = definition.selectableFields !== undefined
  return parseFieldSelector(text, {
    // Kinds with fields of their own that have no namespace do not know of one.
    isSupported: field => names.has(field) || field === nameField || (field === namespaceField && (definition.namespaced || !ownFields)),
    unknown: field => definition.unknownFieldLabel?.(field) ?? (ownFields ? `field label not supported: ${field}` : unknownField(field)),
    stored: field => fieldLabels?.[field] ?? field,
  })
}

const nameField = 'metadata.name'
const namespaceField = 'metadata.namespace'

/** Of kinds whose metadata alone can be selected by. */
function unknownField(field: string): string {
  return `${JSON.stringify(field)} is not a known field selector: only "${nameField}", "${namespaceField}"`
}

const noNames: ReadonlySet<string> = new Set()
const namesByDefinition = new WeakMap<ResourceDefinition, ReadonlySet<string>>()

/** The fields that a kind's selectors may name: those that it gives for any object, here for one without content. */
export function selectableFieldNames(definition: ResourceDefinition): ReadonlySet<string> {
  let names = namesByDefinition.get(definition)
  if (names === undefined) {
    names = new Set(Object.keys(definition.selectableFields?.(emptyObject()) ?? {}))
    namesByDefinition.set(definition, names)
  }
  return names
}

/** Has the members that decoding always fills in, as selectable fields may read them. */
function emptyObject(): KubeObject {
  return { metadata: {}, ...{ spec: {}, status: {}, involvedObject: {}, regarding: {}, source: {} } }
}
