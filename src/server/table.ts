// Objects as the rows that `kubectl get` prints.
import type { KubeObject } from '../api/object.ts'
import type { Column, ResourceDefinition } from '../api/resource.ts'
import type { MetaVersion } from './negotiate.ts'
import { partialObject } from './partial-object.ts'

export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: MetaVersion
  readonly metadata: TableMeta
  readonly columnDefinitions: readonly object[]
  readonly rows: readonly TableRow[]
}

export interface TableMeta {
  readonly resourceVersion?: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

export interface TableRow {
  readonly cells: readonly unknown[]
  readonly conditions?: readonly object[]
  readonly object: unknown
}

/** The columns of a kind that declares none, as upstream's default converter has them. */
const defaultColumns: readonly Column<KubeObject>[] = [
  { name: 'Name', type: 'string', format: 'name', cell: object => object.metadata.name ?? '' },
  { name: 'Created At', type: 'date', cell: object => object.metadata.creationTimestamp ?? '' },
]

const columnTexts: Readonly<Record<string, string>> = {
  Name: 'Name must be unique within a namespace. Is required when creating resources.',
  Age: 'CreationTimestamp is a timestamp representing the server time when this object was created.',
  'Created At': 'CreationTimestamp is a timestamp representing the server time when this object was created.',
}

/** `includeObject` is None, Object or, where it is anything else, Metadata. */
export function tableOf(
  definition: Pick<ResourceDefinition, 'columns' | 'rowConditions'>,
  objects: readonly KubeObject[],
  includeObject: string | undefined,
  now: number,
  metadata: TableMeta,
  apiVersion: MetaVersion,
): Table {
  const include = includedObject(includeObject, apiVersion)
  const columns = definition.columns.length === 0 ? defaultColumns : definition.columns
  return {
    kind: 'Table',
    apiVersion,
    metadata,
    columnDefinitions: columns.map(column => ({
      name: column.name,
      type: column.type,
      format: column.format ?? '',
      description: column.description ?? columnTexts[column.name] ?? '',
      priority: column.priority ?? 0,
    })),
    rows: objects.map(object => {
      const conditions = definition.rowConditions?.(object) ?? []
      const cells = columns.map(column => column.cell(object, now))
      return { cells, ...(conditions.length === 0 ? {} : { conditions }), object: include(object) }
    }),
  }
}

function includedObject(value: string | undefined, apiVersion: MetaVersion): (object: KubeObject) => unknown {
  switch (value) {
    case 'Object':
      return object => object
    case 'None':
      return () => null
    default:
      return object => partialObject(object, apiVersion)
  }
}
