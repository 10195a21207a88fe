// Tables: objects as the rows that `kubectl get` prints.
import type { KubeObject } from '../../api/object.ts'
import type { Column, ResourceDefinition } from '../../api/resources/resource.ts'
import { nameColumn } from '../../api/resources/standard-columns.ts'
import type { MetaVersion } from '../request/negotiate.ts'
import { partialObject } from './partial-object.ts'

export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: MetaVersion
  readonly metadata: TableMeta
  readonly columnDefinitions: readonly object[]
  /** Null if a kind without its own columns has no objects. */
  readonly rows: readonly TableRow[] | null
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

/** Columns of kinds that declare none, as in upstream's default converter. */
const defaultColumns: readonly Column<KubeObject>[] = [
  nameColumn,
  { name: 'Created At', type: 'date', cell: object => object.metadata.creationTimestamp ?? '' },
]

const columnTexts: Readonly<Record<string, string>> = {
  Name: 'Name must be unique within a namespace. Is required when creating resources.',
  Age: 'CreationTimestamp is a timestamp representing the server time when this object was created.',
  'Created At': 'CreationTimestamp is a timestamp representing the server time when this object was created.',
}

/** Shared by the Tables of one response. */
export interface TablePrinter {
  readonly columnDefinitions: readonly object[]
  /** The rows of an empty Table. */
  readonly noRows: Table['rows']
  rowOf(object: KubeObject): TableRow
}

/** The part of a kind that a Table needs. */
export type Printed = Pick<ResourceDefinition, 'columns' | 'rows'>

/**
 * Limits of the values that columns of a custom kind may visit, per row and per response, beside some for each row: paths of several columns
 * multiply with the objects of a list. Cells beyond the limit are empty.
 */
export const visitsOfRow = 100_000
export const visitsOfAnswer = 1_000_000
export const visitsForRow = 1_000

/** `includeObject` is None or Object; anything else means Metadata. */
export function tablePrinter(printed: Printed, includeObject: string | undefined, now: number, apiVersion: MetaVersion): TablePrinter {
  const include = includedObject(includeObject, apiVersion)
  const byDefault = printed.columns.length === 0
  const budget = { left: visitsOfAnswer }
  const columns = byDefault ? defaultColumns : printed.columns
  return {
    columnDefinitions: columns
      .filter(({ undeclared }) => undeclared !== true)
      .map(({ name, type, format = '', description = columnTexts[name] ?? '', priority = 0 }) => ({
        name,
        type,
        format,
        description,
        priority,
      })),
    noRows: byDefault ? null : [],
    rowOf(object) {
      const conditions = printed.rows?.conditions?.(object) ?? []
      const given = Math.min(visitsOfRow, budget.left)
      const row = { left: given }
      const cells = columns.map(column => column.cell(object, now, row))
      budget.left = Math.max(0, budget.left - (given - row.left)) + visitsForRow
      return { cells, ...(conditions.length === 0 ? {} : { conditions }), object: include(object) }
    },
  }
}

export function tableOf(
  printed: Printed,
  objects: readonly KubeObject[],
  includeObject: string | undefined,
  now: number,
  metadata: TableMeta,
  apiVersion: MetaVersion,
): Table {
  const { columnDefinitions, noRows, rowOf } = tablePrinter(printed, includeObject, now, apiVersion)
  return { kind: 'Table', apiVersion, metadata, columnDefinitions, rows: objects.length === 0 ? noRows : objects.map(rowOf) }
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
