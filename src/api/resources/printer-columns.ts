// The printer columns of a CustomResourceDefinition, for `kubectl get`.

import { findByPath, maxVisits, type Visits } from '../custom-resources/find-by-path.ts'
import { Float, type JsonPath, parseJsonPath } from '../custom-resources/json-path.ts'
import { parseTime } from '../go-text/go-time.ts'
import type { KubeObject } from '../object.ts'
import { goFloat, goMapJson, goNumber } from '../schema/go-json.ts'
import type { CustomResourceColumnDefinition } from '../types/apiextensions-v1.ts'
import { translateTimestampSince } from './printing.ts'
import type { Column } from './resource.ts'
import { nameColumn } from './standard-columns.ts'

const age: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations.',
  jsonPath: '.metadata.creationTimestamp',
}

/** Without columns of its own, a kind shows its age. As upstream, a column with an invalid path leaves only the name. */
export function printerColumns(columns: readonly CustomResourceColumnDefinition[] = []): Column<KubeObject>[] {
  const made: Column<KubeObject>[] = [nameColumn]
  for (const column of columns.length === 0 ? [age] : columns) {
    const path = parseJsonPath(column.jsonPath)
    if (path === undefined) return made
    made.push(printerColumn(column, path))
  }
  return made
}

function printerColumn(
  { name, type, format, priority, description, jsonPath }: CustomResourceColumnDefinition,
  path: JsonPath,
): Column<KubeObject> {
  return {
    name,
    type: isColumnType(type) ? type : 'string',
    ...(format ? { format } : {}),
    ...(priority ? { priority } : {}),
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    cell(object, now, visits = { left: maxVisits }) {
      const [found] = findByPath(object, path, visits)
      visit(found, visits)
      return visits.left < 0 ? null : cellOf(found, type, now)
    },
  }
}

/** Counts the work of printing a value against the budget: many columns may each print all of many objects. */
function visit(value: unknown, visits: Visits): void {
  visits.left -= typeof value === 'string' ? 1 + (value.length >> 4) : 1
  if (typeof value !== 'object' || value === null) return
  for (const name in value) {
    if (visits.left < 0) return
    visits.left -= name.length >> 4
    visit((value as Record<string, unknown>)[name], visits)
  }
}

const columnTypes = ['string', 'integer', 'number', 'boolean', 'date'] as const
const isColumnType = (type: string): type is (typeof columnTypes)[number] => (columnTypes as readonly string[]).includes(type)

/** The first of several results is shown. An integer literal of the path is no JSON number, and only prints as text. */
function cellOf(found: unknown, type: string, now: number): string | number | boolean | null {
  if (found === undefined) return null
  const value = found instanceof Float ? found.value : found
  switch (type) {
    case 'string':
      return textOf(found)
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? dateCell(value, now) : null
    default:
      return null
  }
}

/** The form of Go's templates. */
function textOf(value: unknown): string {
  if (value === null) return '<no value>'
  if (value instanceof Float) return goFloat(value.value)
  if (typeof value === 'object') return goMapJson(value)
  return typeof value === 'number' ? goNumber(value) : String(value)
}

/** Upstream parses the time like one in a query, in which two texts mean none. */
function dateCell(value: string, now: number): string {
  if (value === '' || value === 'null') return translateTimestampSince(undefined, now)
  return parseTime(value).ok ? translateTimestampSince(value, now) : '<invalid>'
}
